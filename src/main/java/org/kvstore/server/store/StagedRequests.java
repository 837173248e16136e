package org.kvstore.server.store;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.Sealer;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.store.RequestRows.Remembered;
import org.rocksdb.RocksIterator;

/**
 * What is remembered of named requests, while a group of commands is evaluated: {@link Staging}
 * says how.
 */
final class StagedRequests {
  private static final byte[] NOTHING = new byte[0];

  private final Database database;
  private final StagedBatch batch;
  private final QueueHead times;
  private final UnreadableRows unreadable;
  private final Supplier<@Nullable Sealer> sealer;
  private final Map<String, Optional<Remembered>> changed = new HashMap<>();

  /** Rows by time that the group added (true) or deleted (false). */
  private final TreeMap<Bytes, Boolean> rows = new TreeMap<>();

  /**
   * @param sealer the group's own; gives null when nothing is encrypted
   */
  StagedRequests(
      Database database, StagedBatch batch, QueueHeads heads, Supplier<@Nullable Sealer> sealer) {
    this.database = database;
    this.batch = batch;
    times = heads.requests();
    unreadable = heads.unreadable();
    this.sealer = sealer;
  }

  /** What is remembered of a request, or null. */
  @Nullable Remembered get(String name) {
    Optional<Remembered> staged = changed.get(name);
    if (staged != null) {
      return staged.orElse(null);
    }
    byte[] row = database.get(Table.REQUESTS, database.newest(), RequestRows.byName(name));
    return row == null ? null : RequestRows.remembered(name, row, database.dataKey());
  }

  /** Remembers a request, as durably as its changes. */
  void put(String name, Remembered request) {
    byte[] byTime = RequestRows.byTime(request.time(), name);
    changed.put(name, Optional.of(request));
    rows.put(Bytes.copyOf(byTime), true);
    batch.put(
        Table.REQUESTS, RequestRows.byName(name), RequestRows.value(name, request, sealer.get()));
    batch.put(Table.REQUESTS, byTime, NOTHING);
    times.include(request.time());
  }

  /** Forgets requests that were submitted before a time; true when some are left over. */
  boolean forget(long before, int limit) {
    TreeSet<Bytes> old = stored(before, limit);
    rows.headMap(Bytes.takeOver(RequestRows.byTime(before, "")))
        .forEach(
            (row, present) -> {
              if (present) {
                old.add(row);
              }
            });
    rows.forEach(
        (row, present) -> {
          if (present) {
            times.include(RequestRows.timeOf(row.toArray()));
          }
        });
    old.stream().skip(limit).forEach(row -> times.include(RequestRows.timeOf(row.toArray())));
    old.stream().limit(limit).forEach(row -> forget(row.toArray()));
    return old.size() > limit;
  }

  /** The first rows by time that the group has not touched; one more than the limit, if any. */
  private TreeSet<Bytes> stored(long before, int limit) {
    TreeSet<Bytes> old = new TreeSet<>();
    try (RocksIterator row = database.iterator(Table.REQUESTS, database.newest())) {
      row.seek(RequestRows.byTime(times.time(), ""));
      times.raise(Long.MAX_VALUE);
      for (; row.isValid(); row.next()) {
        byte[] byTime = row.key();
        if (RequestRows.timeOf(byTime) >= before || old.size() > limit) {
          times.raise(RequestRows.timeOf(byTime));
          break;
        }
        if (!rows.containsKey(Bytes.copyOf(byTime))) {
          old.add(Bytes.takeOver(byTime));
        }
      }
      Database.check(row);
    }
    return old;
  }

  private void forget(byte[] byTime) {
    String name = RequestRows.nameOf(byTime);
    Remembered request;
    try {
      request = get(name);
    } catch (RuntimeException e) {
      unreadable.pass(Table.REQUESTS, RequestRows.byName(name), e);
      return;
    }
    if (request != null && request.time() == RequestRows.timeOf(byTime)) {
      changed.put(name, Optional.empty());
      batch.delete(Table.REQUESTS, RequestRows.byName(name));
    }
    rows.put(Bytes.copyOf(byTime), false);
    batch.delete(Table.REQUESTS, byTime);
  }
}
