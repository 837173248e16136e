package org.kvstore.client.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv compact}: gives up history. */
@Command(
    name = "compact",
    description = "Gives up history and prints the oldest revision that can be read now.",
    sortOptions = false)
final class CompactCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(
      paramLabel = "REVISION",
      arity = "0..1",
      description = "Keep what can be read from this revision on. Default: only the present.")
  private @Nullable Long revision;

  @SuppressWarnings("NullAway.Init") // set by picocli
  CompactCommand() {}

  @Override
  public Integer call() throws IOException {
    if (revision != null && revision < 1) {
      throw kv.usage("REVISION is at least 1");
    }
    try (KeyValueClient client = kv.connect()) {
      long oldest = revision == null ? client.compact() : client.compact(revision);
      kv.streams().out().println(oldest);
    }
    return ExitCode.OK;
  }
}
