package org.kvstore.client.cli;

import java.io.Console;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv delete}: deletes a key, or after a confirmation a range. */
@Command(
    name = "delete",
    description = "Deletes a key, or all keys with a prefix.",
    sortOptions = false)
final class DeleteCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @ArgGroup(exclusive = true, multiplicity = "1")
  private Target target;

  @Option(names = "--if-match", paramLabel = "ETAG", description = "Only if it has this ETag.")
  private @Nullable String ifMatch;

  @Option(
      names = {"-y", "--yes"},
      description = "Do not ask before deleting a range.")
  private boolean yes;

  /** What to delete. */
  static final class Target {
    @Parameters(paramLabel = "KEY", description = "The key.")
    @Nullable String key;

    @Option(
        names = "--prefix",
        paramLabel = "PREFIX",
        description = "Delete every key that starts with this; an empty one is every key.")
    @Nullable String prefix;
  }

  @SuppressWarnings("NullAway.Init") // set by picocli
  DeleteCommand() {}

  @Override
  public Integer call() throws IOException {
    String prefix = target.prefix;
    if (prefix == null) {
      return one(String.valueOf(target.key));
    }
    if (ifMatch != null) {
      throw kv.usage("--if-match goes with a KEY");
    }
    if (!yes && !isConfirmed(prefix)) {
      return kv.fail(ExitCode.USAGE, "nothing deleted; confirm with --yes");
    }
    try (KeyValueClient client = kv.connect()) {
      kv.streams().out().println(client.delete(KeyRange.prefix(prefix)) + " deleted");
    }
    return ExitCode.OK;
  }

  private int one(String key) throws IOException {
    try (KeyValueClient client = kv.connect()) {
      boolean existed = ifMatch == null ? client.delete(key) : client.delete(key, ifMatch);
      return existed ? ExitCode.OK : kv.fail(ExitCode.NOT_FOUND, "not found: " + key);
    }
  }

  private static boolean isConfirmed(String prefix) {
    Console console = System.console();
    if (console == null) {
      return false;
    }
    String what = prefix.isEmpty() ? "EVERY key" : "every key that starts with '" + prefix + "'";
    return "yes".equalsIgnoreCase(console.readLine("Delete %s? Type yes: ", what));
  }
}
