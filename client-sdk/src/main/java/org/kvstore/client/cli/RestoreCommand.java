package org.kvstore.client.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kvstore.api.RestoredDocument;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv restore}: replaces everything by an archive. */
@Command(
    name = "restore",
    description = {
      "Replaces everything in the store by an archive of 'kv backup'.",
      "The archive is checked first, here and by the server; a bad one changes nothing.",
      "A cluster has to be empty. An archive of a cluster suits a single server, and one of that",
      "a cluster of any size."
    },
    sortOptions = false)
final class RestoreCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "FILE", description = "The archive.")
  private Path file;

  @Option(names = "--yes", description = "Yes, what is in the store now is to go.")
  private boolean yes;

  @Option(
      names = "--unencrypted",
      description = "Yes, an archive in clear is to be restored by a server that encrypts.")
  private boolean unencrypted;

  @SuppressWarnings("NullAway.Init") // set by picocli
  RestoreCommand() {}

  @Override
  public Integer call() throws IOException {
    if (!yes) {
      throw kv.usage("everything in the store would be replaced; --yes says that this is meant");
    }
    try (KeyValueClient client = kv.connect()) {
      RestoredDocument restored =
          unencrypted ? client.restoreUnencrypted(file) : client.restore(file);
      kv.streams().err().println(sentence(restored));
    }
    return ExitCode.OK;
  }

  private static String sentence(RestoredDocument restored) {
    String sentence =
        "restored revision %d of store %s, made %s"
            .formatted(restored.backupRevision(), restored.storeId(), restored.createdAt());
    return restored.revision() == 0
        ? sentence
        : sentence + "; revisions go on at " + restored.revision();
  }
}
