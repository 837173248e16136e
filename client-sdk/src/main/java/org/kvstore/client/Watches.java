package org.kvstore.client;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Opens the watches of a client. */
final class Watches {
  private static final Duration LEAST_PAUSE = Duration.ofMillis(100);
  private static final Duration MOST_PAUSE = Duration.ofSeconds(10);

  private final Supplier<Connector> connector;

  Watches(Supplier<Connector> connector) {
    this.connector = connector;
  }

  /** Opens a watch that reads on a daemon thread of its own. */
  Watch open(WatchOptions options) {
    return open(
        options,
        reader -> {
          Thread thread = new Thread(reader, "kvstore-watch");
          thread.setDaemon(true);
          thread.start();
        });
  }

  Watch open(WatchOptions options, Executor reader) {
    Backoff backoff = new Backoff(LEAST_PAUSE, MOST_PAUSE, new Random());
    return Watch.open(connector.get().source(options), options.position(), backoff, reader);
  }
}
