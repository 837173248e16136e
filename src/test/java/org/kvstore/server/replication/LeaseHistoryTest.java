package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/**
 * Random changes of leases over three shards, by coordinators whose commands are lost, late or
 * unanswered and whose clocks differ, while each shard lets what is over expire by a clock of its
 * own. Whatever comes, what was acknowledged holds: a lease that was renewed has every key that was
 * put on it, one that was revoked has none, then and ever after; and time takes away everything.
 *
 * <p>{@code -Dlong=true} runs a thousand seeds; {@code -Dseed=N} runs one.
 */
class LeaseHistoryTest {
  private static final int SHARDS = 3;
  private static final int STEPS = 1_500;
  private static final int SKEW = 1_500;

  @TempDir Path directory;

  private final SetClock clock = new SetClock();
  private final List<Long> leases = new ArrayList<>();
  private final Map<Long, Set<Key>> acknowledged = new HashMap<>();
  private final Map<Key, Long> put = new HashMap<>();
  private final Set<Long> revoked = new HashSet<>();
  private Random random = new Random();
  private long now = Writes.NOW;
  private int renewals;
  private int revocations;

  static LongStream seeds() {
    Long one = Long.getLong("seed");
    if (one != null) {
      return LongStream.of(one);
    }
    return LongStream.rangeClosed(1, Boolean.getBoolean("long") ? 1_000 : 8);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void whatWasAcknowledged_holds(long seed) {
    random = new Random(seed);
    try (UnreliableShards shards = new UnreliableShards(directory, SHARDS, random)) {
      shards.failures = random.nextInt(30);
      LeaseCoordinator coordinator = new LeaseCoordinator(shards.ways(), clock);
      for (int step = 0; step < STEPS; step++) {
        step(shards, coordinator);
        requireRevokedAreGone(shards.stores);
        requireBranchesEndInTime(shards.stores);
      }
      assertThat(renewals).isPositive();
      assertThat(revocations).isPositive();
      requireNothingIsLeft(shards);
    }
  }

  private void step(UnreliableShards shards, LeaseCoordinator coordinator) {
    now += random.nextInt(3) == 0 ? random.nextInt(2_000) : 0;
    clock.now = now + random.nextInt(2 * SKEW) - SKEW;
    long lease =
        leases.isEmpty() ? 0 : leases.get(leases.size() - 1 - random.nextInt(3) % leases.size());
    int kind = random.nextInt(100);
    if (kind < 5 || leases.isEmpty()) {
      grant(coordinator);
    } else if (kind < 35) {
      write(coordinator, lease, "key " + put.size());
    } else if (kind < 60) {
      renew(shards.stores, coordinator, lease);
    } else if (kind < 63) {
      revoke(coordinator, lease);
    } else if (kind < 75) {
      shards.deliverOne();
    } else if (kind < 80) {
      Store store = shards.stores.get(random.nextInt(SHARDS));
      store.endings(0, 10).forEach(ending -> coordinator.goOn(ending));
    } else {
      // Now and then by a clock that is far ahead for a moment.
      long ahead = random.nextInt(200) == 0 ? 3_600_000 : random.nextInt(2 * SKEW) - SKEW;
      expire(shards.stores.get(random.nextInt(SHARDS)), now + ahead);
    }
  }

  private void grant(LeaseCoordinator coordinator) {
    Command.GrantLease grant = new Command.GrantLease(2_000 + random.nextInt(10_000));
    if (answer(coordinator.grant(grant, null)).orElse(null) instanceof Outcome.Leased leased) {
      leases.add(leased.lease().id());
      acknowledged.put(leased.lease().id(), new HashSet<>());
    }
  }

  private void write(LeaseCoordinator coordinator, long lease, String name) {
    Key key = Key.of(name);
    put.put(key, lease);
    Command.Put command =
        new Command.Put(
            key, Bytes.EMPTY, "text/plain", new Lifetime.OnLease(lease), Condition.NONE);
    Submission submission = new Submission(command, clock.now, null);
    if (answer(coordinator.write(shard(key), submission)).orElse(null) instanceof Outcome.Written) {
      keys(lease).add(key);
    }
  }

  private void renew(List<Store> stores, LeaseCoordinator coordinator, long lease) {
    if (answer(coordinator.renew(new Command.RenewLease(lease), null)).orElse(null)
        instanceof Outcome.Leased) {
      renewals++;
      assertThat(keys(lease)).allMatch(key -> stores.get(shard(key)).get(key) != null);
    }
  }

  private void revoke(LeaseCoordinator coordinator, long lease) {
    if (answer(coordinator.revoke(new Command.RevokeLease(lease), null)).orElse(null)
        instanceof Outcome.Revoked) {
      revocations++;
      revoked.add(lease);
    }
  }

  private void requireRevokedAreGone(List<Store> stores) {
    put.forEach(
        (key, lease) -> {
          if (revoked.contains(lease)) {
            assertThat(stores.get(shard(key)).get(key)).as("%s on %d", key, lease).isNull();
          }
        });
  }

  private void requireBranchesEndInTime(List<Store> stores) {
    for (long id : leases.subList(Math.max(0, leases.size() - 3), leases.size())) {
      Lease home = stores.get(ShardNumber.homeOf(id, SHARDS)).lease(id);
      for (Store store : stores) {
        Lease here = store.lease(id);
        if (home != null && here != null && here.status() == Status.BRANCH) {
          assertThat(here.expiresAt()).isLessThanOrEqualTo(home.expiresAt());
        }
      }
    }
  }

  private void requireNothingIsLeft(UnreliableShards shards) {
    while (shards.deliverOne()) {
      // One after the other.
    }
    now += 86_400_000;
    for (Store store : shards.stores) {
      expire(store, now);
      assertThat(store.count(KeyRange.ALL, 0).keys()).isZero();
      assertThat(store.endings(0, 1)).isEmpty();
      assertThat(leases).allMatch(lease -> store.lease(lease) == null);
    }
  }

  private static void expire(Store store, long time) {
    Outcome outcome = UnreliableShards.apply(store, Writes.expire(time, 10));
    while (outcome instanceof Outcome.Expired expired && expired.more()) {
      outcome = UnreliableShards.apply(store, Writes.expire(time, 10));
    }
  }

  private Set<Key> keys(long lease) {
    return acknowledged.getOrDefault(lease, new HashSet<>());
  }

  private static int shard(Key key) {
    return Math.floorMod(key.hashCode(), SHARDS);
  }

  /** What a stage gives, if it does. */
  private static Optional<Outcome> answer(CompletionStage<Outcome> stage) {
    try {
      return Optional.of(stage.toCompletableFuture().join());
    } catch (CompletionException e) {
      @Nullable Throwable cause = e.getCause();
      assertThat(cause).isInstanceOf(KeyValueException.class);
      return Optional.empty();
    }
  }
}
