package org.kvstore.it.cluster;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Prints how far something is, every ten seconds until it ends. */
final class Progress implements AutoCloseable {
  private static final int SECONDS = 10;

  private final long begun = System.nanoTime();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Supplier<String> state;

  Progress(Supplier<String> state) {
    this.state = state;
  }

  void start() {
    var unused = timer.scheduleAtFixedRate(this::print, SECONDS, SECONDS, TimeUnit.SECONDS);
  }

  private void print() {
    Duration passed = Duration.ofNanos(System.nanoTime() - begun);
    System.out.printf("%s after %d s%n", state.get(), passed.toSeconds());
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
