package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.RequestRows.Remembered;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * A group of commands while it is evaluated: the newest state of the database with the group's own
 * changes on top, and the one batch that will make them durable. Used by one thread.
 */
final class Staging implements AutoCloseable {
  static final byte[] REVISION = Bytes.ofUtf8("revision").toArray();
  static final byte[] COMPACTED = Bytes.ofUtf8("compacted").toArray();
  private static final byte[] NOTHING = new byte[0];

  private final Database database;
  private final WriteBatch batch = new WriteBatch();
  private final Map<Key, Optional<Entry>> changed = new HashMap<>();
  private final Map<String, Remembered> remembered = new HashMap<>();
  private final List<Event> events = new ArrayList<>();
  private final long startRevision;
  private long revision;
  private int index;

  Staging(Database database, long revision) {
    this.database = database;
    this.revision = revision;
    startRevision = revision;
  }

  /** The revision of the newest change, or the one before the group. */
  long revision() {
    return revision;
  }

  /** The changes of the group, in order. */
  List<Event> events() {
    return events;
  }

  /** Whether there is nothing to write. */
  boolean isEmpty() {
    return batch.count() == 0;
  }

  /** The batch, complete. */
  WriteBatch finish() {
    if (revision != startRevision) {
      put(Table.META, REVISION, new Encoder(Long.BYTES).fixed64(revision).toArray());
    }
    return batch;
  }

  /** Begins the changes of one command, which share a revision. */
  long nextRevision() {
    index = 0;
    return ++revision;
  }

  /** The newest entry of a key, or null. */
  @Nullable Entry get(Key key) {
    Optional<Entry> staged = changed.get(key);
    if (staged != null) {
      return staged.orElse(null);
    }
    byte[] row = database.get(Table.CURRENT, database.newest(), Rows.currentKey(key));
    return row == null ? null : Rows.currentEntry(key, row);
  }

  /** The first entries of a range, as of now, in order. */
  List<Entry> first(KeyRange range, int limit) {
    TreeMap<Key, Entry> found = new TreeMap<>();
    try (EntryWalk walk =
        new CurrentWalk(database.iterator(Table.CURRENT, database.newest()), range, false)) {
      for (; walk.isValid() && found.size() < limit; walk.next()) {
        Key key = new Key(walk.key());
        if (!changed.containsKey(key)) {
          found.put(key, walk.entry());
        }
      }
    }
    changed.forEach(
        (key, entry) -> {
          if (range.contains(key.utf8())) {
            entry.ifPresent(present -> found.put(key, present));
          }
        });
    return found.values().stream().limit(limit).toList();
  }

  /** The first keys whose deadline is at or before a time, with an entry that still has it. */
  List<Entry> due(long time, int limit) {
    List<Entry> due = new ArrayList<>();
    try (RocksIterator rows = database.iterator(Table.DEADLINES, database.newest())) {
      for (rows.seekToFirst(); rows.isValid() && due.size() < limit; rows.next()) {
        long deadline = Rows.timeOfDeadline(rows.key());
        if (deadline > time) {
          return due;
        }
        Entry entry = get(Rows.keyOfDeadline(rows.key()));
        if (entry != null && entry.expiresAt() == deadline) {
          due.add(entry);
        }
      }
      Database.check(rows);
    }
    return due;
  }

  /** Replaces or creates an entry, as a change of the current revision. */
  void put(Entry entry, @Nullable Entry before) {
    clearDeadline(before);
    put(Table.CURRENT, Rows.currentKey(entry.key()), Rows.currentValue(entry));
    if (entry.expires()) {
      put(Table.DEADLINES, Rows.deadlineKey(entry.expiresAt(), entry.key()), NOTHING);
    }
    changed.put(entry.key(), Optional.of(entry));
    log(new Event(revision, index++, Reason.CLIENT, entry.key(), entry));
  }

  /** Deletes an entry, as a change of the current revision. */
  void delete(Entry before, Reason reason) {
    clearDeadline(before);
    delete(Table.CURRENT, Rows.currentKey(before.key()));
    changed.put(before.key(), Optional.empty());
    log(new Event(revision, index++, reason, before.key(), null));
  }

  /** What is remembered of a named request, or null. */
  @Nullable Remembered remembered(String name) {
    Remembered staged = remembered.get(name);
    if (staged != null) {
      return staged;
    }
    byte[] row = database.get(Table.REQUESTS, database.newest(), RequestRows.byName(name));
    return row == null ? null : RequestRows.remembered(row);
  }

  /** Remembers a named request, as durably as its changes. */
  void remember(String name, Remembered request) {
    remembered.put(name, request);
    put(Table.REQUESTS, RequestRows.byName(name), RequestRows.value(request));
    put(Table.REQUESTS, RequestRows.byTime(request.time(), name), NOTHING);
  }

  /** Forgets requests that were submitted before a time; true when some are left over. */
  boolean forget(long before, int limit) {
    int forgotten = 0;
    try (RocksIterator rows = database.iterator(Table.REQUESTS, database.newest())) {
      for (rows.seek(RequestRows.byTime(0, "")); rows.isValid(); rows.next()) {
        byte[] row = rows.key();
        long time = RequestRows.timeOf(row);
        if (time >= before) {
          return false;
        }
        if (forgotten++ == limit) {
          return true;
        }
        String name = RequestRows.nameOf(row);
        Remembered request = remembered(name);
        if (request != null && request.time() == time) {
          delete(Table.REQUESTS, RequestRows.byName(name));
        }
        delete(Table.REQUESTS, row);
      }
      Database.check(rows);
    }
    return false;
  }

  @Override
  public void close() {
    batch.close();
  }

  private void log(Event event) {
    events.add(event);
    put(Table.CHANGES, Rows.changeKey(event.revision(), event.index()), Rows.changeValue(event));
    put(
        Table.VERSIONS,
        Rows.versionKey(event.key().utf8(), event.revision()),
        Rows.versionValue(event));
  }

  private void clearDeadline(@Nullable Entry before) {
    if (before != null && before.expires()) {
      delete(Table.DEADLINES, Rows.deadlineKey(before.expiresAt(), before.key()));
    }
  }

  private void put(Table table, byte[] key, byte[] value) {
    try {
      batch.put(database.handle(table), key, value);
    } catch (RocksDBException e) {
      throw batchFailure(e);
    }
  }

  private void delete(Table table, byte[] key) {
    try {
      batch.delete(database.handle(table), key);
    } catch (RocksDBException e) {
      throw batchFailure(e);
    }
  }

  private static KeyValueException batchFailure(RocksDBException e) {
    return KeyValueException.of(ErrorCode.INTERNAL, "The change could not be staged.").withCause(e);
  }
}
