package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.Sealer;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * A group of commands while it is evaluated: the newest state of the database with the group's own
 * changes on top, and the one batch that will make them durable. Used by one thread.
 *
 * <p>What it shows never depends on where groups begin and end: replicas that cut the same log into
 * other groups come to the same state.
 */
final class Staging {
  static final byte[] REVISION = Bytes.ofUtf8("revision").toArray();
  static final byte[] COMPACTED = Bytes.ofUtf8("compacted").toArray();
  private static final byte[] NOTHING = new byte[0];
  private static final int ENTRY_BYTES = 100;

  private final Database database;
  private final @Nullable DataKey dataKey;
  private final EntryCache cache;
  private final QueueHeads heads;
  private final QueueHead deadlines;
  private final StagedBatch batch;
  private final StagedLeases leases;
  private final StagedRequests requests;
  private final Map<Key, Optional<Entry>> changed = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final long startRevision;
  private long revision;
  private @Nullable Sealer sealer;
  private long compacted;

  Staging(Database database, EntryCache cache, View view, QueueHeads heads) {
    this.database = database;
    dataKey = database.dataKey();
    this.cache = cache;
    this.heads = heads;
    deadlines = heads.deadlines();
    batch = new StagedBatch(database);
    leases = new StagedLeases(database, batch, heads);
    requests = new StagedRequests(database, batch, heads, this::sealer);
    startRevision = view.revision();
    revision = startRevision;
    compacted = view.compacted();
  }

  /** The revision of the newest change, or the one before the group. */
  long revision() {
    return revision;
  }

  /** The changes of the group, in their order. */
  List<Event> events() {
    events.sort(Event.ORDER);
    return events;
  }

  /** Whether there is nothing to write. */
  boolean isEmpty() {
    return batch.isEmpty();
  }

  /** The batch, complete; the caller closes it. */
  WriteBatch finish() {
    if (revision != startRevision) {
      put(Table.META, REVISION, new Encoder(Long.BYTES).fixed64(revision).toArray());
    }
    return batch.toWriteBatch();
  }

  /** The oldest revision that can be read. */
  long compacted() {
    return compacted;
  }

  /** Gives up the history before a revision. */
  void compact(long before) {
    compacted = before;
    put(Table.META, COMPACTED, new Encoder(Long.BYTES).fixed64(before).toArray());
  }

  /** The leases. */
  StagedLeases leases() {
    return leases;
  }

  /** What is remembered of named requests. */
  StagedRequests requests() {
    return requests;
  }

  /** Begins the changes of one command, which share a revision. */
  long nextRevision() {
    return ++revision;
  }

  /** The newest entry of a key, or null. */
  @Nullable Entry get(Key key) {
    Optional<Entry> staged = changed.get(key);
    if (staged != null) {
      return staged.orElse(null);
    }
    Entry cached = cache.get(key);
    if (cached != null) {
      return cached;
    }
    byte[] row = database.get(Table.CURRENT, database.newest(), Rows.currentKey(key));
    return row == null ? null : Rows.currentEntry(key, row, dataKey);
  }

  /**
   * The first entries of a range, as of now, in order; without values and types, as there may be
   * many. What does not decrypt is among them.
   */
  List<Entry> first(KeyRange range, int limit) {
    TreeMap<Key, Entry> found = new TreeMap<>();
    try (CurrentWalk walk = walk(range)) {
      for (; walk.isValid() && found.size() < limit; walk.next()) {
        Key key = new Key(walk.key());
        if (!changed.containsKey(key)) {
          found.put(key, walk.head());
        }
      }
    }
    return withChanges(found, range, limit).map(Rows::withoutValue).toList();
  }

  /**
   * The same with values, until they take more than a number of bytes; then one more, which shows
   * that there is more, without its value.
   */
  List<Entry> first(KeyRange range, int limit, long maxBytes) {
    TreeMap<Key, Entry> found = new TreeMap<>();
    long bytes = 0;
    boolean full = false;
    try (CurrentWalk walk = walk(range)) {
      for (; walk.isValid() && found.size() < limit && !full; walk.next()) {
        Key key = new Key(walk.key());
        if (!changed.containsKey(key)) {
          full = bytes > maxBytes;
          Entry entry = walk.entry();
          found.put(key, full ? Rows.withoutValue(entry) : entry);
          bytes += weight(entry);
        }
      }
    }
    return withChanges(found, range, limit).toList();
  }

  private CurrentWalk walk(KeyRange range) {
    return new CurrentWalk(database, database.newest(), range, false);
  }

  private Stream<Entry> withChanges(TreeMap<Key, Entry> stored, KeyRange range, int limit) {
    changed.forEach(
        (key, entry) -> {
          if (range.contains(key.utf8())) {
            entry.ifPresent(present -> stored.put(key, present));
          }
        });
    return stored.values().stream().limit(limit);
  }

  /** What an entry takes in a list: bytes, about. */
  static long weight(Entry entry) {
    return ENTRY_BYTES + entry.key().utf8().size() + entry.value().size();
  }

  /** Begins a look for what is over at a time. */
  void beginLook(long time) {
    heads.beginLook(time);
  }

  /**
   * The newest entry of a key, if it and its lease can be read; null when there is none. One that
   * cannot be read may not keep others from their end.
   */
  @Nullable Entry readable(Key key) {
    try {
      Entry entry = get(key);
      if (entry != null && entry.lease() != Entry.NO_LEASE) {
        leases.get(entry.lease());
      }
      return entry;
    } catch (RuntimeException e) {
      heads.unreadable().pass(Table.CURRENT, Rows.currentKey(key), e);
      return null;
    }
  }

  /**
   * The entries whose deadline is at or before a time, the earliest first; without values. Those
   * that cannot be read are left where they are.
   */
  List<Entry> due(long time, int limit) {
    TreeMap<Bytes, Entry> due = new TreeMap<>();
    try (RocksIterator rows = database.iterator(Table.DEADLINES, database.newest())) {
      rows.seek(Rows.deadlineStart(deadlines.time()));
      deadlines.raise(Long.MAX_VALUE);
      for (; rows.isValid(); rows.next()) {
        byte[] row = rows.key();
        if (Rows.timeOfDeadline(row) > time || due.size() == limit) {
          deadlines.raise(Rows.timeOfDeadline(row));
          break;
        }
        Key key = Rows.keyOfDeadline(row);
        Entry entry = changed.containsKey(key) ? null : readable(key);
        if (entry != null && entry.expiresAt() == Rows.timeOfDeadline(row)) {
          due.put(Bytes.takeOver(row), Rows.withoutValue(entry));
        }
      }
      Database.check(rows);
    }
    for (Optional<Entry> staged : changed.values()) {
      staged
          .filter(entry -> entry.expires() && entry.expiresAt() <= time)
          .ifPresent(entry -> due.put(deadlineRow(entry), entry));
    }
    changed.values().forEach(staged -> staged.filter(Entry::expires).ifPresent(this::include));
    due.values().stream().skip(limit).forEach(this::include);
    return due.values().stream().limit(limit).toList();
  }

  /** Replaces or creates an entry, as a change of the current revision. */
  void put(Entry entry, @Nullable Entry before) {
    clearDeadline(before);
    byte[] row = Rows.currentValue(entry, sealer());
    put(Table.CURRENT, Rows.currentKey(entry.key()), row);
    if (entry.expires()) {
      put(Table.DEADLINES, Rows.deadlineKey(entry.expiresAt(), entry.key()), NOTHING);
      include(entry);
    }
    leases.move(entry.key(), before == null ? Entry.NO_LEASE : before.lease(), entry.lease());
    changed.put(entry.key(), Optional.of(entry));
    long previous = before == null ? 0 : before.modRevision();
    log(new Event(revision, previous, entry.modifiedAt(), Reason.CLIENT, entry.key(), entry), row);
  }

  /** Deletes an entry, as a change of the current revision. */
  void delete(Entry before, Reason reason, long time) {
    clearDeadline(before);
    leases.move(before.key(), before.lease(), Entry.NO_LEASE);
    delete(Table.CURRENT, Rows.currentKey(before.key()));
    changed.put(before.key(), Optional.empty());
    log(new Event(revision, before.modRevision(), time, reason, before.key(), null), NOTHING);
  }

  /** The group's own; null when nothing is encrypted. */
  private @Nullable Sealer sealer() {
    if (sealer == null && dataKey != null) {
      sealer = dataKey.sealer();
    }
    return sealer;
  }

  private void log(Event event, byte[] entry) {
    events.add(event);
    put(
        Table.CHANGES,
        Rows.changeKey(event.revision(), event.key()),
        Rows.changeValue(event, entry));
    put(
        Table.VERSIONS,
        Rows.versionKey(event.key().utf8(), event.revision()),
        Rows.versionValue(event));
  }

  private void include(Entry entry) {
    deadlines.include(entry.expiresAt());
  }

  private static Bytes deadlineRow(Entry entry) {
    return Bytes.takeOver(Rows.deadlineKey(entry.expiresAt(), entry.key()));
  }

  private void clearDeadline(@Nullable Entry before) {
    if (before != null && before.expires()) {
      delete(Table.DEADLINES, Rows.deadlineKey(before.expiresAt(), before.key()));
    }
  }

  void put(Table table, byte[] key, byte[] value) {
    batch.put(table, key, value);
  }

  private void delete(Table table, byte[] key) {
    batch.delete(table, key);
  }
}
