package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.store.Stores.Row;

/**
 * Reads the tables of a closed store and holds them against each other: replaying the change log
 * must give exactly the other tables.
 */
final class StoreInspector {
  private final List<Event> events = new ArrayList<>();
  private final NavigableMap<Bytes, Entry> current = new TreeMap<>();
  private final NavigableMap<Bytes, Bytes> versions = new TreeMap<>();
  private final NavigableSet<Bytes> deadlines = new TreeSet<>();
  private long revision;

  private StoreInspector() {}

  /** All changes of a store, after checking that every table agrees with them. */
  static List<Event> consistentEvents(Path directory) {
    StoreInspector inspector = new StoreInspector();
    try (Database database = Database.open(directory, Stores.options(directory), false)) {
      Stores.rows(database, Table.CHANGES).forEach(inspector::replay);
      inspector.compare(database);
    }
    return inspector.events;
  }

  private void replay(Row row) {
    Event event = Rows.changeEvent(row.key().toArray(), row.value().toArray());
    boolean sameRevision = event.revision() == revision && event.index() > 0;
    assertThat(event.index())
        .as("events of one revision are numbered without a gap")
        .isEqualTo(sameRevision ? events.get(events.size() - 1).index() + 1 : 0);
    assertThat(event.revision())
        .as("revisions rise by one")
        .isEqualTo(sameRevision ? revision : revision + 1);
    revision = event.revision();
    events.add(event);
    Bytes key = event.key().utf8();
    Entry before = current.get(key);
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
    versions.put(
        Bytes.takeOver(Rows.versionKey(key, revision)), Bytes.takeOver(Rows.versionValue(event)));
  }

  private void compare(Database database) {
    byte[] stored = database.get(Table.META, database.newest(), Staging.REVISION);
    assertThat(stored == null ? 0 : new Decoder(stored).fixed64())
        .as("the stored revision is that of the last change")
        .isEqualTo(revision);
    NavigableMap<Bytes, Bytes> expected = new TreeMap<>();
    current.forEach((key, entry) -> expected.put(key, Bytes.takeOver(Rows.currentValue(entry))));
    assertThat(asMap(Stores.rows(database, Table.CURRENT))).as("current").isEqualTo(expected);
    assertThat(asMap(Stores.rows(database, Table.VERSIONS))).as("versions").isEqualTo(versions);
    assertThat(asMap(Stores.rows(database, Table.DEADLINES)).keySet())
        .as("deadlines")
        .isEqualTo(deadlines);
  }

  private static NavigableMap<Bytes, Bytes> asMap(List<Row> rows) {
    NavigableMap<Bytes, Bytes> map = new TreeMap<>();
    rows.forEach(row -> map.put(row.key(), row.value()));
    return map;
  }
}
