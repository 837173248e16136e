package org.kvstore.server.store;

import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.rocksdb.RocksIterator;

/**
 * Holds the tables of a shard against each other: each row is read, and the rows that it implies
 * are looked up. In constant memory, as it keeps nothing from one row to the next but a count.
 *
 * <p>Of the history below the compacted revision any part may have been swept, a version always
 * together with its change.
 */
final class TableCheck {
  private final Database database;
  private final Findings findings;
  private final long compacted;
  private final long revision;
  private final long lastLease;
  private final ContentDigest content;

  /** The newest revision that the change log was seen to have. */
  private long reached;

  /** The version before in the order of its table, which is the next newer one of the same key. */
  private byte @Nullable [] newer;

  private TableCheck(Database database, Findings findings) {
    this.database = database;
    this.findings = findings;
    compacted = number(Staging.COMPACTED);
    revision = number(Staging.REVISION);
    lastLease = number(StagedLeases.LAST_LEASE);
    reached = compacted;
    content = new ContentDigest(database, compacted);
  }

  /** Checks all tables. */
  static void run(Database database, Findings findings) {
    TableCheck check;
    try {
      check = new TableCheck(database, findings);
    } catch (RuntimeException e) {
      findings.problem("table " + name(Table.META), e);
      return;
    }
    check.run();
  }

  private interface RowCheck {
    void check(byte[] key, byte[] value);
  }

  private void run() {
    findings.checked("  revision %d, history from %d", revision, compacted);
    walk(Table.META, (key, value) -> {});
    walk(Table.CURRENT, this::checkEntry);
    walk(Table.CHANGES, this::checkChange);
    require(reached >= revision, Table.CHANGES, "the end", "revisions after %d", reached);
    walk(Table.VERSIONS, this::checkVersion);
    walk(Table.DEADLINES, (key, value) -> checkDeadline(key));
    walk(Table.LEASES, this::checkLeaseRow);
    walk(Table.REQUESTS, this::checkRequestRow);
    findings.checked("  %-10s %s", "digest", content.hex());
  }

  private void walk(Table table, RowCheck check) {
    long rows = 0;
    try (RocksIterator row = database.iterator(table, database.newest())) {
      for (row.seekToFirst(); row.isValid(); row.next()) {
        rows++;
        checkRow(table, row.key(), row.value(), check);
      }
      Database.check(row);
    } catch (RuntimeException e) {
      findings.problem("table " + name(table) + " after row " + rows, e);
    }
    findings.checked("  %-10s %d rows", name(table), rows);
  }

  private void checkRow(Table table, byte[] key, byte[] value, RowCheck check) {
    try {
      check.check(key, value);
      content.add(table, key, value);
    } catch (RuntimeException e) {
      findings.problem("table " + name(table) + ", row " + text(key), e);
    }
  }

  private void checkEntry(byte[] rowKey, byte[] row) {
    Key key = Key.ofStored(rowKey);
    Entry entry = Rows.currentEntry(key, row, database.dataKey());
    long at = entry.modRevision();
    String text = text(rowKey);
    require(at <= revision, Table.CURRENT, text, "a revision up to the newest, not %d", at);
    requireRow(Table.VERSIONS, Rows.versionKey(key.utf8(), at), Table.CURRENT, text);
    if (entry.expires()) {
      requireRow(Table.DEADLINES, Rows.deadlineKey(entry.expiresAt(), key), Table.CURRENT, text);
    }
    if (entry.lease() != Entry.NO_LEASE) {
      requireRow(Table.LEASES, LeaseRows.key(entry.lease(), key), Table.CURRENT, text);
      requireRow(Table.LEASES, LeaseRows.lease(entry.lease()), Table.CURRENT, text);
    }
  }

  private void checkChange(byte[] rowKey, byte[] row) {
    Event event = Rows.changeEvent(rowKey, row, database.dataKey());
    long at = event.revision();
    require(at <= revision, Table.CHANGES, text(rowKey), "a revision up to %d", revision);
    if (at > reached) {
      require(at == reached + 1, Table.CHANGES, text(rowKey), "revision %d before it", at - 1);
      reached = at;
    }
    byte[] version = get(Table.VERSIONS, Rows.versionKey(event.key().utf8(), at));
    require(
        version != null && Rows.existsInVersion(version) == event.isPut(),
        Table.CHANGES,
        text(rowKey),
        "a version that says the same");
  }

  private void checkVersion(byte[] rowKey, byte[] row) {
    byte[] change = get(Table.CHANGES, Rows.changeKeyOfVersion(rowKey));
    if (change == null) {
      findings.problem(where(Table.VERSIONS, text(rowKey)), "its change is missing");
      newer = rowKey;
      return;
    }
    Event event = Rows.changeEvent(Rows.changeKeyOfVersion(rowKey), change, database.dataKey());
    require(
        event.isPut() == Rows.existsInVersion(row),
        Table.VERSIONS,
        text(rowKey),
        "a change that says the same");
    boolean isNewest = newer == null || !Rows.keyOfVersion(newer).equals(event.key());
    if (isNewest) {
      byte[] current = get(Table.CURRENT, Rows.currentKey(event.key()));
      Entry entry =
          current == null ? null : Rows.currentEntry(event.key(), current, database.dataKey());
      require(
          Objects.equals(entry, event.entry()),
          Table.VERSIONS,
          text(rowKey),
          "an entry of table current that is its newest version");
    }
    if (event.previous() != 0 && event.revision() > compacted) {
      byte[] previous = Rows.versionKey(event.key().utf8(), event.previous());
      requireRow(Table.VERSIONS, previous, Table.VERSIONS, text(rowKey));
    }
    newer = rowKey;
  }

  private void checkDeadline(byte[] rowKey) {
    Entry entry = current(Rows.keyOfDeadline(rowKey));
    require(
        entry != null && entry.expiresAt() == Rows.timeOfDeadline(rowKey),
        Table.DEADLINES,
        text(rowKey),
        "an entry that expires then");
  }

  private void checkLeaseRow(byte[] rowKey, byte[] row) {
    switch (rowKey[0]) {
      case 'k' -> {
        Entry entry = current(LeaseRows.keyOf(rowKey));
        require(
            entry != null && entry.lease() == new Decoder(rowKey, 1).fixed64(),
            Table.LEASES,
            text(rowKey),
            "an entry that hangs on the lease");
      }
      case 'l' -> {
        Lease lease = LeaseRows.lease(new Decoder(rowKey, 1).fixed64(), row);
        long keys = keysOf(lease);
        require(lease.keys() == keys, Table.LEASES, text(rowKey), "%d keys", lease.keys());
        require(
            isElsewhere(lease) || lease.id() <= lastLease,
            Table.LEASES,
            text(rowKey),
            "a number ever given out");
        requireRow(Table.LEASES, LeaseRows.time(lease), Table.LEASES, text(rowKey));
        if (lease.status() == Status.ENDING) {
          requireRow(Table.LEASES, LeaseRows.ending(lease.id()), Table.LEASES, text(rowKey));
        }
      }
      case 'e' -> {
        long id = LeaseRows.leaseOfEnding(rowKey);
        byte[] lease = get(Table.LEASES, LeaseRows.lease(id));
        require(
            lease != null && LeaseRows.lease(id, lease).status() == Status.ENDING,
            Table.LEASES,
            text(rowKey),
            "a lease that is being ended");
      }
      default -> {
        long id = LeaseRows.leaseOfTime(rowKey);
        byte[] lease = get(Table.LEASES, LeaseRows.lease(id));
        require(
            lease != null && LeaseRows.lease(id, lease).expiresAt() == LeaseRows.timeOf(rowKey),
            Table.LEASES,
            text(rowKey),
            "a lease that expires then");
      }
    }
  }

  /** Whether another shard gave the number out. */
  private static boolean isElsewhere(Lease lease) {
    return lease.status() != Status.HOME && lease.status() != Status.ENDING;
  }

  private long keysOf(Lease lease) {
    long keys = 0;
    try (RocksIterator rows = database.iterator(Table.LEASES, database.newest())) {
      rows.seek(LeaseRows.keys(lease.id()));
      for (; rows.isValid() && LeaseRows.isKeyOf(lease.id(), rows.key()); rows.next()) {
        keys++;
      }
      Database.check(rows);
    }
    return keys;
  }

  private void checkRequestRow(byte[] rowKey, byte[] row) {
    if (RequestRows.isByName(rowKey)) {
      String name = RequestRows.nameOf(rowKey);
      long time = RequestRows.remembered(name, row, database.dataKey()).time();
      requireRow(Table.REQUESTS, RequestRows.byTime(time, name), Table.REQUESTS, text(rowKey));
    }
  }

  private @Nullable Entry current(Key key) {
    byte[] row = get(Table.CURRENT, Rows.currentKey(key));
    return row == null ? null : Rows.currentEntry(key, row, database.dataKey());
  }

  private byte @Nullable [] get(Table table, byte[] key) {
    return database.get(table, database.newest(), key);
  }

  private void requireRow(Table table, byte[] key, Table from, String row) {
    require(get(table, key) != null, from, row, "row %s of table %s", text(key), name(table));
  }

  private void require(boolean holds, Table table, String row, String lacks, Object... values) {
    if (!holds) {
      findings.problem(where(table, row), "lacks " + lacks.formatted(values));
    }
  }

  private long number(byte[] name) {
    byte[] row = get(Table.META, name);
    return row == null ? 0 : new Decoder(row).fixed64();
  }

  /** How a row is named. */
  static String where(Table table, byte[] row) {
    return where(table, text(row));
  }

  private static String where(Table table, String row) {
    return "table %s, row %s".formatted(name(table), row);
  }

  private static String name(Table table) {
    return table.name().toLowerCase(Locale.ROOT);
  }

  /** Rows are keyed by text, by numbers or by both. */
  private static String text(byte[] key) {
    for (byte b : key) {
      if (b < ' ') {
        return "0x" + HexFormat.of().formatHex(key);
      }
    }
    return "'" + Bytes.copyOf(key).toUtf8() + "'";
  }
}
