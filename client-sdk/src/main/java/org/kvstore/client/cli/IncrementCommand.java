package org.kvstore.client.cli;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.concurrent.Callable;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv incr}: adds to a decimal number. */
@Command(
    name = "incr",
    description = "Adds to a decimal number and prints the sum. A key that is absent counts as 0.",
    sortOptions = false)
final class IncrementCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
  private String key;

  @Parameters(
      index = "1",
      paramLabel = "BY",
      arity = "0..1",
      defaultValue = "1",
      description = "What to add. Default: ${DEFAULT-VALUE}.")
  private BigDecimal by;

  @SuppressWarnings("NullAway.Init") // set by picocli
  IncrementCommand() {}

  @Override
  public Integer call() throws IOException {
    try (KeyValueClient client = kv.connect()) {
      kv.streams().out().println(client.increment(key, by).text());
    }
    return ExitCode.OK;
  }
}
