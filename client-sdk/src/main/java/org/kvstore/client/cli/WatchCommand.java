package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueClientBuilder;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv watch}: prints changes as they happen. */
@Command(
    name = "watch",
    description = {
      "Prints each change below a prefix on a line, as it happens, until it is interrupted.",
      "It connects again by itself and misses nothing. With --timeout it ends after that time."
    },
    sortOptions = false)
final class WatchCommand implements Callable<Integer> {
  private static final Duration A_WHILE = Duration.ofHours(1);

  @ParentCommand private Kv kv;

  @Parameters(
      paramLabel = "PREFIX",
      arity = "0..1",
      defaultValue = "",
      description = "Only keys that start with this.")
  private String prefix;

  @Option(
      names = "--from",
      paramLabel = "POSITION",
      description = "Begin after this position, of a listing or of --json. Default: now.")
  private @Nullable String from;

  @Option(names = "--prev", description = "Show the earlier values too.")
  private boolean previous;

  @Option(names = "--json", description = "Print JSON, and on a line of its own each position.")
  private boolean json;

  @Option(names = "--count", paramLabel = "N", description = "End after this many changes.")
  private @Nullable Long count;

  @SuppressWarnings("NullAway.Init") // set by picocli
  WatchCommand() {}

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (count != null && count < 1) {
      throw kv.usage("--count is at least 1");
    }
    WatchOptions options = WatchOptions.prefix(prefix).from(from);
    try (KeyValueClient client = kv.connect(KeyValueClientBuilder.READ_TIMEOUT);
        Watch watch = client.watch(previous ? options.withPrevious() : options)) {
      return print(watch, kv.streams().out());
    }
  }

  private int print(Watch watch, PrintStream out) throws InterruptedException {
    Duration timeout = kv.timeout();
    long start = System.nanoTime();
    long printed = 0;
    while ((count == null || printed < count) && !out.checkError()) {
      Duration spent = Duration.ofNanos(System.nanoTime() - start);
      Duration left = timeout == null ? A_WHILE : timeout.minus(spent);
      if (left.isNegative() || left.isZero()) {
        return count == null
            ? ExitCode.OK
            : kv.fail(ExitCode.UNAVAILABLE, printed + " of " + count + " changes in time");
      }
      Optional<WatchEvent> event = watch.next(left);
      if (event.isPresent() && print(event.get(), out)) {
        printed++;
      }
    }
    return ExitCode.OK;
  }

  /** Prints an event; returns whether it is a change. */
  private boolean print(WatchEvent event, PrintStream out) {
    if (event instanceof WatchEvent.Changed changed) {
      out.println(json ? ChangeText.json(changed.change()) : ChangeText.line(changed.change()));
      return true;
    }
    if (json && event instanceof WatchEvent.Progress progress) {
      out.println(Json.write(new Position(progress.position())));
    }
    return false;
  }

  /**
   * Where to go on from.
   *
   * @param position for {@code --from}
   */
  public record Position(String position) {}
}
