package org.kvstore.server.replication;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;

/** Shards with a replicator each, and the ways to them, which can fail at a chosen call. */
final class LeaseShards implements AutoCloseable {
  final List<Engine> engines = new ArrayList<>();
  private int calls;
  private int faultyCall = -1;
  private Fault fault = Fault.LOST;

  /** What becomes of a call, and of those after it. */
  enum Fault {
    /** It never arrives. */
    LOST(false, false),

    /** Its answer never arrives. */
    UNANSWERED(true, false),

    /** Its sender is dead before. */
    DEAD(false, true),

    /** Its sender is dead afterwards. */
    DYING(true, true);

    final boolean arrives;
    final boolean lasts;

    Fault(boolean arrives, boolean lasts) {
      this.arrives = arrives;
      this.lasts = lasts;
    }
  }

  LeaseShards(Path directory, int shards) {
    for (int shard = 0; shard < shards; shard++) {
      Path place = directory.resolve("shard " + shard);
      engines.add(
          new Engine(
              Stores.create(place, new ShardNumber(shard, shards), Limits.DEFAULT),
              Limits.DEFAULT,
              new DiskSpace(directory, 0)));
    }
  }

  /** The ways to them. */
  List<LeaseShard> ways() {
    return engines.stream().<LeaseShard>map(Way::new).toList();
  }

  /** Has a call fail: the first one from now on is number 0. */
  void failAt(int call, Fault how) {
    calls = 0;
    faultyCall = call;
    fault = how;
  }

  /** Has nothing fail any more; whether something did. */
  boolean heal() {
    boolean failed = faultyCall >= 0 && calls > faultyCall;
    faultyCall = -1;
    return failed;
  }

  private boolean isLost(int call) {
    return faultyCall >= 0
        && (call == faultyCall && !fault.arrives || call > faultyCall && fault.lasts);
  }

  private static <T> CompletionStage<T> indeterminate() {
    return CompletableFuture.failedStage(
        KeyValueException.of(ErrorCode.INDETERMINATE, "No answer came."));
  }

  /** A shard that has a replica here. */
  private static LeaseShard of(Store store, Replicator replicator) {
    return new LeaseShard() {
      @Override
      public CompletionStage<Outcome> submit(Submission submission) {
        return replicator.submit(submission);
      }

      @Override
      public CompletionStage<Optional<Lease>> lease(long id) {
        return replicator.readBarrier().thenApply(any -> Optional.ofNullable(store.lease(id)));
      }

      @Override
      public CompletionStage<List<Key>> keys(long lease) {
        return replicator.readBarrier().thenApply(any -> store.leaseKeys(lease));
      }
    };
  }

  private final class Way implements LeaseShard {
    private final Engine engine;
    private final LeaseShard shard;

    Way(Engine engine) {
      this.engine = engine;
      shard = of(engine.store, engine.replicator);
    }

    @Override
    public CompletionStage<Outcome> submit(Submission submission) {
      int call = calls++;
      if (isLost(call)) {
        return indeterminate();
      }
      // Waited for, so that the calls have one order.
      Outcome outcome = engine.apply(submission);
      return call == faultyCall ? indeterminate() : CompletableFuture.completedStage(outcome);
    }

    @Override
    public CompletionStage<Optional<Lease>> lease(long id) {
      int call = calls++;
      return isLost(call) || call == faultyCall ? indeterminate() : shard.lease(id);
    }

    @Override
    public CompletionStage<List<Key>> keys(long lease) {
      int call = calls++;
      return isLost(call) || call == faultyCall ? indeterminate() : shard.keys(lease);
    }
  }

  @Override
  public void close() {
    engines.forEach(Engine::close);
  }
}
