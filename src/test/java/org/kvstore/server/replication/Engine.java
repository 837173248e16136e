package org.kvstore.server.replication;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.TestLimits;

/** A store and its replicator, as the service makes them. */
final class Engine implements AutoCloseable {
  final Store store;
  final LocalReplicator replicator;
  private final ExecutorService answers = Executors.newSingleThreadExecutor();

  Engine(Store store, Limits limits, DiskSpace disk) {
    this.store = store;
    replicator = new LocalReplicator(store, limits, disk, Thread::new, answers);
  }

  static Engine create(Path directory) {
    return create(directory, Limits.DEFAULT);
  }

  static Engine create(Path directory, Limits limits) {
    return new Engine(Stores.create(directory), limits, new DiskSpace(directory, 0));
  }

  /** The default limits with another queue, group and wait. */
  static Limits limits(int pendingWrites, long pendingBytes, int groupWrites, Duration writeWait) {
    return TestLimits.with(
        Map.of(
            "pendingWrites",
            pendingWrites,
            "pendingBytes",
            pendingBytes,
            "groupWrites",
            groupWrites,
            "writeWait",
            writeWait));
  }

  CompletableFuture<Outcome> submit(Submission submission) {
    return replicator.submit(submission).toCompletableFuture();
  }

  Outcome apply(Submission submission) {
    return submit(submission).orTimeout(30, TimeUnit.SECONDS).join();
  }

  String valueOf(String key) {
    Entry entry = store.get(Key.of(key));
    return entry == null ? "" : entry.value().toUtf8();
  }

  @Override
  public void close() {
    replicator.close();
    store.close();
    answers.shutdown();
  }
}
