package org.kvstore.server.replication;

import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command.GrantLease;
import org.kvstore.server.model.Command.RenewLease;
import org.kvstore.server.model.Command.RevokeLease;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Ending;
import org.kvstore.server.model.Outcome.Leased;
import org.kvstore.server.model.Outcome.NoBranch;
import org.kvstore.server.model.Outcome.OperationRefused;
import org.kvstore.server.model.Outcome.Revoked;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;

/**
 * Leases whose keys lie in several shards. Each change is a row of commands to one shard after the
 * other, of which any may be the last one, as whoever sends them may die: so each leaves the lease
 * as a whole in a state that is right, and that the next change, or time, or {@link Revocations}
 * goes on from. Any number of coordinators may be at work on one lease.
 *
 * <p>What is acknowledged holds in all shards: a renewed lease has lived on with all of its keys, a
 * revoked one has none left. A lease none of whose keys are elsewhere takes one command, as it does
 * where there is one shard.
 */
public final class LeaseCoordinator {
  private final List<? extends LeaseShard> shards;
  private final LeaseBranches branches;
  private final Clock clock;
  private final AtomicInteger granted = new AtomicInteger();

  /**
   * @param shards all of them, by number
   */
  public LeaseCoordinator(List<? extends LeaseShard> shards, Clock clock) {
    this.shards = List.copyOf(shards);
    this.clock = clock;
    branches = new LeaseBranches(this.shards, clock);
  }

  /** A lease at its home, with as many keys as it has in all shards, and those, in order. */
  public record Holding(Lease lease, List<Key> keys) {}

  /** Grants a lease: {@link Leased}. The shards take turns; a named request has one of its own. */
  public CompletionStage<Outcome> grant(GrantLease grant, @Nullable RequestName name) {
    int home = name == null ? granted.getAndIncrement() : name.key().hashCode();
    return shards
        .get(Math.floorMod(home, shards.size()))
        .submit(new Submission(grant, clock.millis(), name));
  }

  /**
   * Lets a lease live on: {@link Leased} when it and all of its keys do. Fails with INDETERMINATE
   * when that is not certain of all of them.
   */
  public CompletionStage<Outcome> renew(RenewLease renew, @Nullable RequestName name) {
    return home(renew.lease())
        .submit(new Submission(renew, clock.millis(), name))
        .thenCompose(
            outcome ->
                outcome instanceof Leased leased && !leased.lease().branches().isEmpty()
                    ? renewBranches(leased)
                    : CompletableFuture.completedStage(outcome));
  }

  /** One that is over while it is being renewed has not lost a key before its time. */
  private CompletionStage<Outcome> renewBranches(Leased renewed) {
    long now = clock.millis();
    if (renewed.lease().isOver(now)) {
      return CompletableFuture.completedStage(renewed);
    }
    return branches
        .raise(renewed.lease(), now)
        .thenCompose(
            raised ->
                switch (raised) {
                  case ALIVE -> CompletableFuture.completedStage((Outcome) renewed);
                  case LOST -> branches.giveUp(renewed.lease().id());
                  case UNKNOWN -> throw uncertain();
                })
        .exceptionally(
            failure -> {
              throw uncertain().withCause(failure);
            });
  }

  private static KeyValueException uncertain() {
    return KeyValueException.of(
        ErrorCode.INDETERMINATE, "It is not certain that the lease lives on with all of its keys.");
  }

  /**
   * Revokes a lease: {@link Revoked} when its keys are deleted in all shards. Fails with
   * INDETERMINATE when that is not certain; if it was revoked at its home, the others follow.
   */
  public CompletionStage<Outcome> revoke(RevokeLease revoke, @Nullable RequestName name) {
    return home(revoke.lease())
        .submit(new Submission(revoke, clock.millis(), name))
        .thenCompose(
            outcome ->
                outcome instanceof Ending ending
                    ? branches.end(ending.lease()).thenApply(ended -> revoked(ending, ended))
                    : CompletableFuture.completedStage(outcome));
  }

  private static Outcome revoked(Ending ending, LeaseBranches.Ended ended) {
    if (!ended.everywhere()) {
      throw KeyValueException.of(
          ErrorCode.INDETERMINATE,
          "The lease is revoked, but some of its keys may still be there.");
    }
    return new Revoked(ending.keys() + ended.keys());
  }

  /** Goes on with a revocation that is not finished; never fails. */
  CompletionStage<Void> goOn(Lease ending) {
    return branches.end(ending).thenAccept(ended -> {});
  }

  /** A lease that lives, with its keys in all shards. */
  public CompletionStage<Optional<Holding>> find(long id) {
    return home(id)
        .lease(id)
        .thenCompose(
            found ->
                found.filter(lease -> lease.isAlive(clock.millis())).isPresent()
                    ? holding(found.get()).thenApply(Optional::of)
                    : CompletableFuture.completedStage(Optional.empty()));
  }

  private CompletionStage<Holding> holding(Lease lease) {
    List<CompletableFuture<List<Key>>> parts =
        Stream.concat(
                Stream.of(ShardNumber.homeOf(lease.id(), shards.size())), lease.branches().stream())
            .map(shard -> shards.get(shard).keys(lease.id()).toCompletableFuture())
            .toList();
    return CompletableFuture.allOf(parts.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            all -> {
              List<Key> keys = new ArrayList<>();
              parts.forEach(part -> keys.addAll(part.join()));
              keys.sort(null);
              return new Holding(lease.withKeys(keys.size()), keys);
            });
  }

  /**
   * Submits a write that may hang keys on leases. If a lease has no branch there, it gets one, and
   * the write is submitted again.
   */
  public CompletionStage<Outcome> write(int shard, Submission submission) {
    return write(shard, submission, new HashSet<>());
  }

  /**
   * @param known leases that have a branch there: none gets one twice
   */
  private CompletionStage<Outcome> write(int shard, Submission submission, Set<Long> known) {
    return shards
        .get(shard)
        .submit(submission)
        .thenCompose(
            outcome -> {
              NoBranch missing = missing(outcome);
              return missing != null && known.add(missing.lease())
                  ? branches
                      .make(shard, missing)
                      .thenCompose(
                          made ->
                              made
                                  ? write(shard, submission, known)
                                  : CompletableFuture.completedStage(outcome))
                  : CompletableFuture.completedStage(outcome);
            });
  }

  private static @Nullable NoBranch missing(Outcome outcome) {
    Outcome reason = outcome instanceof OperationRefused refused ? refused.reason() : outcome;
    return reason instanceof NoBranch missing ? missing : null;
  }

  private LeaseShard home(long lease) {
    return shards.get(ShardNumber.homeOf(lease, shards.size()));
  }
}
