package org.kvstore.server.store;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Command.AdoptLease;
import org.kvstore.server.model.Command.BranchLease;
import org.kvstore.server.model.Command.EndLease;
import org.kvstore.server.model.Command.ForgetBranch;
import org.kvstore.server.model.Command.GrantLease;
import org.kvstore.server.model.Command.RenewLease;
import org.kvstore.server.model.Command.RevokeLease;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Rejected;
import org.kvstore.server.model.ShardNumber;

/**
 * Decides what commands do to leases, as {@link Evaluator} does for the others.
 *
 * <p>A lease is renewed and revoked at its home. Another shard has keys of it only on a branch,
 * which ends by itself, and no later than the lease does at its home. It is made in three steps, so
 * that a branch that the home knows of can be missing for one reason alone, which is that it has
 * ended, and keys with it: it is offered here, then noted at the home, then adopted here; only from
 * then on keys can hang on it. A renewal that finds a branch missing therefore finds that the lease
 * has not lived on.
 *
 * <p>What has ended here leaves a mark, which keeps what comes late from beginning it anew: until
 * the time at which the lease ends at its home, and a while longer, as clocks differ.
 */
final class LeaseCommands {
  /** How late a submission may come, and how far the clocks of nodes may differ. */
  static final long LATE_MILLIS = 60_000;

  private final Staging staging;
  private final StagedLeases leases;
  private final Limits limits;
  private final ShardNumber shard;

  LeaseCommands(Staging staging, Limits limits, ShardNumber shard) {
    this.staging = staging;
    leases = staging.leases();
    this.limits = limits;
    this.shard = shard;
  }

  Outcome apply(Command command, long now) {
    if (command instanceof GrantLease grant) {
      return grant(grant, now);
    }
    if (command instanceof RenewLease renew) {
      return renew(renew, now);
    }
    if (command instanceof RevokeLease revoke) {
      return revoke(revoke, now);
    }
    if (command instanceof BranchLease branch) {
      return branch(branch, now);
    }
    if (command instanceof AdoptLease adopt) {
      return adopt(adopt.lease(), now);
    }
    if (command instanceof EndLease end) {
      return end(end, now);
    }
    return forget((ForgetBranch) command);
  }

  /**
   * Why a key cannot hang on a lease, or null.
   *
   * @param coming keys that the same command hangs on each lease, this one included afterwards
   */
  @Nullable Outcome refusal(
      Lifetime.OnLease on, @Nullable Entry before, long now, Map<Long, Integer> coming) {
    Lease lease = leases.get(on.lease());
    boolean isHere = lease != null && lease.status() != Status.OFFERED;
    if (!isHere && !shard.isHomeOf(on.lease())) {
      return new Outcome.NoBranch(on.lease(), on.owner());
    }
    if (lease == null || !lease.isAlive(now) || !lease.isOf(on.owner())) {
      return noSuchLease();
    }
    boolean fresh = before == null || before.lease() != on.lease();
    return fresh && lease.keys() + coming.merge(on.lease(), 1, Integer::sum) > limits.leaseKeys()
        ? new Rejected(
            ErrorCode.REQUEST_INVALID,
            "A lease has at most %d keys.".formatted(limits.leaseKeys()),
            "lease",
            limits.leaseKeys())
        : null;
  }

  /**
   * Does what is to be done when the time of a lease is over; returns how many keys it had. What
   * cannot be read stays.
   */
  int expire(Lease over, long now) {
    int keys = deleteKeys(over, staging::readable, now);
    if (over.status() == Status.BRANCH) {
      leaveMark(over.id(), over.expiresAt());
    } else {
      leases.delete(over);
    }
    return keys;
  }

  private Outcome grant(GrantLease grant, long now) {
    long id = leases.nextId(shard);
    return leased(new Lease(id, grant.millis(), now + grant.millis(), 0, grant.owner()));
  }

  /** The end of one with branches never falls, be it that another clock is behind. */
  private Outcome renew(RenewLease renew, long now) {
    Lease lease = aliveAtHome(renew.lease(), renew.owner(), now);
    if (lease == null) {
      return noSuchLease();
    }
    long end = now + lease.millis();
    return leased(lease.until(lease.branches().isEmpty() ? end : Math.max(end, lease.expiresAt())));
  }

  /** Of one that is being ended already it tells again who is to be told. */
  private Outcome revoke(RevokeLease revoke, long now) {
    Lease lease = leases.get(revoke.lease());
    if (lease == null || !lease.isOf(revoke.owner())) {
      return noSuchLease();
    }
    return switch (lease.status()) {
      case HOME -> revoke(lease, now);
      case ENDING -> new Outcome.Ending(lease, 0);
      case OFFERED, BRANCH, ENDED -> noSuchLease();
    };
  }

  private Outcome revoke(Lease lease, long now) {
    int keys = deleteKeys(lease, staging::get, now);
    if (lease.branches().isEmpty()) {
      leases.delete(lease);
      return new Outcome.Revoked(keys);
    }
    Lease ending = lease.as(Status.ENDING).withKeys(0);
    leases.put(ending);
    return new Outcome.Ending(ending, keys);
  }

  private Outcome branch(BranchLease branch, long now) {
    Lease lease = aliveAtHome(branch.lease(), branch.owner(), now);
    if (lease == null) {
      return noSuchLease();
    }
    return shard.isOther(branch.shard())
        ? leased(lease.withBranch(branch.shard()))
        : new Rejected(ErrorCode.REQUEST_INVALID, "It is no other shard.", "shard", -1);
  }

  private Outcome adopt(Lease lease, long now) {
    if (shard.isHomeOf(lease.id()) || lease.isOver(now)) {
      return noSuchLease();
    }
    boolean isKnown = lease.branches().contains(shard.number());
    Lease here = leases.get(lease.id());
    if (here == null) {
      return isKnown ? noSuchLease() : leased(offer(lease, 0));
    }
    return switch (here.status()) {
      case OFFERED -> leased(isKnown ? branchOf(lease) : offer(lease, here.expiresAt()));
      case BRANCH ->
          here.isOver(now)
              ? noSuchLease()
              : leased(here.until(Math.max(here.expiresAt(), lease.expiresAt())));
      case HOME, ENDING, ENDED -> noSuchLease();
    };
  }

  private static Lease branchOf(Lease lease) {
    return lease.as(Status.BRANCH).withBranches(List.of()).withKeys(0);
  }

  /** It outlives the lease, so that it is there still when the home has noted the branch. */
  private static Lease offer(Lease lease, long atLeast) {
    return branchOf(lease)
        .as(Status.OFFERED)
        .until(Math.max(atLeast, lease.expiresAt() + LATE_MILLIS));
  }

  private Outcome end(EndLease end, long now) {
    if (shard.isHomeOf(end.lease())) {
      return noSuchLease();
    }
    Lease lease = leases.get(end.lease());
    int keys = lease == null ? 0 : deleteKeys(lease, staging::get, now);
    leaveMark(end.lease(), end.until());
    return new Outcome.Revoked(keys);
  }

  private void leaveMark(long id, long until) {
    Lease left = leases.get(id);
    Lease mark = left == null ? new Lease(id, 0, 0, 0) : left;
    leases.put(mark.as(Status.ENDED).until(Math.max(mark.expiresAt(), until + LATE_MILLIS)));
  }

  private Outcome forget(ForgetBranch forget) {
    Lease lease = leases.get(forget.lease());
    if (lease == null || lease.status() != Status.ENDING) {
      return noSuchLease();
    }
    Lease rest = lease.withoutBranch(forget.shard());
    if (rest.branches().isEmpty()) {
      leases.delete(rest);
      return new Outcome.Revoked(0);
    }
    leases.put(rest);
    return new Outcome.Ending(rest, 0);
  }

  private @Nullable Lease aliveAtHome(long id, @Nullable String owner, long now) {
    Lease lease = leases.get(id);
    return lease != null && lease.status() == Status.HOME && !lease.isOver(now) && lease.isOf(owner)
        ? lease
        : null;
  }

  private Outcome leased(Lease lease) {
    leases.put(lease);
    return new Outcome.Leased(lease);
  }

  /**
   * Deletes the keys of a lease in one revision; returns how many there were.
   *
   * @param read gives the entry of a key, or null for one that is to stay
   */
  private int deleteKeys(Lease lease, Function<Key, @Nullable Entry> read, long now) {
    List<Entry> entries =
        leases.keysOf(lease.id()).stream()
            .flatMap(key -> Stream.ofNullable(read.apply(key)))
            .map(Rows::withoutValue)
            .toList();
    Evaluator.deleteAll(staging, entries, Reason.LEASE, now);
    return entries.size();
  }

  private static Rejected noSuchLease() {
    return new Rejected(ErrorCode.NOT_FOUND, "There is no such lease.", "lease", -1);
  }
}
