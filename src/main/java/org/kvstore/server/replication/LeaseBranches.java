package org.kvstore.server.replication;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Command.AdoptLease;
import org.kvstore.server.model.Command.BranchLease;
import org.kvstore.server.model.Command.EndLease;
import org.kvstore.server.model.Command.ForgetBranch;
import org.kvstore.server.model.Command.RevokeLease;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Ending;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.NoBranch;
import org.kvstore.server.model.Outcome.Rejected;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;

/** What {@link LeaseCoordinator} does to the branches of a lease: makes, raises and ends them. */
final class LeaseBranches {
  private static final Outcome NO_SUCH_LEASE =
      new Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);

  private final List<? extends LeaseShard> shards;
  private final Clock clock;

  LeaseBranches(List<? extends LeaseShard> shards, Clock clock) {
    this.shards = shards;
    this.clock = clock;
  }

  /** What is known of the branches of a lease after a renewal. */
  enum Raised {
    /** All live on. */
    ALIVE,

    /** At least one has ended before. */
    LOST,

    /** Of at least one it cannot be told. */
    UNKNOWN
  }

  /**
   * The branches of a revoked lease.
   *
   * @param keys how many keys were deleted with them
   * @param everywhere whether it is certain of all of them
   */
  record Ended(int keys, boolean everywhere) {}

  /**
   * Makes a branch; false when the lease has ended. It is offered, noted at the home and adopted,
   * in this order: what the home notes is there.
   *
   * @throws KeyValueException not INDETERMINATE: no key hangs on it before it is done
   */
  CompletionStage<Boolean> make(int shard, NoBranch missing) {
    return home(missing.lease())
        .lease(missing.lease())
        .thenCompose(found -> make(shard, missing, found))
        .exceptionally(LeaseBranches::certain);
  }

  private CompletionStage<Boolean> make(int shard, NoBranch missing, Optional<Lease> found) {
    Lease lease = found.filter(alive -> isUsable(alive, missing)).orElse(null);
    if (lease == null) {
      return CompletableFuture.completedStage(false);
    }
    if (lease.branches().contains(shard)) {
      return adopt(shard, lease);
    }
    return submit(shard, new AdoptLease(lease))
        .thenCompose(offered -> offered instanceof Leased ? note(shard, missing) : done(offered))
        .thenCompose(
            noted ->
                noted instanceof Leased leased
                    ? adopt(shard, leased.lease())
                    : CompletableFuture.completedStage(false));
  }

  private boolean isUsable(Lease lease, NoBranch wanted) {
    return lease.status() == Status.HOME
        && lease.isAlive(clock.millis())
        && lease.isOf(wanted.owner());
  }

  private CompletionStage<Outcome> note(int shard, NoBranch missing) {
    return home(missing.lease())
        .submit(now(new BranchLease(missing.lease(), shard, missing.owner())));
  }

  private CompletionStage<Boolean> adopt(int shard, Lease lease) {
    long now = clock.millis();
    if (lease.isOver(now)) {
      return CompletableFuture.completedStage(false);
    }
    return shards
        .get(shard)
        .submit(new Submission(new AdoptLease(lease), now, null))
        .thenCompose(
            adopted ->
                adopted instanceof Leased
                    ? CompletableFuture.completedStage(true)
                    : giveUp(lease.id()).thenApply(any -> false));
  }

  /** Nothing of the write that wanted the branch was done. */
  private static boolean certain(Throwable failure) {
    if (Failures.causeOf(failure) instanceof KeyValueException known
        && known.code() != ErrorCode.INDETERMINATE) {
      throw known;
    }
    throw KeyValueException.of(
            ErrorCode.UNAVAILABLE, "The lease could not be made known to the shard of the key.")
        .withCause(failure);
  }

  /** Has all branches live as long as the lease at its home; never fails. */
  CompletionStage<Raised> raise(Lease lease, long now) {
    AdoptLease adopt = new AdoptLease(lease);
    return atAll(lease, shard -> shards.get(shard).submit(new Submission(adopt, now, null)))
        .thenApply(
            outcomes -> {
              boolean lost =
                  outcomes.stream()
                      .flatMap(Optional::stream)
                      .anyMatch(outcome -> !(outcome instanceof Leased));
              boolean unknown = outcomes.stream().anyMatch(Optional::isEmpty);
              return lost ? Raised.LOST : unknown ? Raised.UNKNOWN : Raised.ALIVE;
            });
  }

  /** Ends a lease that has lost keys, so that nobody takes it for whole: there is no such lease. */
  CompletionStage<Outcome> giveUp(long id) {
    return home(id)
        .submit(now(new RevokeLease(id)))
        .thenCompose(
            outcome ->
                outcome instanceof Ending ending
                    ? end(ending.lease()).thenApply(any -> NO_SUCH_LEASE)
                    : done(NO_SUCH_LEASE));
  }

  /** Tells the branches of a revoked lease, and its home which of them know; never fails. */
  CompletionStage<Ended> end(Lease ending) {
    return atAll(ending, shard -> end(shard, ending))
        .thenApply(
            outcomes -> {
              List<Revoked> ended =
                  outcomes.stream()
                      .flatMap(Optional::stream)
                      .filter(Revoked.class::isInstance)
                      .map(Revoked.class::cast)
                      .toList();
              return new Ended(
                  ended.stream().mapToInt(Revoked::keys).sum(),
                  ended.size() == ending.branches().size());
            });
  }

  /** The home may hear of it later: to be told again does a branch no harm. */
  private CompletionStage<Outcome> end(int shard, Lease ending) {
    return submit(shard, new EndLease(ending.id(), ending.expiresAt()))
        .whenComplete(
            (ended, failure) -> {
              if (ended instanceof Revoked) {
                home(ending.id()).submit(now(new ForgetBranch(ending.id(), shard)));
              }
            });
  }

  /** Does something at all branches at once; what failed has no outcome. */
  private static CompletionStage<List<Optional<Outcome>>> atAll(
      Lease lease, IntFunction<CompletionStage<Outcome>> does) {
    List<CompletableFuture<Optional<Outcome>>> parts =
        lease.branches().stream()
            .map(
                shard ->
                    does.apply(shard)
                        .thenApply(Optional::of)
                        .exceptionally(failure -> Optional.empty())
                        .toCompletableFuture())
            .toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenApply(all -> parts.stream().map(CompletableFuture::join).toList());
  }

  private CompletionStage<Outcome> submit(int shard, Command command) {
    return shards.get(shard).submit(now(command));
  }

  private Submission now(Command command) {
    return new Submission(command, clock.millis(), null);
  }

  private LeaseShard home(long lease) {
    return shards.get(ShardNumber.homeOf(lease, shards.size()));
  }

  private static CompletionStage<Outcome> done(Outcome outcome) {
    return CompletableFuture.completedStage(outcome);
  }
}
