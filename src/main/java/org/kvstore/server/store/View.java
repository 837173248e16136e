package org.kvstore.server.store;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksIterator;
import org.rocksdb.Snapshot;
import org.rocksdb.TickerType;

/**
 * The state of the store at one revision, complete and durable.
 *
 * <p>It counts who uses it: the store while it is published, and each pinned view. The last to
 * release it frees the snapshot, which must be before the database closes.
 */
final class View {
  private final Database database;
  private final long revision;
  private final long compacted;
  private final Snapshot snapshot;
  private final ReadOptions options;
  private final AtomicInteger users = new AtomicInteger(1);

  /** Takes the newest state, which the caller knows to be that of the given revision. */
  View(Database database, long revision, long compacted) {
    this.database = database;
    this.revision = revision;
    this.compacted = compacted;
    snapshot = database.snapshot();
    options = new ReadOptions().setSnapshot(snapshot);
  }

  long revision() {
    return revision;
  }

  /** Revisions below this one can no longer be read. */
  long compacted() {
    return compacted;
  }

  ReadOptions options() {
    return options;
  }

  /** Reads of the change log and of versions. */
  ChangeReader changes() {
    return new ChangeReader(this, database);
  }

  /** Rows of history that can go. */
  Sweeper sweeper() {
    return new Sweeper(database, compacted);
  }

  /** Copies the database as of now, which is not before this view, into a directory. */
  Path checkpoint(Path target) {
    database.checkpoint(target);
    return target;
  }

  /** Only while somebody uses it. */
  View retain() {
    users.incrementAndGet();
    return this;
  }

  void release() {
    if (users.decrementAndGet() == 0) {
      options.close();
      database.release(snapshot);
    }
  }

  @Nullable Entry get(Key key) {
    byte[] row = database.get(Table.CURRENT, options, Rows.currentKey(key));
    return row == null ? null : Rows.currentEntry(key, row, database.dataKey());
  }

  /** The entry as it was at an earlier revision, or null when it did not exist then. */
  @Nullable Entry getAt(Key key, long at) {
    requireReadable(at);
    if (at == revision) {
      return get(key);
    }
    try (RocksIterator versions = database.iterator(Table.VERSIONS, options)) {
      versions.seek(Rows.versionKey(key.utf8(), at));
      if (versions.isValid()) {
        byte[] rowKey = versions.key();
        return Rows.keyOfVersion(rowKey).equals(key) ? entryOf(rowKey, versions.value()) : null;
      }
      Database.check(versions);
      return null;
    }
  }

  /** Walks the keys of a range as they were at a revision; the caller closes it. */
  EntryWalk walk(KeyRange range, boolean descending, long at) {
    requireReadable(at);
    if (at == revision) {
      return new CurrentWalk(database, options, range, descending);
    }
    return new HistoryWalk(this, database.iterator(Table.VERSIONS, options), range, descending, at);
  }

  /** The entry that a row of versions points at, or null when the version is a delete. */
  @Nullable Entry entryOf(byte[] versionKey, byte[] version) {
    return Rows.existsInVersion(version) ? eventOf(versionKey).entry() : null;
  }

  /** The event that a row of versions points at. */
  Event eventOf(byte[] versionKey) {
    return event(Rows.changeKeyOfVersion(versionKey));
  }

  /** The event of a row of changes that is known to be there. */
  Event event(byte[] changeKey) {
    byte[] row = database.get(Table.CHANGES, options, changeKey);
    if (row == null) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "A version has no row in the change log.");
    }
    return Rows.changeEvent(changeKey, row, database.dataKey());
  }

  /** A lease, or null. */
  @Nullable Lease lease(long id) {
    byte[] row = database.get(Table.LEASES, options, LeaseRows.lease(id));
    return row == null ? null : LeaseRows.lease(id, row);
  }

  /** The first keys that hang on a lease. */
  List<Key> leaseKeys(long id, int limit) {
    List<Key> keys = new ArrayList<>();
    try (RocksIterator rows = database.iterator(Table.LEASES, options)) {
      rows.seek(LeaseRows.keys(id));
      while (rows.isValid() && keys.size() < limit && LeaseRows.isKeyOf(id, rows.key())) {
        keys.add(LeaseRows.keyOf(rows.key()));
        rows.next();
      }
      Database.check(rows);
    }
    return keys;
  }

  /** The first leases above a number that were revoked here and have branches yet to be told. */
  List<Lease> endings(long above, int limit) {
    List<Lease> endings = new ArrayList<>();
    try (RocksIterator rows = database.iterator(Table.LEASES, options)) {
      rows.seek(LeaseRows.ending(above + 1));
      while (rows.isValid() && endings.size() < limit && LeaseRows.isEnding(rows.key())) {
        Lease ending = lease(LeaseRows.leaseOfEnding(rows.key()));
        if (ending != null) {
          endings.add(ending);
        }
        rows.next();
      }
      Database.check(rows);
    }
    return endings;
  }

  /** Whether the first row at or above a position carries a time below the given one. */
  private boolean hasRowBelow(Table table, byte[] from, ToLongFunction<byte[]> timeOf, long time) {
    try (RocksIterator rows = database.iterator(table, options)) {
      rows.seek(from);
      if (!rows.isValid()) {
        Database.check(rows);
        return false;
      }
      return timeOf.applyAsLong(rows.key()) < time;
    }
  }

  long usedBytes() {
    return database.total("rocksdb.live-sst-files-size") + database.logBytes();
  }

  /** What is remembered of a named request, or null. */
  RequestRows.@Nullable Remembered remembered(String name) {
    byte[] row = database.get(Table.REQUESTS, options, RequestRows.byName(name));
    return row == null ? null : RequestRows.remembered(name, row, database.dataKey());
  }

  /** Rewrites a table without what was deleted; false when the store is about to close. */
  boolean reclaim(Table table) {
    return database.reclaim(table);
  }

  /** Whether there is something to expire at a time, or a request from before another to forget. */
  boolean isDue(QueueHeads heads, long time, long forgotten) {
    return hasRowBelow(
            Table.DEADLINES,
            Rows.deadlineStart(heads.deadlines().time()),
            Rows::timeOfDeadline,
            time + 1)
        || hasRowBelow(
            Table.LEASES, LeaseRows.times(heads.leases().time()), LeaseRows::timeOf, time + 1)
        || hasRowBelow(
            Table.REQUESTS,
            RequestRows.byTime(heads.requests().time(), ""),
            RequestRows::timeOf,
            forgotten);
  }

  StoreStatistics statistics(EntryCache cache, int pinnedViews) {
    return new StoreStatistics(
        revision,
        compacted,
        database.property(Table.CURRENT, "rocksdb.estimate-num-keys"),
        database.total("rocksdb.total-sst-files-size"),
        database.ticker(TickerType.WAL_FILE_SYNCED),
        database.ticker(TickerType.WAL_FILE_BYTES),
        database.logBytes(),
        usedBytes(),
        cache.hits(),
        cache.misses(),
        database.ticker(TickerType.BLOCK_CACHE_HIT),
        database.ticker(TickerType.BLOCK_CACHE_MISS),
        database.cacheBytes(),
        database.total("rocksdb.cur-size-all-mem-tables"),
        database.total("rocksdb.estimate-table-readers-mem"),
        database.total("rocksdb.estimate-pending-compaction-bytes"),
        database.level0Files(),
        database.ticker(TickerType.STALL_MICROS),
        database.property(Table.CURRENT, "rocksdb.is-write-stopped") != 0,
        database.property(Table.CURRENT, "rocksdb.actual-delayed-write-rate"),
        database.property(Table.CURRENT, "rocksdb.background-errors"),
        pinnedViews);
  }

  /**
   * @throws KeyValueException COMPACTED below what is retained, REQUEST_INVALID in the future
   */
  void requireReadable(long at) {
    if (at > revision) {
      throw KeyValueException.invalid(
              "revision", "The revision is above the newest one, " + revision + ".")
          .withLimit(revision);
    }
    if (at < compacted) {
      throw compactedBelow();
    }
  }

  /**
   * Whether all events after a revision are there.
   *
   * @throws KeyValueException COMPACTED below what is retained, REQUEST_INVALID in the future
   */
  void requireFollowable(long after) {
    requireReadable(after == 0 ? revision : after);
    if (after < compacted) {
      throw compactedBelow();
    }
  }

  private KeyValueException compactedBelow() {
    return KeyValueException.of(
            ErrorCode.COMPACTED, "Revisions below " + compacted + " are compacted.")
        .withLimit(compacted);
  }
}
