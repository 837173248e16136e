package org.kvstore.client.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueClientBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv wait}: waits for a key and prints its value. */
@Command(
    name = "wait",
    description = {
      "Waits until a key exists, or with --etag until it changes, and prints its value.",
      "Ends with code 5 when --timeout is over; without it, waits for ever."
    },
    sortOptions = false)
final class WaitCommand implements Callable<Integer> {
  private static final Duration FOR_EVER = Duration.ofDays(36_500);

  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "KEY", description = "The key.")
  private String key;

  @Option(names = "--etag", paramLabel = "ETAG", description = "Wait until it has another ETag.")
  private @Nullable String etag;

  @SuppressWarnings("NullAway.Init") // set by picocli
  WaitCommand() {}

  @Override
  public Integer call() throws IOException {
    Duration timeout = Optional.ofNullable(kv.timeout()).orElse(FOR_EVER);
    Optional<Entry> entry;
    try (KeyValueClient client = kv.connect(KeyValueClientBuilder.READ_TIMEOUT)) {
      entry = client.await(key, etag, timeout);
    }
    if (entry.isEmpty()) {
      return kv.fail(ExitCode.UNAVAILABLE, "no change of " + key + " in time");
    }
    entry.get().value().writeTo(kv.streams().out());
    return ExitCode.OK;
  }
}
