package org.kvstore.server.replication;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
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

/** Stores of several shards, to which commands come at once, late or never, as chance has it. */
final class UnreliableShards implements AutoCloseable {
  final List<Store> stores = new ArrayList<>();
  private final Random random;
  private final List<Late> late = new ArrayList<>();

  /** How many of a hundred calls fail. */
  int failures;

  private record Late(Store store, Submission submission) {}

  UnreliableShards(Path directory, int shards, Random random) {
    this.random = random;
    for (int shard = 0; shard < shards; shard++) {
      Path place = directory.resolve("shard " + shard);
      stores.add(Stores.create(place, new ShardNumber(shard, shards), Limits.DEFAULT));
    }
  }

  /** The ways to them. */
  List<LeaseShard> ways() {
    return stores.stream().<LeaseShard>map(Way::new).toList();
  }

  static Outcome apply(Store store, Submission submission) {
    return store.apply(List.of(submission)).get(0);
  }

  /** Has one command arrive that is late; false when none is. */
  boolean deliverOne() {
    if (late.isEmpty()) {
      return false;
    }
    Late next = late.remove(random.nextInt(late.size()));
    apply(next.store, next.submission);
    return true;
  }

  private boolean fails() {
    return random.nextInt(100) < failures;
  }

  private static <T> CompletionStage<T> failed(ErrorCode code) {
    return CompletableFuture.failedStage(KeyValueException.of(code, "It failed."));
  }

  private final class Way implements LeaseShard {
    private final Store store;

    Way(Store store) {
      this.store = store;
    }

    @Override
    public CompletionStage<Outcome> submit(Submission submission) {
      if (!fails()) {
        return CompletableFuture.completedStage(apply(store, submission));
      }
      switch (random.nextInt(4)) {
        case 0 -> apply(store, submission);
        case 1, 2 -> late.add(new Late(store, submission));
        default -> {
          return failed(ErrorCode.UNAVAILABLE);
        }
      }
      return failed(ErrorCode.INDETERMINATE);
    }

    @Override
    public CompletionStage<Optional<Lease>> lease(long id) {
      return fails()
          ? failed(ErrorCode.UNAVAILABLE)
          : CompletableFuture.completedStage(Optional.ofNullable(store.lease(id)));
    }

    @Override
    public CompletionStage<List<Key>> keys(long lease) {
      return fails()
          ? failed(ErrorCode.UNAVAILABLE)
          : CompletableFuture.completedStage(store.leaseKeys(lease));
    }
  }

  @Override
  public void close() {
    stores.forEach(Store::close);
  }
}
