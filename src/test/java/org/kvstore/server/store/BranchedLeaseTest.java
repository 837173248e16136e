package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
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
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.service.JsonPatcher;

/** What the commands that make one lease of several shards do, each to the store of its shard. */
@Timeout(60)
class BranchedLeaseTest {
  private static final long NOW = Writes.NOW;
  private static final long TTL = 10_000;
  private static final long LATE = LeaseCommands.LATE_MILLIS;
  private static final int HOME = 0;
  private static final int BRANCH = 1;
  private static final int OTHER = 2;

  @TempDir Path directory;

  private final List<Store> shards = new ArrayList<>();
  private long id;

  @BeforeEach
  void open() {
    for (int shard = 0; shard < 3; shard++) {
      shards.add(open(shard, true));
    }
    id = leased(HOME, new Command.GrantLease(TTL, "ann"), NOW).id();
  }

  private Store open(int shard, boolean create) {
    Path place = directory.resolve("shard " + shard);
    return Store.open(
        Stores.options(place).of(new ShardNumber(shard, 3)),
        Limits.DEFAULT,
        create,
        new Store.Hooks(events -> {}, new JsonPatcher()));
  }

  @AfterEach
  void close() {
    shards.forEach(Store::close);
  }

  @Test
  void grant_anywhere_givesANumberThatNamesItsHome() {
    for (int shard = 0; shard < 3; shard++) {
      for (int i = 0; i < 3; i++) {
        long granted = leased(shard, new Command.GrantLease(TTL), NOW).id();
        assertThat(ShardNumber.homeOf(granted, 3)).isEqualTo(shard);
      }
    }
  }

  @Test
  void grant_afterCloseAndOpen_isAboveAllThatWereGiven() {
    reopen(HOME);

    assertThat(leased(HOME, new Command.GrantLease(TTL), NOW).id()).isEqualTo(id + 3);
  }

  @Test
  void put_onAShardThatHasNoBranch_saysSo_andItIsNotTheAnswerToRepeats() {
    Submission put = Writes.named(submission(put("k"), NOW), "name", "fingerprint");

    assertThat(shards.get(BRANCH).apply(List.of(put)))
        .containsExactly(new Outcome.NoBranch(id, "ann"));
    branch();
    assertThat(shards.get(BRANCH).apply(List.of(put))).hasOnlyElementsOfType(Outcome.Written.class);
  }

  @Test
  void transact_onAShardThatHasNoBranch_isRefused_andItIsNotTheAnswerToRepeats() {
    Command transact = new Command.Transact(List.of(), List.of(put("k")), List.of());
    Submission named = Writes.named(submission(transact, NOW), "name", "fingerprint");

    assertThat(shards.get(BRANCH).apply(List.of(named)))
        .containsExactly(new Outcome.OperationRefused(true, 0, new Outcome.NoBranch(id, "ann")));
    branch();
    assertThat(shards.get(BRANCH).apply(List.of(named)))
        .hasOnlyElementsOfType(Outcome.Transacted.class);
  }

  @Test
  void put_onAnOffer_saysThatThereIsNoBranch() {
    leased(BRANCH, new Command.AdoptLease(atHome()), NOW);

    assertThat(apply(BRANCH, put("k"), NOW)).isEqualTo(new Outcome.NoBranch(id, "ann"));
  }

  @Test
  void put_onABranch_isWritten_unlessByAnother() {
    branch();

    assertThat(apply(BRANCH, put("k"), NOW)).isInstanceOf(Outcome.Written.class);
    assertThat(apply(BRANCH, put("other", "ben"), NOW)).isEqualTo(noSuchLease());
    assertThat(shards.get(BRANCH).leaseKeys(id)).containsExactly(Key.of("k"));
  }

  @Test
  void put_onABranchThatIsOver_isRefused() {
    branch();

    assertThat(apply(BRANCH, put("k"), NOW + TTL)).isEqualTo(noSuchLease());
  }

  @Test
  void branch_thatIsNoOtherShard_isRefused() {
    for (int shard : List.of(-1, HOME, 3)) {
      assertThat(apply(HOME, new Command.BranchLease(id, shard, null), NOW))
          .isInstanceOf(Outcome.Rejected.class);
    }
    assertThat(atHome().branches()).isEmpty();
  }

  @Test
  void branch_ofALeaseThatIsOverOrAnothersOrElsewhere_isRefused() {
    assertThat(apply(HOME, new Command.BranchLease(id, BRANCH, null), NOW + TTL))
        .isEqualTo(noSuchLease());
    assertThat(apply(HOME, new Command.BranchLease(id, BRANCH, "ben"), NOW))
        .isEqualTo(noSuchLease());
    branch();
    assertThat(apply(BRANCH, new Command.BranchLease(id, OTHER, null), NOW))
        .isEqualTo(noSuchLease());
  }

  @Test
  void adopt_offeredAndNoted_isABranchUntilTheLeaseEnds() {
    branch();

    assertThat(shards.get(BRANCH).lease(id))
        .isEqualTo(new Lease(id, TTL, NOW + TTL, 0, "ann").as(Status.BRANCH));
    assertThat(atHome().branches()).containsExactly(BRANCH);
  }

  @Test
  void adopt_notedButMissing_isRefused_asItHasEnded() {
    Lease noted = leased(HOME, new Command.BranchLease(id, BRANCH, null), NOW);

    assertThat(apply(BRANCH, new Command.AdoptLease(noted), NOW)).isEqualTo(noSuchLease());
    assertThat(shards.get(BRANCH).lease(id)).isNull();
  }

  @Test
  void adopt_atTheHome_isRefused() {
    assertThat(apply(HOME, new Command.AdoptLease(atHome().until(NOW + 2 * TTL)), NOW))
        .isEqualTo(noSuchLease());
    assertThat(atHome().expiresAt()).isEqualTo(NOW + TTL);
  }

  @Test
  void adopt_withAnEarlierEnd_doesNotLowerIt() {
    Lease early = branch();
    apply(BRANCH, new Command.AdoptLease(renewed(NOW + 5)), NOW);

    assertThat(leased(BRANCH, new Command.AdoptLease(early), NOW).expiresAt())
        .isEqualTo(NOW + 5 + TTL);
  }

  @Test
  void offer_thatNobodyTookUp_isForgottenAWhileAfterTheLease() {
    leased(BRANCH, new Command.AdoptLease(atHome()), NOW);

    expire(BRANCH, NOW + TTL + LATE - 1);
    assertThat(shards.get(BRANCH).lease(id)).isNotNull();
    expire(BRANCH, NOW + TTL + LATE);
    assertThat(shards.get(BRANCH).lease(id)).isNull();
  }

  @Test
  void renew_withABranch_byAClockThatIsBehind_doesNotLowerItsEnd() {
    branch();

    assertThat(renewed(NOW - 5).expiresAt()).isEqualTo(NOW + TTL);
  }

  @Test
  void renewAndRevoke_elsewhereThanAtHome_areRefused() {
    branch();

    assertThat(apply(BRANCH, new Command.RenewLease(id), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(BRANCH, new Command.RevokeLease(id), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(OTHER, new Command.RevokeLease(id), NOW)).isEqualTo(noSuchLease());
  }

  @Test
  void renewedLease_keepsItsBranchAlive() {
    branch();
    apply(BRANCH, put("k"), NOW);

    apply(BRANCH, new Command.AdoptLease(renewed(NOW + TTL - 1)), NOW + TTL - 1);

    expire(BRANCH, NOW + 2 * TTL - 2);
    assertThat(shards.get(BRANCH).get(Key.of("k"))).isNotNull();
    expire(BRANCH, NOW + 2 * TTL - 1);
    assertThat(shards.get(BRANCH).get(Key.of("k"))).isNull();
  }

  @Test
  void expire_eachShardByItself_deletesItsKeysInOneRevision() {
    branch();
    apply(HOME, put("h"), NOW);
    apply(BRANCH, put("b"), NOW);
    apply(BRANCH, put("a"), NOW);

    expire(BRANCH, NOW + TTL);

    assertThat(shards.get(BRANCH).changes(2, 10, 1_000).events())
        .extracting(Event::revision, Event::reason, event -> event.key().text())
        .containsExactly(tuple(3L, Reason.LEASE, "a"), tuple(3L, Reason.LEASE, "b"));
    assertThat(shards.get(HOME).get(Key.of("h"))).isNotNull();
    expire(HOME, NOW + TTL);
    assertThat(shards.get(HOME).get(Key.of("h"))).isNull();
    assertThat(shards.get(HOME).lease(id)).isNull();
  }

  @Test
  void adopt_afterTheBranchIsOver_isRefused_beItAnOfferThatComesLate() {
    Lease unnoted = atHome();
    branch();
    apply(BRANCH, put("k"), NOW);
    Lease renewed = renewed(NOW + 5);

    expire(BRANCH, NOW + TTL);

    assertThat(apply(BRANCH, new Command.AdoptLease(renewed), NOW + TTL)).isEqualTo(noSuchLease());
    assertThat(apply(BRANCH, new Command.AdoptLease(unnoted), NOW)).isEqualTo(noSuchLease());
    expire(BRANCH, NOW + TTL + LATE);
    assertThat(shards.get(BRANCH).lease(id)).isNull();
    assertThat(apply(BRANCH, new Command.AdoptLease(renewed), NOW + TTL)).isEqualTo(noSuchLease());
  }

  @Test
  void revoke_withBranches_deletesItsKeysAtHome_andNamesWhoIsToBeTold() {
    branch();
    apply(HOME, put("a"), NOW);
    apply(HOME, put("b"), NOW);
    Lease left = atHome().as(Status.ENDING).withKeys(0);

    assertThat(apply(HOME, new Command.RevokeLease(id), NOW))
        .isEqualTo(new Outcome.Ending(left, 2));

    assertThat(shards.get(HOME).revision()).isEqualTo(3);
    assertThat(shards.get(HOME).get(Key.of("a"))).isNull();
    assertThat(shards.get(HOME).endings(0, 10)).containsExactly(left);
    assertThat(apply(HOME, put("a"), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(HOME, new Command.RenewLease(id), NOW)).isEqualTo(noSuchLease());
  }

  @Test
  void revoke_again_namesThemAgain_whileOneIsToBeTold() {
    branch();
    apply(HOME, new Command.RevokeLease(id), NOW);

    assertThat(apply(HOME, new Command.RevokeLease(id, "ben"), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(HOME, new Command.RevokeLease(id), NOW)).isInstanceOf(Outcome.Ending.class);
    apply(HOME, new Command.ForgetBranch(id, BRANCH), NOW);
    assertThat(apply(HOME, new Command.RevokeLease(id), NOW)).isEqualTo(noSuchLease());
  }

  @Test
  void end_atABranch_deletesItsKeysInOneRevision() {
    branch();
    apply(BRANCH, put("a"), NOW);
    apply(BRANCH, put("b"), NOW);

    assertThat(apply(BRANCH, new Command.EndLease(id, NOW + TTL), NOW))
        .isEqualTo(new Outcome.Revoked(2));

    assertThat(shards.get(BRANCH).revision()).isEqualTo(3);
    assertThat(shards.get(BRANCH).leaseKeys(id)).isEmpty();
    assertThat(apply(BRANCH, new Command.EndLease(id, NOW + TTL), NOW))
        .isEqualTo(new Outcome.Revoked(0));
  }

  @Test
  void adopt_afterTheEnd_isRefused_asLongAsItMayCome() {
    Lease unnoted = atHome();
    Lease noted = branch();
    apply(BRANCH, new Command.EndLease(id, NOW + TTL), NOW);
    reopen(BRANCH);

    assertThat(apply(BRANCH, new Command.AdoptLease(noted), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(BRANCH, new Command.AdoptLease(unnoted), NOW)).isEqualTo(noSuchLease());
    assertThat(apply(BRANCH, put("k"), NOW)).isEqualTo(noSuchLease());
    expire(BRANCH, NOW + TTL + LATE - 1);
    assertThat(shards.get(BRANCH).lease(id)).isNotNull();
    expire(BRANCH, NOW + TTL + LATE);
    assertThat(shards.get(BRANCH).lease(id)).isNull();
  }

  @Test
  void adopt_afterTheEndOfABranchThatWasNeverMade_isRefused() {
    Lease unnoted = atHome();
    apply(BRANCH, new Command.EndLease(id, NOW + TTL), NOW);

    assertThat(apply(BRANCH, new Command.AdoptLease(unnoted), NOW)).isEqualTo(noSuchLease());
  }

  @Test
  void forget_theLastBranch_forgetsTheLease() {
    branch();
    leased(HOME, new Command.BranchLease(id, OTHER, null), NOW);
    apply(HOME, new Command.RevokeLease(id), NOW);

    apply(HOME, new Command.ForgetBranch(id, BRANCH), NOW);
    assertThat(shards.get(HOME).endings(0, 10))
        .extracting(Lease::branches)
        .containsExactly(List.of(OTHER));
    apply(HOME, new Command.ForgetBranch(id, OTHER), NOW);

    assertThat(shards.get(HOME).lease(id)).isNull();
    assertThat(shards.get(HOME).endings(0, 10)).isEmpty();
  }

  @Test
  void forget_aBranchOfALeaseThatLives_isRefused() {
    branch();

    assertThat(apply(HOME, new Command.ForgetBranch(id, BRANCH), NOW)).isEqualTo(noSuchLease());
    assertThat(atHome().branches()).containsExactly(BRANCH);
  }

  @Test
  void endings_whatNobodyToldUntilTheLeaseWouldHaveEnded_isForgotten() {
    branch();
    apply(HOME, new Command.RevokeLease(id), NOW);
    reopen(HOME);

    expire(HOME, NOW + TTL - 1);
    assertThat(shards.get(HOME).endings(0, 10)).hasSize(1);
    expire(HOME, NOW + TTL);
    assertThat(shards.get(HOME).endings(0, 10)).isEmpty();
    assertThat(shards.get(HOME).lease(id)).isNull();
  }

  @Test
  void endings_aPageAtATime() {
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(leased(HOME, new Command.GrantLease(TTL), NOW).id());
      apply(HOME, new Command.BranchLease(ids.get(i), OTHER, null), NOW);
      apply(HOME, new Command.RevokeLease(ids.get(i)), NOW);
    }

    assertThat(shards.get(HOME).endings(0, 2)).extracting(Lease::id).isEqualTo(ids.subList(0, 2));
    assertThat(shards.get(HOME).endings(ids.get(1), 2))
        .extracting(Lease::id)
        .containsExactly(ids.get(2));
  }

  @Test
  void tables_withLeasesOfEveryStatus_agree() {
    branch();
    apply(BRANCH, put("k"), NOW);
    leased(OTHER, new Command.AdoptLease(atHome()), NOW);
    long ending = leased(HOME, new Command.GrantLease(TTL), NOW).id();
    leased(HOME, new Command.BranchLease(ending, OTHER, null), NOW);
    apply(HOME, new Command.RevokeLease(ending), NOW);
    apply(OTHER, new Command.EndLease(ending, NOW + TTL), NOW);

    ByteArrayOutputStream found = new ByteArrayOutputStream();
    Findings findings = new Findings(new PrintStream(found, true, StandardCharsets.UTF_8));
    for (int shard = 0; shard < 3; shard++) {
      shards.get(shard).close();
      Path place = directory.resolve("shard " + shard);
      try (Database database = Database.open(place, Stores.options(place), false)) {
        TableCheck.run(database, findings);
      }
    }
    assertThat(found.toString(StandardCharsets.UTF_8)).contains("rows").doesNotContain("DAMAGED");
  }

  /** Has the lease a branch; returns it as its home has it. */
  private Lease branch() {
    leased(BRANCH, new Command.AdoptLease(atHome()), NOW);
    Lease noted = leased(HOME, new Command.BranchLease(id, BRANCH, "ann"), NOW);
    leased(BRANCH, new Command.AdoptLease(noted), NOW);
    return noted;
  }

  private Lease renewed(long time) {
    return leased(HOME, new Command.RenewLease(id), time);
  }

  private Lease atHome() {
    return Objects.requireNonNull(shards.get(HOME).lease(id));
  }

  private void reopen(int shard) {
    shards.get(shard).close();
    shards.set(shard, open(shard, false));
  }

  private Lease leased(int shard, Command command, long time) {
    return ((Outcome.Leased) apply(shard, command, time)).lease();
  }

  private void expire(int shard, long time) {
    apply(shard, new Command.Expire(100), time);
  }

  private Outcome apply(int shard, Command command, long time) {
    return shards.get(shard).apply(List.of(submission(command, time))).get(0);
  }

  private Command.Put put(String key) {
    return put(key, "ann");
  }

  private Command.Put put(String key, @Nullable String owner) {
    return new Command.Put(
        Key.of(key), Bytes.EMPTY, "text/plain", new Lifetime.OnLease(id, owner), Condition.NONE);
  }

  private static Submission submission(Command command, long time) {
    return new Submission(command, time, null);
  }

  private static Outcome noSuchLease() {
    return new Outcome.Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);
  }
}
