package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.replication.LeaseCoordinator.Holding;
import org.kvstore.server.replication.LeaseShards.Fault;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/** Leases over three shards with a replicator each; every call of a change fails once. */
@Timeout(120)
class LeaseCoordinatorTest {
  private static final long TTL = 10_000;
  private static final int SHARDS = 3;

  /** More than any change takes. */
  private static final int MOST_CALLS = 20;

  @TempDir Path directory;

  private final SetClock clock = new SetClock();
  private LeaseShards shards; // Set before each test.
  private LeaseCoordinator leases; // Set before each test.

  @BeforeEach
  void open() {
    shards = new LeaseShards(directory, SHARDS);
    leases = new LeaseCoordinator(shards.ways(), clock);
  }

  @AfterEach
  void close() {
    shards.close();
  }

  @Test
  void grant_shardsTakeTurns_butANamedRequestHasItsOwn() {
    assertThat(List.of(home(grant()), home(grant()), home(grant())))
        .containsExactlyInAnyOrder(0, 1, 2);
    RequestName name = new RequestName("name", Bytes.ofUtf8("fingerprint"));
    Command.GrantLease grant = new Command.GrantLease(TTL);
    Outcome first = done(leases.grant(grant, name));

    assertThat(done(leases.grant(grant, name))).isEqualTo(first);
  }

  @Test
  void write_onAnyShard_hangsItsKeyOnTheLease() {
    long lease = grant();

    putOnEach(lease, "k");

    Holding holding = find(lease).orElseThrow();
    assertThat(holding.keys()).extracting(Key::text).containsExactly("k0", "k1", "k2");
    assertThat(holding.lease().keys()).isEqualTo(3);
  }

  @Test
  void write_transactionOnSeveralLeases_makesABranchOfEach() {
    List<Long> ids = List.of(grant(), grant(), grant());
    Command transact =
        new Command.Transact(
            List.of(),
            List.of(put(ids.get(0), "a"), put(ids.get(1), "b"), put(ids.get(2), "c")),
            List.of());

    assertThat(done(leases.write(1, submission(transact)))).isInstanceOf(Outcome.Transacted.class);

    assertThat(ids).allSatisfy(id -> assertThat(find(id).orElseThrow().keys()).hasSize(1));
  }

  @Test
  void write_onALeaseOfAnother_isRefused_andMakesNoBranch() {
    long lease = granted(new Command.GrantLease(TTL, "ann")).id();
    Command.Put put =
        new Command.Put(
            Key.of("k"),
            Bytes.EMPTY,
            "text/plain",
            new Lifetime.OnLease(lease, "ben"),
            Condition.NONE);

    assertThat(done(leases.write(other(lease), submission(put))))
        .isEqualTo(new Outcome.NoBranch(lease, "ben"));

    assertThat(find(lease).orElseThrow().lease().branches()).isEmpty();
    assertThat(store(other(lease)).lease(lease)).isNull();
  }

  @Test
  void write_onALeaseThatIsOver_isRefused() {
    long lease = grant();
    clock.now += TTL;

    assertThat(done(leases.write(other(lease), submission(put(lease, "k")))))
        .isEqualTo(new Outcome.NoBranch(lease, null));
  }

  @ParameterizedTest
  @EnumSource
  void write_failsAtAnyCall_isDoneByTheNextAttempt(Fault fault) {
    int faults = 0;
    for (int call = 0; call < MOST_CALLS; call++) {
      long lease = grant();
      String key = "k" + call;
      shards.failAt(call, fault);
      Optional<ErrorCode> failure =
          failure(leases.write(other(lease), submission(put(lease, key))));
      boolean failed = shards.heal();
      faults += failed ? 1 : 0;
      assertThat(failure.isPresent()).isEqualTo(failed);

      write(other(lease), lease, key);
      assertThat(find(lease).orElseThrow().keys()).containsExactly(Key.of(key));
      renewInTime(lease, 3);
      assertThat(find(lease).orElseThrow().keys()).containsExactly(Key.of(key));
      revoke(lease);
      requireNoKeys();
    }
    assertThat(faults).as("calls of a first write").isEqualTo(6);
  }

  @Test
  void write_failsBeforeTheWriteItself_isCertainlyNotDone() {
    for (int call = 1; call < 5; call++) {
      long lease = grant();
      shards.failAt(call, Fault.UNANSWERED);
      assertThat(failure(leases.write(other(lease), submission(put(lease, "k")))))
          .contains(ErrorCode.UNAVAILABLE);
      shards.heal();
      assertThat(store(other(lease)).get(Key.of("k"))).isNull();
    }
  }

  @Test
  void renew_leaseWithBranches_livesOnInAllShards() {
    long lease = grant();
    putOnEach(lease, "k");

    renewInTime(lease, 5);

    assertThat(find(lease).orElseThrow().keys()).hasSize(3);
    clock.now += TTL;
    expire();
    requireNoKeys();
    assertThat(find(lease)).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void renew_failsAtAnyCall_isNotAcknowledged_andDoneByTheNextAttempt(Fault fault) {
    for (int call = 0; call < 3; call++) {
      long lease = grant();
      putOnEach(lease, "k");
      clock.now += TTL / 4;
      shards.failAt(call, fault);
      assertThat(failure(leases.renew(new Command.RenewLease(lease), null)))
          .contains(ErrorCode.INDETERMINATE);
      assertThat(shards.heal()).isTrue();

      renewInTime(lease, 3);
      assertThat(find(lease).orElseThrow().keys()).hasSize(3);
      revoke(lease);
      requireNoKeys();
    }
  }

  @Test
  void renew_whenABranchHasEndedBefore_findsNoLease_andEndsIt() {
    long lease = grant();
    putOnEach(lease, "k");
    clock.now += TTL / 2;
    shards.failAt(1, Fault.DEAD);
    assertThat(failure(leases.renew(new Command.RenewLease(lease), null))).isPresent();
    shards.heal();
    clock.now += TTL / 2;
    expire();
    assertThat(store(home(lease)).leaseKeys(lease)).hasSize(1);

    assertThat(done(leases.renew(new Command.RenewLease(lease), null))).isEqualTo(noSuchLease());

    assertThat(find(lease)).isEmpty();
    requireNoKeys();
  }

  @Test
  void renew_whenTheBranchAlreadyForgotThatItHasEnded_findsNoLeaseStill() {
    long lease = granted(new Command.GrantLease(3_600_000)).id();
    putOnEach(lease, "k");
    // A clock that is two hours ahead, for a moment.
    Engine branch = shards.engines.get(other(lease));
    branch.apply(Writes.expire(clock.now + 7_200_000, 100));
    branch.apply(Writes.expire(clock.now + 7_200_000, 100));
    assertThat(branch.store.lease(lease)).isNull();

    assertThat(done(leases.renew(new Command.RenewLease(lease), null))).isEqualTo(noSuchLease());
    requireNoKeys();
  }

  @Test
  void renew_againByTheSameName_afterItsEnd_leavesTheLeaseThatWasRenewedSince() {
    long lease = grant();
    putOnEach(lease, "k");
    RequestName name = new RequestName("name", Bytes.ofUtf8("fingerprint"));
    Outcome first = done(leases.renew(new Command.RenewLease(lease), name));
    renewInTime(lease, 3);

    assertThat(done(leases.renew(new Command.RenewLease(lease), name))).isEqualTo(first);

    assertThat(find(lease).orElseThrow().keys()).hasSize(3);
  }

  @Test
  void revoke_deletesTheKeysOfAllShards_andLeavesNothingAtHome() {
    long lease = grant();
    putOnEach(lease, "a");
    putOnEach(lease, "b");

    assertThat(revoke(lease)).isEqualTo(new Outcome.Revoked(6));

    requireNoKeys();
    assertThat(find(lease)).isEmpty();
    assertThat(store(home(lease)).lease(lease)).isNull();
    assertThat(revoke(lease)).isEqualTo(noSuchLease());
  }

  @ParameterizedTest
  @EnumSource
  void revoke_failsAtAnyCall_isFinishedByWhoLeadsTheHome(Fault fault) {
    for (int call = 0; call < 5; call++) {
      long lease = grant();
      putOnEach(lease, "k");
      shards.failAt(call, fault);
      Optional<ErrorCode> failure = failure(leases.revoke(new Command.RevokeLease(lease), null));
      assertThat(shards.heal()).isTrue();

      boolean begun = store(home(lease)).leaseKeys(lease).isEmpty();
      if (failure.isEmpty()) {
        requireNoKeys();
      }
      finishRevocations();
      if (begun) {
        requireNoKeys();
        assertThat(store(home(lease)).lease(lease)).isNull();
      } else {
        assertThat(find(lease).orElseThrow().keys()).hasSize(3);
        revoke(lease);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void revoke_failsAtAnyCall_isFinishedByTheNextAttempt(Fault fault) {
    for (int call = 0; call < 5; call++) {
      long lease = grant();
      putOnEach(lease, "k");
      shards.failAt(call, fault);
      failure(leases.revoke(new Command.RevokeLease(lease), null));
      assertThat(shards.heal()).isTrue();

      assertThat(revoke(lease))
          .isIn(
              noSuchLease(),
              new Outcome.Revoked(0),
              new Outcome.Revoked(1),
              new Outcome.Revoked(2),
              new Outcome.Revoked(3));
      requireNoKeys();
    }
  }

  @Test
  void anyLease_longAfterItsEnd_hasLeftNothing() {
    for (int call = 0; call < MOST_CALLS; call++) {
      long lease = grant();
      shards.failAt(call, Fault.DYING);
      failure(leases.write(other(lease), submission(put(lease, "k"))));
      failure(leases.renew(new Command.RenewLease(lease), null));
      failure(leases.revoke(new Command.RevokeLease(lease), null));
      shards.heal();
      clock.now += 3_600_000;
      expire();
      expire();
      for (int shard = 0; shard < SHARDS; shard++) {
        assertThat(store(shard).lease(lease)).isNull();
        assertThat(store(shard).endings(0, 10)).isEmpty();
      }
      requireNoKeys();
    }
  }

  private void finishRevocations() {
    List<Revocations> drivers = new ArrayList<>();
    for (Engine engine : shards.engines) {
      drivers.add(new Revocations(engine.store, engine.replicator::leads, leases, clock));
    }
    clock.now += 1_000;
    drivers.forEach(Revocations::run);
  }

  /** Renews it as often as it takes to outlive its first end that many times. */
  private void renewInTime(long lease, int times) {
    for (int i = 0; i < 2 * times; i++) {
      clock.now += TTL / 2;
      expire();
      assertThat(done(leases.renew(new Command.RenewLease(lease), null)))
          .isInstanceOf(Outcome.Leased.class);
    }
  }

  private void expire() {
    shards.engines.forEach(engine -> engine.apply(Writes.expire(clock.now, 1_000)));
  }

  private void requireNoKeys() {
    for (int shard = 0; shard < SHARDS; shard++) {
      assertThat(store(shard).count(KeyRange.ALL, 0).keys()).as("keys of shard %d", shard).isZero();
    }
  }

  private void putOnEach(long lease, String prefix) {
    for (int shard = 0; shard < SHARDS; shard++) {
      write(shard, lease, prefix + shard);
    }
  }

  private void write(int shard, long lease, String key) {
    assertThat(done(leases.write(shard, submission(put(lease, key)))))
        .isInstanceOf(Outcome.Written.class);
  }

  private Outcome revoke(long lease) {
    return done(leases.revoke(new Command.RevokeLease(lease), null));
  }

  private Optional<Holding> find(long lease) {
    return done(leases.find(lease));
  }

  private long grant() {
    return granted(new Command.GrantLease(TTL)).id();
  }

  private Lease granted(Command.GrantLease grant) {
    return ((Outcome.Leased) done(leases.grant(grant, null))).lease();
  }

  private Store store(int shard) {
    return shards.engines.get(shard).store;
  }

  private static int home(long lease) {
    return ShardNumber.homeOf(lease, SHARDS);
  }

  private static int other(long lease) {
    return (home(lease) + 1) % SHARDS;
  }

  private Submission submission(Command command) {
    return new Submission(command, clock.now, null);
  }

  private static Command.Put put(long lease, String key) {
    return new Command.Put(
        Key.of(key), Bytes.EMPTY, "text/plain", new Lifetime.OnLease(lease), Condition.NONE);
  }

  private static <T> T done(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  /** What a stage fails with. */
  private static Optional<ErrorCode> failure(CompletionStage<Outcome> stage) {
    try {
      done(stage);
      return Optional.empty();
    } catch (CompletionException e) {
      return Optional.ofNullable(e.getCause())
          .map(KeyValueException.class::cast)
          .map(KeyValueException::code);
    }
  }

  private static Outcome noSuchLease() {
    return new Outcome.Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);
  }
}
