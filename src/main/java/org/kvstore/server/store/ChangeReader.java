package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.rocksdb.RocksIterator;

/** Reads the change log and the versions of keys from a view, a bounded part at a time. */
final class ChangeReader {
  private final View view;
  private final Database database;

  ChangeReader(View view, Database database) {
    this.view = view;
    this.database = database;
  }

  /** The events after a revision, whole revisions only; {@link Store#changes} says more. */
  Changes changes(long after, int events, long bytes) {
    view.requireFollowable(after);
    List<Event> read = new ArrayList<>();
    long size = 0;
    try (RocksIterator rows = database.iterator(Table.CHANGES, view.options())) {
      for (rows.seek(Rows.changeStart(after + 1)); rows.isValid(); rows.next()) {
        byte[] rowKey = rows.key();
        boolean enough = read.size() >= events || size >= bytes;
        long revision = Rows.revisionOfChange(rowKey);
        if (enough && revision != read.get(read.size() - 1).revision()) {
          return new Changes(read, revision - 1);
        }
        byte[] row = rows.value();
        read.add(Rows.changeEvent(rowKey, row, database.dataKey()));
        size += row.length;
      }
      Database.check(rows);
    }
    return new Changes(read, view.revision());
  }

  /** What events replaced or deleted; {@link ChangeLog#before} says more. */
  List<Optional<Entry>> before(List<Event> events, long bytes) {
    List<Optional<Entry>> read = new ArrayList<>();
    long size = 0;
    for (Event event : events) {
      if (size >= bytes && !read.isEmpty()) {
        return read;
      }
      Entry entry = before(event);
      read.add(Optional.ofNullable(entry));
      size += entry == null ? 0 : entry.value().size();
    }
    return read;
  }

  private @Nullable Entry before(Event event) {
    if (event.previous() == 0 || event.revision() <= view.compacted()) {
      // At and below the compacted revision a sweep may have left it for the moment.
      return null;
    }
    return view.event(Rows.changeKey(event.previous(), event.key())).entry();
  }

  /** The versions of a key at and below a revision, the newest first. */
  History history(Key key, long from, int limit, long maxBytes) {
    List<Event> versions = new ArrayList<>();
    long bytes = 0;
    try (RocksIterator rows = database.iterator(Table.VERSIONS, view.options())) {
      for (rows.seek(Rows.versionKey(key.utf8(), from)); rows.isValid(); rows.next()) {
        byte[] rowKey = rows.key();
        if (!Rows.keyOfVersion(rowKey).equals(key)) {
          return new History(versions, 0);
        }
        long revision = Rows.revisionOfVersion(rowKey);
        if (revision < view.compacted() && isBelowTheOldest(versions)) {
          return new History(versions, 0);
        }
        Event event = view.eventOf(rowKey);
        if (revision <= view.compacted() && !event.isPut()) {
          // The oldest readable revision shows nothing, whether it is swept already or not.
          return new History(versions, 0);
        }
        if (versions.size() == limit || bytes > maxBytes) {
          return new History(versions, Math.max(revision, view.compacted()));
        }
        versions.add(event);
        Entry entry = event.entry();
        bytes += entry == null ? 0 : entry.value().size();
      }
      Database.check(rows);
    }
    return new History(versions, 0);
  }

  /** Of the versions below the oldest readable revision, only the one that it shows is kept. */
  private boolean isBelowTheOldest(List<Event> versions) {
    return !versions.isEmpty() && versions.get(versions.size() - 1).revision() <= view.compacted();
  }

  /** The newest revision whose time is before the given one; 0 when there is none. */
  long revisionBefore(long time) {
    long low = view.compacted();
    long high = view.revision();
    while (low < high) {
      long middle = low + (high - low + 1) / 2;
      if (isBefore(middle, time)) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  private boolean isBefore(long revision, long time) {
    try (RocksIterator rows = database.iterator(Table.CHANGES, view.options())) {
      rows.seek(Rows.changeStart(revision));
      if (rows.isValid()) {
        byte[] head = new byte[Rows.CHANGE_HEAD];
        rows.value(head);
        return Rows.changeHead(head).time() < time;
      }
      Database.check(rows);
      return false;
    }
  }
}
