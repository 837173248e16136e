package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.IntFunction;

/** Does many things at once. */
public final class Bulk {
  private static final int IN_FLIGHT = 64;

  /** Half of what the service lets wait for its disk. */
  private static final int BYTES_IN_FLIGHT = 16 << 20;

  private Bulk() {}

  /** Puts {@code count} entries of a text each, many at a time, and expects all to be accepted. */
  public static void put(Service service, int count, IntFunction<String> key, String value)
      throws InterruptedException {
    HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    Semaphore places = new Semaphore(Math.min(IN_FLIGHT, BYTES_IN_FLIGHT / (value.length() + 1)));
    List<CompletableFuture<Integer>> statuses = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      HttpRequest put =
          HttpRequest.newBuilder(service.uri().resolve(Service.target(key.apply(i))))
              .timeout(Duration.ofMinutes(2))
              .PUT(HttpRequest.BodyPublishers.ofString(value))
              .build();
      places.acquire();
      statuses.add(
          http.sendAsync(put, HttpResponse.BodyHandlers.discarding())
              .whenComplete((response, failure) -> places.release())
              .thenApply(HttpResponse::statusCode));
    }
    assertThat(statuses.stream().map(CompletableFuture::join).distinct().toList())
        .isSubsetOf(201, 204);
  }

  /** Runs a task on many threads at once and returns what each returned. */
  public static <T> List<T> race(int threads, Callable<T> task)
      throws InterruptedException, ExecutionException {
    return race(Collections.nCopies(threads, task));
  }

  /** Runs tasks at once, each on a thread, and returns what each returned. */
  public static <T> List<T> race(List<Callable<T>> tasks)
      throws InterruptedException, ExecutionException {
    ExecutorService executor = Executors.newFixedThreadPool(tasks.size());
    try {
      List<T> results = new ArrayList<>();
      for (Future<T> future : executor.invokeAll(tasks)) {
        results.add(future.get());
      }
      return results;
    } finally {
      executor.shutdownNow();
    }
  }
}
