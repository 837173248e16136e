package org.kvstore.server.store;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Operation;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;

/** The state of a {@link ModelStore} and what each command does to it. */
final class ModelShard {
  private final Limits limits;
  private final List<NavigableMap<Bytes, Entry>> revisions = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private final ShardNumber number;
  private final ModelLeases leases;
  private final NavigableMap<Bytes, Entry> current = new TreeMap<>();
  private long compacted;

  /** The events of the revision that is being made, in their order. */
  private final TreeMap<Key, Event> changes = new TreeMap<>();

  ModelShard(Limits limits, ShardNumber number) {
    this.limits = limits;
    this.number = number;
    leases = new ModelLeases(this, limits, number);
    revisions.add(new TreeMap<>());
  }

  long revision() {
    return revisions.size() - 1;
  }

  long compacted() {
    return compacted;
  }

  ShardNumber number() {
    return number;
  }

  ModelLeases leases() {
    return leases;
  }

  List<Event> events() {
    return events;
  }

  NavigableMap<Bytes, Entry> at(long revision) {
    return revisions.get((int) revision);
  }

  List<Key> keysOf(long lease) {
    return current.values().stream()
        .filter(entry -> entry.lease() == lease && lease != Entry.NO_LEASE)
        .map(Entry::key)
        .toList();
  }

  /** All commands but Expire. */
  Outcome apply(Command command, long now) {
    if (command instanceof Command.Put put) {
      return alone(put, now);
    }
    if (command instanceof Command.Delete delete) {
      return alone(delete, now);
    }
    if (command instanceof Command.Modify modify) {
      return increment(modify, now);
    }
    if (command instanceof Command.Transact transact) {
      boolean holds =
          transact.comparisons().stream()
              .allMatch(comparison -> ModelRules.holds(comparison, entry(comparison.key())));
      return transact(holds, holds ? transact.then() : transact.otherwise(), now);
    }
    if (command instanceof Command.DeleteRange range) {
      return deleteRange(range, now);
    }
    return command instanceof Command.Compact compact
        ? compact(compact.revision())
        : leases.apply(command, now);
  }

  /** Deletes what is due, then ends what leases are over; returns how much, and whether more is. */
  Outcome.Expired expire(int limit, long now) {
    List<Entry> due =
        current.values().stream()
            .filter(entry -> entry.expires() && entry.expiresAt() <= now)
            .sorted(Comparator.comparingLong(Entry::expiresAt).thenComparing(Entry::key))
            .limit(limit)
            .toList();
    deleteAll(due, Reason.EXPIRED, now);
    int expired = due.size();
    Lease over = leases.firstOver(now);
    while (over != null && expired < limit) {
      expired += Math.max(1, leases.expire(over, now));
      over = leases.firstOver(now);
    }
    return new Outcome.Expired(expired, over != null || due.size() == limit);
  }

  /** A write by itself: a transaction without the wrapping. */
  private Outcome alone(Operation write, long now) {
    Outcome outcome = transact(true, List.of(write), now);
    return outcome instanceof Outcome.OperationRefused refused
        ? refused.reason()
        : ((Outcome.Transacted) outcome).results().get(0);
  }

  private Outcome transact(boolean succeeded, List<Operation> operations, long now) {
    Outcome refusal = refusal(succeeded, operations, now);
    if (refusal != null) {
      return refusal;
    }
    long next = revision() + 1;
    begin();
    List<Outcome> results = new ArrayList<>();
    long[] listed = {0};
    operations.forEach(operation -> results.add(perform(operation, next, now, listed)));
    commit();
    return new Outcome.Transacted(succeeded, revision(), results);
  }

  private @Nullable Outcome refusal(boolean succeeded, List<Operation> operations, long now) {
    Map<Long, Integer> fresh = new HashMap<>();
    long read = 0;
    for (int i = 0; i < operations.size(); i++) {
      Operation operation = operations.get(i);
      Outcome refusal = null;
      if (operation instanceof Command.Put put) {
        refusal = unmet(put.condition(), put.key());
        refusal = refusal == null ? leases.refusal(put, now, fresh) : refusal;
      } else if (operation instanceof Command.Delete delete) {
        refusal = unmet(delete.condition(), delete.key());
      } else if (operation instanceof Operation.Get get) {
        read += ModelRules.sizeRead(entry(get.key()), get.key(), operations.subList(0, i));
      }
      if (refusal != null) {
        return new Outcome.OperationRefused(succeeded, i, refusal);
      }
    }
    return read <= limits.pageBytes() ? null : ModelRules.readsTooMuch(limits.pageBytes());
  }

  private Outcome perform(Operation operation, long next, long now, long[] listed) {
    if (operation instanceof Command.Put put) {
      return put(put, next, now);
    }
    if (operation instanceof Command.Delete delete) {
      Entry before = entry(delete.key());
      if (before == null) {
        return new Outcome.Missing();
      }
      delete(before, next, now, Reason.CLIENT);
      return new Outcome.Deleted(next);
    }
    if (operation instanceof Operation.Get get) {
      Entry entry = entry(get.key());
      return entry == null ? new Outcome.Missing() : new Outcome.Found(entry);
    }
    Operation.ListRange list = (Operation.ListRange) operation;
    List<Entry> all = inRange(list.range());
    List<Entry> shown = new ArrayList<>();
    while (shown.size() < Math.min(all.size(), list.limit()) && listed[0] <= limits.pageBytes()) {
      Entry first = all.get(shown.size());
      listed[0] += 100 + first.key().utf8().size() + first.value().size();
      shown.add(first);
    }
    return new Outcome.Listed(shown, shown.size() < all.size());
  }

  private Outcome.Written put(Command.Put put, long next, long now) {
    Entry before = entry(put.key());
    Entry kept = put.lifetime() instanceof Lifetime.Keep ? before : null;
    Entry entry =
        new Entry(
            put.key(),
            put.value(),
            put.contentType(),
            before == null ? next : before.createRevision(),
            next,
            before == null ? 1 : before.version() + 1,
            now,
            put.lifetime() instanceof Lifetime.Until until
                ? until.expiresAt()
                : kept == null ? 0 : kept.expiresAt(),
            put.lifetime() instanceof Lifetime.OnLease on
                ? on.lease()
                : kept == null ? 0 : kept.lease());
    current.put(put.key().utf8(), entry);
    long previous = before == null ? 0 : before.modRevision();
    change(new Event(next, previous, now, Reason.CLIENT, put.key(), entry));
    return new Outcome.Written(
        before == null,
        entry.createRevision(),
        next,
        entry.version(),
        now,
        entry.expiresAt(),
        entry.lease());
  }

  private Outcome increment(Command.Modify modify, long now) {
    Entry before = entry(modify.key());
    Outcome failed = unmet(modify.condition(), modify.key());
    if (failed != null) {
      return failed;
    }
    String document = modify.patch().document().toUtf8();
    BigDecimal sum = new BigDecimal(document.replaceAll("[^-.0-9]", ""));
    if (before != null) {
      if (!before.value().toUtf8().matches("-?[0-9]+([.][0-9]+)?")) {
        return ModelRules.noDecimal();
      }
      sum = sum.add(new BigDecimal(before.value().toUtf8()));
    }
    Bytes value = Bytes.ofUtf8(sum.toPlainString());
    String type = before == null ? "text/plain" : before.contentType();
    begin();
    Outcome.Written written =
        put(
            new Command.Put(modify.key(), value, type, new Lifetime.Keep(), Condition.NONE),
            revision() + 1,
            now);
    commit();
    return new Outcome.Modified(written, value, type);
  }

  private Outcome deleteRange(Command.DeleteRange command, long now) {
    List<Entry> entries = inRange(command.range()).stream().limit(command.limit()).toList();
    deleteAll(entries, Reason.CLIENT, now);
    boolean full = entries.size() == command.limit();
    return new Outcome.RangeDeleted(
        command.deletedBefore() + entries.size(),
        full ? entries.get(entries.size() - 1).key().utf8() : null);
  }

  /** Deletes the keys of a lease; returns how many there were. */
  int deleteKeys(long lease, long now) {
    List<Entry> entries = keysOf(lease).stream().map(key -> current.get(key.utf8())).toList();
    deleteAll(entries, Reason.LEASE, now);
    return entries.size();
  }

  private Outcome compact(long revision) {
    if (revision > revision()) {
      return ModelRules.aboveTheNewest(revision());
    }
    compacted = Math.max(compacted, revision);
    return new Outcome.Compacted(compacted);
  }

  private @Nullable Outcome unmet(Condition condition, Key key) {
    Entry before = entry(key);
    return condition.holds(before)
        ? null
        : new Outcome.ConditionFailed(before == null ? 0 : before.modRevision());
  }

  private void deleteAll(List<Entry> entries, Reason reason, long now) {
    long next = revision() + 1;
    begin();
    entries.forEach(entry -> delete(entry, next, now, reason));
    commit();
  }

  private void delete(Entry before, long revision, long now, Reason reason) {
    current.remove(before.key().utf8());
    change(new Event(revision, before.modRevision(), now, reason, before.key(), null));
  }

  private void change(Event event) {
    changes.put(event.key(), event);
  }

  private void begin() {
    changes.clear();
  }

  /** A revision is one that has an event. */
  private void commit() {
    if (!changes.isEmpty()) {
      events.addAll(changes.values());
      revisions.add(new TreeMap<>(current));
    }
  }

  private @Nullable Entry entry(Key key) {
    return current.get(key.utf8());
  }

  private List<Entry> inRange(KeyRange range) {
    return current.values().stream().filter(entry -> range.contains(entry.key().utf8())).toList();
  }
}
