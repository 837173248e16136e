package org.kvstore.client;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * How the requests of a client are sent: to one server, each of them once; or to a cluster, again
 * and elsewhere where that is safe. A request may be run several times, so it does nothing but send
 * and read its answer; each run is given the node to send it to.
 *
 * <p>All methods throw {@link KeyValueException} and nothing else.
 */
interface Requests extends AutoCloseable {

  /** A request that changes something. */
  interface Write<T> {
    /**
     * Sends it.
     *
     * @param name its Idempotency-Key, the same in each run; null sends it without one
     */
    T send(KeyValueApi api, @Nullable String name);
  }

  /** Sends a request that changes nothing. */
  <T> T read(Function<KeyValueApi, T> request);

  /** As {@link #read}, without holding the caller's thread. */
  <T> CompletionStage<T> readAsync(Function<KeyValueApi, CompletionStage<T>> request);

  /**
   * Sends a write.
   *
   * @param name its Idempotency-Key, if the caller has given one
   */
  <T> T write(@Nullable String name, Write<T> request);

  /** As {@link #write}, without holding the caller's thread. */
  <T> CompletionStage<T> writeAsync(@Nullable String name, Write<CompletionStage<T>> request);

  /** Asks each node once at most, without a pause, until one answers. */
  <T> T once(Transport kind, Function<KeyValueApi, T> request);

  /** These with less time, for a caller that has a deadline of its own. */
  Requests within(Duration limit);

  /** These for a client that is not to close them. */
  Requests shared();

  @Override
  void close();
}
