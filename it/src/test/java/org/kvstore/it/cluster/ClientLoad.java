package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvstore.client.BatchOperation;
import org.kvstore.client.BatchResult;
import org.kvstore.client.Entry;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.ListOptions;
import org.kvstore.client.PatchOptions;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Value;

/**
 * What applications do with a cluster through its client as they find it, with the time-outs that
 * it has by itself, while things happen to the nodes. Each worker does one step after the other,
 * and each step says what it must find: a request that fails, is done twice, or reads what is not
 * the newest ends its worker, and the test with it.
 */
final class ClientLoad implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MORE = 10;
  private static final int BATCH = 20;
  private static final int PAUSE_MILLIS = 50;
  private static final int MOST_WORKERS = 8;
  private static final ListOptions PAGES = ListOptions.defaults().withLimit(ListOptions.MAX_LIMIT);
  private static final String ONE = "{\"by\":1}";

  private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(MOST_WORKERS);
  private final String prefix;
  private final List<KeyValueClient> clients = new ArrayList<>();
  private final List<ClientFollower> followers = new ArrayList<>();
  private final List<Worker> workers = new ArrayList<>();
  private final Worker puts;
  private final Worker batches;
  private final Worker increments;

  /**
   * Begins, with followers that are each told of one node only.
   *
   * @param nodes where the nodes are
   * @param prefix of all keys
   */
  ClientLoad(List<URI> nodes, String prefix) {
    this.prefix = prefix;
    nodes.forEach(node -> followers.add(new ClientFollower(node, watched())));
    URI[] others = nodes.subList(1, nodes.size()).toArray(URI[]::new);
    for (int i = 0; i < 4; i++) {
      clients.add(KeyValueClient.builder(nodes.get(0), others).build());
    }
    puts = begin("puts", number -> put(clients.get(0), clients.get(1), number));
    increments = begin("increments", number -> increment(clients.get(1), clients.get(2), number));
    batches = begin("batches", number -> batch(clients.get(2), number));
    begin("swaps", number -> swap(clients.get(3), number));
  }

  /** Steps of one kind, one after the other, with a pause between. */
  private final class Worker {
    private final String name;
    private final AtomicInteger done = new AtomicInteger();
    private volatile @Nullable Throwable failure;

    Worker(String name, IntConsumer step) {
      this.name = name;
      threads.scheduleWithFixedDelay(() -> work(step), 0, PAUSE_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void work(IntConsumer step) {
      try {
        step.accept(done.get());
        done.incrementAndGet();
      } catch (RuntimeException | AssertionError failed) {
        // So it is not called again.
        failure = failed;
        throw failed;
      }
    }

    void awaitMore() {
      int before = done.get();
      await(name).atMost(PATIENCE).until(() -> done.get() > before + MORE || failure != null);
      requireSound();
    }

    void requireSound() {
      if (failure != null) {
        throw new AssertionError(name + " after " + done, failure);
      }
    }
  }

  /**
   * Begins with steps of another kind.
   *
   * @param step is given their numbers, from 0
   */
  Worker begin(String name, IntConsumer step) {
    Worker worker = new Worker(name, step);
    workers.add(worker);
    return worker;
  }

  /** Waits until each worker has done more, and each follower has seen more. */
  void awaitMore() {
    workers.forEach(Worker::awaitMore);
    followers.forEach(ClientFollower::awaitMore);
  }

  /** On the condition that it is new: done twice, it would fail. Then it is read elsewhere. */
  private void put(KeyValueClient writer, KeyValueClient reader, int number) {
    String key = watched() + "put/" + number;
    writer.put(key, "v" + number, PutOptions.ifAbsent());
    assertThat(reader.get(key).map(Entry::text)).as(key).hasValue("v" + number);
  }

  /** Sent again at whatever node by another client, it is answered as before and not done. */
  private void increment(KeyValueClient one, KeyValueClient other, int number) {
    PatchOptions named = PatchOptions.increment().withIdempotencyKey(prefix + number);
    String sum = Integer.toString(number + 1);
    assertThat(one.patch(counter(prefix), ONE, named).text()).isEqualTo(sum);
    assertThat(other.patch(counter(prefix), ONE, named).text()).isEqualTo(sum);
  }

  private void batch(KeyValueClient client, int number) {
    List<BatchOperation> operations = new ArrayList<>();
    for (int i = 0; i < BATCH; i++) {
      String key = batched() + number + "/" + i;
      operations.add(BatchOperation.put(key, Value.of("v" + i), PutOptions.ifAbsent()));
    }
    try (var results = client.batch(operations.stream())) {
      assertThat(results.map(BatchResult::orThrow)).hasSize(BATCH);
    }
  }

  /** Nobody else writes the key, so nobody else may have come between. */
  private void swap(KeyValueClient client, int number) {
    String key = prefix + "swap";
    if (number == 0) {
      client.put(key, "0", PutOptions.ifAbsent());
      return;
    }
    Entry read = client.get(key).orElseThrow();
    assertThat(read.text()).isEqualTo(Integer.toString(number - 1));
    client.compareAndSet(read, Integer.toString(number));
  }

  /** The key that is counted up by a load. */
  static String counter(String prefix) {
    return prefix + "watched/count";
  }

  private String watched() {
    return prefix + "watched/";
  }

  private String batched() {
    return prefix + "batch/";
  }

  /** Ends it, and requires that each node has all of it once, and each follower has seen that. */
  void finish(List<Node> nodes) {
    stop();
    workers.forEach(Worker::requireSound);
    System.out.printf(
        "ClientLoad: %s%n", workers.stream().map(each -> each.name + " " + each.done).toList());
    for (Node node : nodes) {
      try (KeyValueClient one = node.service().client()) {
        assertThat(one.entries(KeyRange.prefix(watched() + "put/"), PAGES))
            .hasSize(puts.done.get())
            .allMatch(entry -> entry.version() == 1);
        assertThat(one.entries(KeyRange.prefix(batched()), PAGES))
            .hasSize(BATCH * batches.done.get())
            .allMatch(entry -> entry.version() == 1);
      }
    }
    List<String> keys =
        IntStream.range(0, puts.done.get()).mapToObj(i -> watched() + "put/" + i).toList();
    for (ClientFollower follower : followers) {
      follower.awaitSize(puts.done.get() + increments.done.get());
      assertThat(follower.values(counter(prefix)))
          .containsExactlyElementsOf(
              IntStream.rangeClosed(1, increments.done.get()).mapToObj(Integer::toString).toList());
      assertThat(follower.keysBut(counter(prefix))).containsExactlyInAnyOrderElementsOf(keys);
    }
  }

  /** Ends after the steps that are under way. */
  private void stop() {
    threads.shutdown();
    try {
      assertThat(threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    stop();
    followers.forEach(ClientFollower::close);
    clients.forEach(KeyValueClient::close);
  }
}
