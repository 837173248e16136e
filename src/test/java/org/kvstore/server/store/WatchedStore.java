package org.kvstore.server.store;

import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/** A store with its watches, as the service makes them. */
final class WatchedStore implements AutoCloseable {
  static final Watch.Query EVERYTHING = new Watch.Query(KeyRange.ALL, true, true, false);

  final Store store;
  final FaultyLog log;
  final WatchHub hub;
  private final ExecutorService executor = Executors.newFixedThreadPool(4);
  private final List<Event> committed = new ArrayList<>();

  /** Whether the hub hears of commits. */
  private volatile boolean told = true;

  private volatile @Nullable WatchHub listening;

  private WatchedStore(Path directory, Limits limits, boolean create, ThreadFactory threads) {
    store = Stores.open(directory, limits, create, this::tell);
    log = new FaultyLog(store);
    hub = new WatchHub(log, limits, threads, new WatchHub.Lanes(executor, executor, blocked -> {}));
    listening = hub;
  }

  static WatchedStore create(Path directory, Map<String, Object> limits) {
    return new WatchedStore(directory, TestLimits.with(limits), true, Thread::new);
  }

  static WatchedStore reopen(Path directory) {
    return new WatchedStore(directory, Limits.DEFAULT, false, Thread::new);
  }

  /** One whose dispatcher never runs: the test plays its part. */
  static WatchedStore withoutDispatcher(Path directory) {
    return new WatchedStore(directory, Limits.DEFAULT, true, any -> new Thread(() -> {}));
  }

  private void tell(List<Event> events) {
    synchronized (committed) {
      committed.addAll(events);
    }
    WatchHub hearing = listening;
    if (hearing != null && told) {
      hearing.committed(events);
    }
  }

  /** A commit that nobody tells of, as when it was in doubt. */
  void applyUntold(Submission... group) {
    told = false;
    apply(group);
    told = true;
  }

  /** No delivery runs any more, and each is refused, as when the service stops. */
  void shutDownLanes() {
    executor.shutdown();
    await().until(executor::isTerminated);
  }

  List<Outcome> apply(Submission... group) {
    return store.apply(List.of(group));
  }

  /** Opens a watch that takes so many sends. */
  TestSink watch(Watch.Query query, long after, int sends) {
    TestSink sink = new TestSink();
    sink.attach(hub.open(query, after, sink));
    sink.take(sends);
    return sink;
  }

  /** Why a watch is not opened. */
  ErrorCode refusal(long after) {
    TestSink sink = new TestSink();
    try {
      hub.open(EVERYTHING, after, sink);
    } catch (KeyValueException e) {
      return e.code();
    }
    throw new AssertionError("It was opened.");
  }

  /** Every event that there ever was. */
  List<Event> committed() {
    synchronized (committed) {
      return List.copyOf(committed);
    }
  }

  List<Event> committedAfter(long revision) {
    return committed().stream().filter(event -> event.revision() > revision).toList();
  }

  @Override
  public void close() {
    hub.close();
    store.close();
    executor.shutdown();
  }
}
