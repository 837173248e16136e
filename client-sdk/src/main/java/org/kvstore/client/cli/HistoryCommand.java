package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Iterator;
import java.util.concurrent.Callable;
import org.kvstore.client.Change;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv history}: lists the versions of a key. */
@Command(
    name = "history",
    description = "Prints the retained versions of a key on a line each, the newest first.",
    sortOptions = false)
final class HistoryCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key;

  @Option(names = "--limit", paramLabel = "N", description = "Print at most this many.")
  private long limit = Long.MAX_VALUE;

  @Option(names = "--json", description = "Print JSON.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // set by picocli
  HistoryCommand() {}

  @Override
  public Integer call() throws IOException {
    if (limit < 1) {
      throw kv.usage("--limit is at least 1");
    }
    PrintStream out = kv.streams().out();
    try (KeyValueClient client = kv.connect()) {
      Iterator<Change> versions = client.history(key).limit(limit).iterator();
      if (!versions.hasNext()) {
        return kv.fail(ExitCode.NOT_FOUND, "no versions of " + key + " are retained");
      }
      while (versions.hasNext()) {
        Change version = versions.next();
        out.println(
            json ? ChangeText.json(version) : version.time() + " " + ChangeText.line(version));
      }
    }
    return out.checkError() ? ExitCode.FAILURE : ExitCode.OK;
  }
}
