package org.kvstore.server.store;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;

/** The leases of a {@link ModelShard}, without their keys, and what each command does to them. */
final class ModelLeases {
  private static final long LATE = 60_000;

  private final ModelShard shard;
  private final Limits limits;
  private final ShardNumber number;
  private final NavigableMap<Long, Lease> leases = new TreeMap<>();
  private int granted;

  ModelLeases(ModelShard shard, Limits limits, ShardNumber number) {
    this.shard = shard;
    this.limits = limits;
    this.number = number;
  }

  /** The newest id. */
  long last() {
    return granted == 0 ? 0 : granted * (long) number.shards() + number.number();
  }

  @Nullable Lease get(long id) {
    Lease lease = leases.get(id);
    return lease == null ? null : shown(lease);
  }

  List<Lease> endings(long above, int limit) {
    return leases.tailMap(above, false).values().stream()
        .filter(lease -> lease.status() == Status.ENDING)
        .limit(limit)
        .toList();
  }

  Outcome apply(Command command, long now) {
    if (command instanceof Command.GrantLease grant) {
      granted++;
      return keep(new Lease(last(), grant.millis(), now + grant.millis(), 0));
    }
    if (command instanceof Command.RenewLease renew) {
      Lease lease = leases.get(renew.lease());
      return lease == null || !isAlive(lease, Status.HOME, now)
          ? noSuchLease()
          : keep(renewed(lease, now));
    }
    if (command instanceof Command.RevokeLease revoke) {
      return revoke(leases.get(revoke.lease()), now);
    }
    if (command instanceof Command.BranchLease branch) {
      return branch(leases.get(branch.lease()), branch.shard(), now);
    }
    if (command instanceof Command.AdoptLease adopt) {
      return isHome(adopt.lease().id()) || adopt.lease().expiresAt() <= now
          ? noSuchLease()
          : adopt(adopt.lease(), now);
    }
    if (command instanceof Command.EndLease end) {
      return isHome(end.lease()) ? noSuchLease() : end(end.lease(), end.until(), now);
    }
    Command.ForgetBranch forget = (Command.ForgetBranch) command;
    return forget(leases.get(forget.lease()), forget.shard());
  }

  @Nullable Outcome refusal(Command.Put put, long now, Map<Long, Integer> fresh) {
    if (!(put.lifetime() instanceof Lifetime.OnLease on)) {
      return null;
    }
    Lease lease = leases.get(on.lease());
    if (!isHome(on.lease()) && (lease == null || lease.status() == Status.OFFERED)) {
      return new Outcome.NoBranch(on.lease(), null);
    }
    if (lease == null
        || lease.status() == Status.ENDING
        || lease.status() == Status.ENDED
        || lease.expiresAt() <= now) {
      return noSuchLease();
    }
    List<Key> keys = shard.keysOf(on.lease());
    if (keys.contains(put.key())
        || keys.size() + fresh.merge(on.lease(), 1, Integer::sum) <= limits.leaseKeys()) {
      return null;
    }
    return ModelRules.leaseIsFull(limits.leaseKeys());
  }

  @Nullable Lease firstOver(long now) {
    return leases.values().stream()
        .filter(lease -> lease.expiresAt() <= now)
        .min(Comparator.comparingLong(Lease::expiresAt).thenComparing(Lease::id))
        .orElse(null);
  }

  int expire(Lease over, long now) {
    int keys = shard.deleteKeys(over.id(), now);
    leases.remove(over.id());
    if (over.status() == Status.BRANCH) {
      keep(over.as(Status.ENDED).until(over.expiresAt() + LATE));
    }
    return keys;
  }

  private Lease renewed(Lease lease, long now) {
    long end = now + lease.millis();
    boolean mayFall = lease.branches().isEmpty() || end > lease.expiresAt();
    return mayFall ? lease.until(end) : lease;
  }

  private Outcome revoke(@Nullable Lease lease, long now) {
    if (lease != null && lease.status() == Status.ENDING) {
      return new Outcome.Ending(lease, 0);
    }
    if (lease == null || lease.status() != Status.HOME) {
      return noSuchLease();
    }
    int keys = shard.deleteKeys(lease.id(), now);
    leases.remove(lease.id());
    if (lease.branches().isEmpty()) {
      return new Outcome.Revoked(keys);
    }
    keep(lease.as(Status.ENDING));
    return new Outcome.Ending(lease.as(Status.ENDING), keys);
  }

  private Outcome branch(@Nullable Lease lease, int other, long now) {
    if (lease == null || !isAlive(lease, Status.HOME, now)) {
      return noSuchLease();
    }
    if (other < 0 || other >= number.shards() || other == number.number()) {
      return new Outcome.Rejected(ErrorCode.REQUEST_INVALID, "It is no other shard.", "shard", -1);
    }
    return keep(lease.withBranch(other));
  }

  private Outcome adopt(Lease lease, long now) {
    boolean known = lease.branches().contains(number.number());
    Lease here = leases.get(lease.id());
    Lease branch = new Lease(lease.id(), lease.millis(), lease.expiresAt(), 0).as(Status.BRANCH);
    Lease offer = branch.as(Status.OFFERED).until(lease.expiresAt() + LATE);
    if (here == null) {
      return known ? noSuchLease() : keep(offer);
    }
    if (here.status() == Status.OFFERED) {
      Lease longer = here.expiresAt() > offer.expiresAt() ? here : offer;
      return keep(known ? branch : offer.until(longer.expiresAt()));
    }
    if (!isAlive(here, Status.BRANCH, now)) {
      return noSuchLease();
    }
    return keep(here.expiresAt() < lease.expiresAt() ? here.until(lease.expiresAt()) : here);
  }

  private Outcome end(long id, long until, long now) {
    Lease here = leases.get(id);
    Lease mark = (here == null ? new Lease(id, 0, 0, 0) : here).as(Status.ENDED);
    int keys = shard.deleteKeys(id, now);
    keep(mark.expiresAt() < until + LATE ? mark.until(until + LATE) : mark);
    return new Outcome.Revoked(keys);
  }

  private Outcome forget(@Nullable Lease lease, int branch) {
    if (lease == null || lease.status() != Status.ENDING) {
      return noSuchLease();
    }
    Lease rest = lease.withoutBranch(branch);
    if (rest.branches().isEmpty()) {
      leases.remove(rest.id());
      return new Outcome.Revoked(0);
    }
    keep(rest);
    return new Outcome.Ending(rest, 0);
  }

  private Outcome keep(Lease lease) {
    leases.put(lease.id(), lease);
    return new Outcome.Leased(shown(lease));
  }

  private Lease shown(Lease lease) {
    return lease.withKeys(shard.keysOf(lease.id()).size());
  }

  private boolean isHome(long id) {
    return id % number.shards() == number.number();
  }

  private static boolean isAlive(Lease lease, Status status, long now) {
    return lease.status() == status && lease.expiresAt() > now;
  }

  private static Outcome noSuchLease() {
    return ModelRules.noSuchLease();
  }
}
