package org.kvstore.server.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;

/** Revocations that nobody goes on with, of leases at home in the first of two shards. */
@Timeout(60)
class RevocationsTest {
  private static final int MANY = 150;

  @TempDir Path directory;

  private final SetClock clock = new SetClock();
  private final Branch branch = new Branch();
  private boolean leads = true;
  private Store home; // Set before each test.
  private Revocations revocations; // Set before each test.

  @BeforeEach
  void revokeMany() {
    home = Stores.create(directory, new ShardNumber(0, 2), Limits.DEFAULT);
    revocations =
        new Revocations(
            home, () -> leads, new LeaseCoordinator(List.of(new Home(), branch), clock), clock);
    for (int i = 0; i < MANY; i++) {
      long id = ((Outcome.Leased) apply(new Command.GrantLease(3_600_000))).lease().id();
      apply(new Command.BranchLease(id, 1, null));
      apply(new Command.RevokeLease(id));
    }
  }

  @AfterEach
  void close() {
    home.close();
  }

  @Test
  void run_whereTheShardIsLed_finishesThem_aPageAtATime() {
    clock.now += 1_000;
    revocations.run();
    assertThat(home.endings(0, MANY)).hasSize(MANY - 100);
    clock.now += 1_000;
    revocations.run();
    assertThat(home.endings(0, MANY)).isEmpty();
  }

  @Test
  void run_whereTheShardIsNotLed_doesNothing() {
    leads = false;
    clock.now += 1_000;

    revocations.run();

    assertThat(branch.told).isEmpty();
  }

  @Test
  void run_soonAfterALook_doesNothing() {
    clock.now += 999;

    revocations.run();

    assertThat(branch.told).isEmpty();
  }

  @Test
  void run_whileALookIsUnderWay_doesNothing() {
    branch.answers = new CompletableFuture<>();
    clock.now += 1_000;
    revocations.run();
    clock.now += 1_000;
    revocations.run();
    assertThat(branch.told).hasSize(100);

    branch.answers.complete(new Outcome.Revoked(0));
    clock.now += 1_000;
    revocations.run();
    assertThat(branch.told).hasSize(MANY);
  }

  @Test
  void run_whenSomeCannotBeTold_othersAre_andAllAreTriedAgain() {
    branch.answers = CompletableFuture.failedFuture(new IllegalStateException("Unreachable."));
    clock.now += 1_000;
    revocations.run();
    branch.answers = CompletableFuture.completedFuture(new Outcome.Revoked(0));
    clock.now += 1_000;
    revocations.run();
    assertThat(home.endings(0, MANY)).hasSize(100);
    clock.now += 1_000;
    revocations.run();
    assertThat(home.endings(0, MANY)).isEmpty();
  }

  private Outcome apply(Command command) {
    return home.apply(List.of(new Submission(command, clock.now, null))).get(0);
  }

  private final class Home implements LeaseShard {
    @Override
    public CompletionStage<Outcome> submit(Submission submission) {
      return CompletableFuture.completedStage(home.apply(List.of(submission)).get(0));
    }

    @Override
    public CompletionStage<Optional<Lease>> lease(long id) {
      return CompletableFuture.completedStage(Optional.ofNullable(home.lease(id)));
    }

    @Override
    public CompletionStage<List<Key>> keys(long lease) {
      return CompletableFuture.completedStage(home.leaseKeys(lease));
    }
  }

  /** A shard that answers as it is told. */
  private static final class Branch implements LeaseShard {
    final List<Command> told = new ArrayList<>();
    CompletableFuture<Outcome> answers = CompletableFuture.completedFuture(new Outcome.Revoked(0));

    @Override
    public CompletionStage<Outcome> submit(Submission submission) {
      told.add(submission.command());
      return answers.copy();
    }

    @Override
    public CompletionStage<Optional<Lease>> lease(long id) {
      return CompletableFuture.completedStage(Optional.empty());
    }

    @Override
    public CompletionStage<List<Key>> keys(long lease) {
      return CompletableFuture.completedStage(List.of());
    }
  }
}
