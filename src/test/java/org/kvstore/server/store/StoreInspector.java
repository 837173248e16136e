package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.store.Stores.Row;

/**
 * Reads the tables of a closed store and holds them against each other: replaying all changes must
 * give exactly the other tables, but for the history that was given up.
 */
final class StoreInspector {
  private final List<Event> events = new ArrayList<>();
  private final NavigableMap<Bytes, Entry> current = new TreeMap<>();
  private final NavigableMap<Bytes, Bytes> changes = new TreeMap<>();
  private final NavigableMap<Bytes, Bytes> versions = new TreeMap<>();
  private final NavigableSet<Bytes> deadlines = new TreeSet<>();
  private long revision;

  private StoreInspector() {}

  /** All changes of a store that gave up none, after checking that every table agrees with them. */
  static List<Event> consistentEvents(Path directory) {
    StoreInspector inspector = new StoreInspector();
    try (Database database = Database.open(directory, Stores.options(directory), false)) {
      Stores.rows(database, Table.CHANGES)
          .forEach(
              row ->
                  inspector.replay(
                      Rows.changeEvent(bytes(row.key()), bytes(row.value()), database.dataKey()),
                      0));
      inspector.compare(database);
    }
    return inspector.events;
  }

  /**
   * Checks a store that was swept: of the history, the tables hold what reads at and above the
   * compacted revision need, and nothing else.
   *
   * @param all every change that was ever made
   */
  static void requireConsistent(Path directory, List<Event> all, long compacted) {
    StoreInspector inspector = new StoreInspector();
    all.forEach(event -> inspector.replay(event, compacted));
    try (Database database = Database.open(directory, Stores.options(directory), false)) {
      inspector.compare(database);
    }
  }

  private void replay(Event event, long compacted) {
    assertThat(event.revision()).as("revisions rise by one").isBetween(revision, revision + 1);
    if (event.revision() == revision) {
      assertThat(event.key())
          .as("events of one revision are in the order of their keys")
          .isGreaterThan(events.get(events.size() - 1).key());
    }
    revision = event.revision();
    events.add(event);
    Bytes key = event.key().utf8();
    Entry before = current.get(key);
    assertThat(event.previous())
        .as("an event names the version before it")
        .isEqualTo(before == null ? 0 : before.modRevision());
    if (before != null && before.expires()) {
      deadlines.remove(Bytes.takeOver(Rows.deadlineKey(before.expiresAt(), before.key())));
    }
    Entry entry = event.entry();
    if (entry == null) {
      assertThat(before).as("a deleted entry was there before").isNotNull();
      current.remove(key);
    } else {
      current.put(key, entry);
      if (entry.expires()) {
        deadlines.add(Bytes.takeOver(Rows.deadlineKey(entry.expiresAt(), entry.key())));
      }
    }
    if (revision <= compacted && before != null) {
      forget(key, before.modRevision());
    }
    if (revision > compacted || entry != null) {
      changes.put(
          Bytes.takeOver(Rows.changeKey(revision, event.key())),
          Bytes.takeOver(
              Rows.changeValue(event, entry == null ? new byte[0] : Rows.currentValue(entry))));
      versions.put(
          Bytes.takeOver(Rows.versionKey(key, revision)), Bytes.takeOver(Rows.versionValue(event)));
    }
  }

  /** A version that a later one at or below the compacted revision replaced. */
  private void forget(Bytes key, long version) {
    versions.remove(Bytes.takeOver(Rows.versionKey(key, version)));
    changes.remove(Bytes.takeOver(Rows.changeKey(version, new Key(key))));
  }

  private void compare(Database database) {
    byte[] stored = database.get(Table.META, database.newest(), Staging.REVISION);
    assertThat(stored == null ? 0 : new Decoder(stored).fixed64())
        .as("the stored revision is that of the last change")
        .isEqualTo(revision);
    NavigableMap<Bytes, Bytes> expected = new TreeMap<>();
    current.forEach((key, entry) -> expected.put(key, Bytes.takeOver(Rows.currentValue(entry))));
    assertThat(asMap(Stores.rows(database, Table.CURRENT))).as("current").isEqualTo(expected);
    assertThat(asMap(Stores.rows(database, Table.CHANGES))).as("changes").isEqualTo(changes);
    assertThat(asMap(Stores.rows(database, Table.VERSIONS))).as("versions").isEqualTo(versions);
    assertThat(asMap(Stores.rows(database, Table.DEADLINES)).keySet())
        .as("deadlines")
        .isEqualTo(deadlines);
    compareLeases(Stores.rows(database, Table.LEASES));
  }

  /** A lease counts its keys and has one time; every key on a lease is a row. */
  private void compareLeases(List<Row> rows) {
    Map<Long, Integer> keys = new HashMap<>();
    Set<Bytes> expected = new HashSet<>();
    for (Entry entry : current.values()) {
      if (entry.lease() != Entry.NO_LEASE) {
        keys.merge(entry.lease(), 1, Integer::sum);
        expected.add(Bytes.takeOver(LeaseRows.key(entry.lease(), new Key(entry.key().utf8()))));
      }
    }
    for (Row row : rows) {
      if (bytes(row.key())[0] == 'l') {
        long id = new Decoder(bytes(row.key()), 1).fixed64();
        Lease lease = LeaseRows.lease(id, bytes(row.value()));
        Integer count = keys.remove(id);
        assertThat(lease.keys()).as("keys of lease %d", id).isEqualTo(count == null ? 0 : count);
        expected.add(row.key());
        expected.add(Bytes.takeOver(LeaseRows.time(lease)));
        if (lease.status() == Lease.Status.ENDING) {
          expected.add(Bytes.takeOver(LeaseRows.ending(id)));
        }
      }
    }
    assertThat(keys).as("leases that keys hang on but are not there").isEmpty();
    assertThat(asMap(rows).keySet()).as("leases").isEqualTo(expected);
  }

  private static byte[] bytes(Bytes bytes) {
    return bytes.toArray();
  }

  private static NavigableMap<Bytes, Bytes> asMap(List<Row> rows) {
    NavigableMap<Bytes, Bytes> map = new TreeMap<>();
    rows.forEach(row -> map.put(row.key(), row.value()));
    return map;
  }
}
