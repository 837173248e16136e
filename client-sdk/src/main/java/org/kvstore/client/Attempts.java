package org.kvstore.client;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Runs what blocks for as long as an HTTP client lets it, for a caller who has less time. What the
 * caller does not wait for any more ends by the time-outs of the HTTP client.
 *
 * @param threads run it; beyond their number the caller does
 * @param longest how long it can take at most
 */
record Attempts(ExecutorService threads, Duration longest) implements AutoCloseable {
  private static final int MAX_THREADS = 64;
  private static final long IDLE_SECONDS = 10;

  static Attempts of(Duration longest) {
    ClassLoader application = Thread.currentThread().getContextClassLoader();
    ExecutorService threads =
        new ThreadPoolExecutor(
            0,
            MAX_THREADS,
            IDLE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> thread(task, application),
            (task, busy) -> task.run());
    return new Attempts(threads, longest);
  }

  /** A thread may be begun by one that knows nothing of the application, such as a timer's. */
  private static Thread thread(Runnable task, ClassLoader application) {
    Thread thread = new Thread(task, "kvstore-request");
    thread.setContextClassLoader(application);
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Runs a request, on the caller's thread if it ends in time anyway.
   *
   * @throws KeyValueException as the request; or what it means that it has not ended in time
   */
  <T> T within(Duration limit, Transport kind, Supplier<T> request) {
    if (longest.compareTo(limit) <= 0) {
      return kind.call(request);
    }
    CompletableFuture<T> running = CompletableFuture.supplyAsync(() -> kind.call(request), threads);
    try {
      return running.copy().orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS).join();
    } catch (CompletionException failed) {
      running.thenAccept(Attempts::discard);
      throw failure(kind, failed);
    }
  }

  /** Nobody waits for it any more, so nobody else would close it. */
  private static void discard(Object late) {
    if (late instanceof AutoCloseable open) {
      try {
        open.close();
      } catch (Exception broken) {
        // It was given up anyway.
      }
    }
  }

  /** What the end of a request means that was given a time; its own failures are typed already. */
  static RuntimeException failure(Transport kind, Throwable failed) {
    Throwable cause = failed instanceof CompletionException ? failed.getCause() : failed;
    if (cause instanceof TimeoutException) {
      return kind.failure(new TimeoutException("there was no answer in time"));
    }
    return cause instanceof RuntimeException known ? known : new CompletionException(cause);
  }

  /** Runs a task after a pause. */
  Executor after(Duration pause) {
    return CompletableFuture.delayedExecutor(pause.toNanos(), TimeUnit.NANOSECONDS, threads);
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
