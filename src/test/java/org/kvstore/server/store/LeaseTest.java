package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

@Timeout(60)
class LeaseTest {
  private static final long NOW = Writes.NOW;
  private static final long TTL = 10_000;
  private static final Limits LIMITS = TestLimits.with(Map.of("leaseKeys", 3));

  @TempDir Path directory;

  private final List<Event> heard = new ArrayList<>();
  private Store store; // Set before each test.

  @BeforeEach
  void open() {
    store = Stores.open(directory, LIMITS, true, heard::addAll);
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void expire_atTheLeasesTime_deletesItsKeysInOneRevision() {
    long lease = grant();
    apply(put("b", lease), put("a", lease), Writes.put("other", "v"));
    heard.clear();

    assertThat(apply(Writes.expire(NOW + TTL, 10))).isEqualTo(new Outcome.Expired(2, false));

    assertThat(heard)
        .extracting(Event::revision, Event::previous, Event::reason, event -> event.key().text())
        .containsExactly(tuple(4L, 2L, Reason.LEASE, "a"), tuple(4L, 1L, Reason.LEASE, "b"));
    assertThat(store.lease(lease)).isNull();
  }

  @Test
  void expire_beforeTheLeasesTime_changesNothing() {
    long lease = grant();
    apply(put("a", lease));

    assertThat(store.isDue(NOW + TTL - 1)).isFalse();
    assertThat(apply(Writes.expire(NOW + TTL - 1, 10))).isEqualTo(new Outcome.Expired(0, false));
    assertThat(store.isDue(NOW + TTL)).isTrue();
  }

  @Test
  void expire_ofALeaseWithoutKeys_makesNoRevision() {
    long lease = grant();

    apply(Writes.expire(NOW + TTL, 10));

    assertThat(store.lease(lease)).isNull();
    assertThat(store.revision()).isZero();
  }

  @Test
  void expire_moreLeasesThanItsLimit_saysSo() {
    for (int i = 0; i < 3; i++) {
      apply(put("key " + i, grant()));
    }

    assertThat(apply(Writes.expire(NOW + TTL, 2))).isEqualTo(new Outcome.Expired(2, true));
    assertThat(apply(Writes.expire(NOW + TTL, 2))).isEqualTo(new Outcome.Expired(1, false));
    assertThat(store.isDue(NOW + TTL)).isFalse();
  }

  @Test
  void expire_leaseGrantedBelowThoseThatWereLookedAt_isFound() {
    apply(submission(new Command.GrantLease(50_000), NOW));
    apply(Writes.expire(NOW, 10));

    long sooner = grant();

    assertThat(store.isDue(NOW + TTL)).isTrue();
    apply(Writes.expire(NOW + TTL, 10));
    assertThat(store.lease(sooner)).isNull();
  }

  @Test
  void renew_beforeItsEnd_livesItsWholeTimeFromThen() {
    long lease = grant();
    apply(put("a", lease));

    assertThat(apply(renew(lease, NOW + TTL - 1)))
        .isEqualTo(new Outcome.Leased(new Lease(lease, TTL, NOW + 2 * TTL - 1, 1)));

    apply(Writes.expire(NOW + 2 * TTL - 2, 10));
    assertThat(store.get(Key.of("a"))).isNotNull();
    apply(Writes.expire(NOW + 2 * TTL - 1, 10));
    assertThat(store.get(Key.of("a"))).isNull();
  }

  @Test
  void renew_overdueButNotYetReaped_isRefused() {
    long lease = grant();

    assertThat(apply(renew(lease, NOW + TTL))).isEqualTo(noSuchLease());
    assertThat(store.lease(lease)).isNotNull();
  }

  @Test
  void put_onAnOverdueLeaseThatIsNotYetReaped_isRefused() {
    long lease = grant();

    assertThat(apply(Writes.at(put("a", lease), NOW + TTL))).isEqualTo(noSuchLease());
    assertThat(store.get(Key.of("a"))).isNull();
  }

  @Test
  void renew_racingWithExpiry_whoeverComesFirstDecides() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(2);
    Random random = new Random(1);
    int renewed = 0;
    try {
      for (int round = 0; round < 200; round++) {
        long lease = grant();
        String key = "key " + round;
        apply(put(key, lease));
        // A renewal that was submitted in time, and an expiry that was submitted just after it.
        Submission renewal = renew(lease, NOW + TTL - 1);
        Submission expiry = Writes.expire(NOW + TTL, 10);
        List<Outcome> outcomes = race(pool, renewal, expiry, random.nextBoolean());

        boolean lives = outcomes.get(0) instanceof Outcome.Leased;
        assertThat(outcomes.get(0)).isIn(leased(lease), noSuchLease());
        assertThat(outcomes.get(1)).isEqualTo(new Outcome.Expired(lives ? 0 : 1, false));
        assertThat(store.get(Key.of(key)) != null).isEqualTo(lives);
        assertThat(store.lease(lease) != null).isEqualTo(lives);
        apply(submission(new Command.RevokeLease(lease), NOW + TTL));
        renewed += lives ? 1 : 0;
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(renewed).as("rounds that the renewal won").isBetween(1, 199);
  }

  @Test
  void put_moreKeysThanALeaseMayHave_isRefusedWithTheLimit() {
    long lease = grant();

    assertThat(applyAll(put("a", lease), put("b", lease), put("c", lease)))
        .hasOnlyElementsOfType(Outcome.Written.class);
    assertThat(apply(put("d", lease))).isEqualTo(full());
  }

  @Test
  void put_keyIsOnTheFullLeaseAlready_isWritten() {
    long lease = grant();
    applyAll(put("a", lease), put("b", lease), put("c", lease));

    assertThat(apply(put("a", lease))).isInstanceOf(Outcome.Written.class);
    assertThat(Objects.requireNonNull(store.lease(lease)).keys()).isEqualTo(3);
  }

  @Test
  void put_afterAKeyLeftTheFullLease_isWritten() {
    long lease = grant();
    applyAll(put("a", lease), put("b", lease), put("c", lease));

    apply(Writes.put("a", "on no lease"));

    assertThat(apply(put("d", lease))).isInstanceOf(Outcome.Written.class);
    assertThat(store.leaseKeys(lease)).extracting(Key::text).containsExactly("b", "c", "d");
  }

  @Test
  void transact_putsOfOneTransactionExceedTheLimitTogether_nothingIsWritten() {
    long lease = grant();
    apply(put("a", lease));
    Command transact =
        new Command.Transact(
            List.of(),
            List.of(command("b", lease), command("c", lease), command("d", lease)),
            List.of());

    assertThat(apply(submission(transact, NOW)))
        .isEqualTo(new Outcome.OperationRefused(true, 2, full()));
    assertThat(store.leaseKeys(lease)).hasSize(1);
  }

  @Test
  void lease_afterCloseAndOpen_endsAtItsTime() {
    long lease = grant();
    apply(put("a", lease));
    store.close();
    store = Stores.open(directory, LIMITS, false, heard::addAll);

    assertThat(store.lease(lease)).isEqualTo(new Lease(lease, TTL, NOW + TTL, 1));
    assertThat(store.isDue(NOW + TTL - 1)).isFalse();
    assertThat(store.isDue(NOW + TTL)).isTrue();
    apply(Writes.expire(NOW + TTL, 10));
    assertThat(store.get(Key.of("a"))).isNull();
  }

  @Test
  void grant_afterCloseAndOpenAndRevocation_neverUsesANumberAgain() {
    long first = grant();
    apply(submission(new Command.RevokeLease(first), NOW));
    store.close();
    store = Stores.open(directory, LIMITS, false, heard::addAll);

    assertThat(grant()).isEqualTo(first + 1);
  }

  @Test
  void revoke_leaseWithKeys_deletesThemAndSaysHowMany() {
    long lease = grant();
    applyAll(put("a", lease), put("b", lease));

    assertThat(apply(submission(new Command.RevokeLease(lease), NOW)))
        .isEqualTo(new Outcome.Revoked(2));
    assertThat(store.get(Key.of("a"))).isNull();
    assertThat(apply(submission(new Command.RevokeLease(lease), NOW))).isEqualTo(noSuchLease());
  }

  private List<Outcome> race(
      ExecutorService pool, Submission one, Submission other, boolean swapped)
      throws InterruptedException, ExecutionException {
    CyclicBarrier start = new CyclicBarrier(2);
    List<Future<Outcome>> results = new ArrayList<>();
    for (Submission submission : swapped ? List.of(other, one) : List.of(one, other)) {
      results.add(
          pool.submit(
              () -> {
                start.await();
                return store.apply(List.of(submission)).get(0);
              }));
    }
    Outcome first = results.get(0).get();
    Outcome second = results.get(1).get();
    return swapped ? List.of(second, first) : List.of(first, second);
  }

  private long grant() {
    Outcome outcome = apply(submission(new Command.GrantLease(TTL), NOW));
    return ((Outcome.Leased) outcome).lease().id();
  }

  private Outcome apply(Submission... group) {
    List<Outcome> outcomes = applyAll(group);
    return outcomes.get(outcomes.size() - 1);
  }

  private List<Outcome> applyAll(Submission... group) {
    return store.apply(List.of(group));
  }

  private static Outcome leased(long lease) {
    return new Outcome.Leased(new Lease(lease, TTL, NOW + 2 * TTL - 1, 1));
  }

  private static Submission renew(long lease, long time) {
    return submission(new Command.RenewLease(lease), time);
  }

  private static Submission put(String key, long lease) {
    return submission(command(key, lease), NOW);
  }

  private static Command.Put command(String key, long lease) {
    return new Command.Put(
        Key.of(key), Bytes.EMPTY, "text/plain", new Lifetime.OnLease(lease), Condition.NONE);
  }

  private static Submission submission(Command command, long time) {
    return new Submission(command, time, null);
  }

  private static Outcome noSuchLease() {
    return new Outcome.Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);
  }

  private static Outcome full() {
    return new Outcome.Rejected(
        ErrorCode.REQUEST_INVALID, "A lease has at most 3 keys.", "lease", 3);
  }
}
