package org.kvstore.server.replication;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Patch;
import org.kvstore.server.replication.PendingWrite.Changes;
import org.kvstore.server.store.Store;

/**
 * How much of a commit a command takes: as far as it can be told beforehand, and afterwards. Of a
 * shard that is elsewhere less can be told.
 */
final class Footprint {
  private final Supplier<@Nullable Store> store;
  private final Limits limits;

  /**
   * @param store gives what there is of the shard here; null while it is elsewhere
   */
  Footprint(Supplier<@Nullable Store> store, Limits limits) {
    this.store = store;
    this.limits = limits;
  }

  /** Keys that a command changes. */
  Changes changes(Command command) {
    if (command instanceof Command.DeleteRange range) {
      return new Changes(range.limit(), 1);
    }
    if (command instanceof Command.Expire expire) {
      return new Changes(expire.limit(), 1);
    }
    int known = 1;
    if (command instanceof Command.Transact transact) {
      known += Math.max(transact.then().size(), transact.otherwise().size());
    } else if (command instanceof Command.RevokeLease revoke) {
      known += keysOn(revoke.lease());
    } else if (command instanceof Command.EndLease end) {
      known += keysOn(end.lease());
    }
    return new Changes(known, known);
  }

  /** Keys on a lease; puts of the group being made may add to them, and count for themselves. */
  private int keysOn(long id) {
    try {
      Store here = store.get();
      if (here == null) {
        return limits.leaseKeys();
      }
      Lease lease = here.lease(id);
      return lease == null ? 0 : lease.keys();
    } catch (KeyValueException recovering) {
      return limits.leaseKeys();
    }
  }

  /** Bytes of the value that a patch is applied to, as it writes about as many. */
  long bytesPatched(Command command) {
    try {
      if (!(command instanceof Command.Modify modify)
          || modify.patch().kind() == Patch.Kind.INCREMENT) {
        return 0;
      }
      Store here = store.get();
      Entry entry = here == null ? null : here.get(modify.key());
      return entry == null ? 0 : entry.value().size();
    } catch (KeyValueException notReadable) {
      return 0;
    }
  }

  /** Keys that writes are expected to change. */
  static long expected(List<PendingWrite> writes) {
    return writes.stream().mapToLong(write -> write.changes().expected()).sum();
  }

  /** Keys that writes have changed, about: more than one each where that was not known before. */
  static long changed(List<PendingWrite> writes, List<Outcome> outcomes) {
    long changed = expected(writes);
    for (Outcome outcome : outcomes) {
      if (outcome instanceof Outcome.RangeDeleted range) {
        changed += range.deleted();
      } else if (outcome instanceof Outcome.Expired expired) {
        changed += expired.expired();
      }
    }
    return changed;
  }
}
