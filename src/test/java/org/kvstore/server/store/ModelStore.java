package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Event.Reason;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;

/**
 * What a store is to do, in the plainest way: sorted maps in memory, one copy of everything for
 * each revision, one command after the other.
 */
final class ModelStore {
  private final List<NavigableMap<Bytes, Entry>> revisions = new ArrayList<>();
  private final List<Event> events = new ArrayList<>();
  private final Map<String, Remembered> requests = new HashMap<>();
  private final TreeSet<RequestTime> requestTimes =
      new TreeSet<>(
          Comparator.comparingLong(RequestTime::time)
              .thenComparing(row -> Bytes.ofUtf8(row.name())));
  private final long requestMemory;
  private NavigableMap<Bytes, Entry> current = new TreeMap<>();

  ModelStore(long requestMemory) {
    this.requestMemory = requestMemory;
    revisions.add(new TreeMap<>());
  }

  private record Remembered(long time, Bytes fingerprint, Outcome outcome) {}

  private record RequestTime(long time, String name) {}

  /** One line of a listing: an entry or a folded prefix. */
  record Item(@Nullable Entry entry, @Nullable Bytes prefix) {}

  long revision() {
    return revisions.size() - 1;
  }

  List<Event> events() {
    return events;
  }

  NavigableMap<Bytes, Entry> at(long revision) {
    return revisions.get((int) revision);
  }

  Outcome apply(Submission submission) {
    var request = submission.request();
    if (request == null) {
      return evaluate(submission);
    }
    Remembered earlier = requests.get(request.key());
    if (earlier != null && earlier.time() > submission.submittedAt() - requestMemory) {
      return earlier.fingerprint().equals(request.fingerprint())
          ? earlier.outcome()
          : new Outcome.NameReused();
    }
    Outcome outcome = evaluate(submission);
    boolean partOfMore = outcome instanceof Outcome.RangeDeleted some && some.resume() != null;
    if (!partOfMore && !(outcome instanceof Outcome.Expired)) {
      long time = submission.submittedAt();
      requests.put(request.key(), new Remembered(time, request.fingerprint(), outcome));
      requestTimes.add(new RequestTime(time, request.key()));
    }
    return outcome;
  }

  /** Everything that a listing shows, on one endless page. */
  List<Item> list(ListQuery query, long revision) {
    List<Item> items = new ArrayList<>();
    NavigableMap<Bytes, Entry> state = at(revision);
    for (Entry entry : (query.descending() ? state.descendingMap() : state).values()) {
      Bytes key = entry.key().utf8();
      if (!query.range().contains(key)) {
        continue;
      }
      Bytes folded = fold(key.toUtf8(), query);
      Item item = folded == null ? new Item(entry, null) : new Item(null, folded);
      if (folded == null || items.isEmpty() || !items.get(items.size() - 1).equals(item)) {
        items.add(item);
      }
    }
    return items;
  }

  private static @Nullable Bytes fold(String key, ListQuery query) {
    if (query.delimiter() == null) {
      return null;
    }
    String delimiter = query.delimiter().toUtf8();
    int at = key.indexOf(delimiter, query.prefix().toUtf8().length());
    return at < 0 ? null : Bytes.ofUtf8(key.substring(0, at + delimiter.length()));
  }

  private Outcome evaluate(Submission submission) {
    Command command = submission.command();
    if (command instanceof Command.Put put) {
      return put(put, submission.submittedAt());
    }
    if (command instanceof Command.Delete delete) {
      Entry before = current.get(delete.key().utf8());
      if (!delete.condition().holds(before)) {
        return new Outcome.ConditionFailed(before == null ? 0 : before.modRevision());
      }
      if (before == null) {
        return new Outcome.Missing();
      }
      deleteAll(List.of(before), Reason.CLIENT);
      return new Outcome.Deleted(revision());
    }
    if (command instanceof Command.DeleteRange range) {
      List<Entry> entries = inRange(range.range()).stream().limit(range.limit()).toList();
      deleteAll(entries, Reason.CLIENT);
      boolean full = entries.size() == range.limit();
      return new Outcome.RangeDeleted(
          range.deletedBefore() + entries.size(),
          full ? entries.get(entries.size() - 1).key().utf8() : null);
    }
    return expire((Command.Expire) command, submission.submittedAt());
  }

  private Outcome put(Command.Put put, long now) {
    Bytes key = put.key().utf8();
    Entry before = current.get(key);
    if (!put.condition().holds(before)) {
      return new Outcome.ConditionFailed(before == null ? 0 : before.modRevision());
    }
    long revision = revision() + 1;
    Entry entry =
        new Entry(
            put.key(),
            put.value(),
            put.contentType(),
            before == null ? revision : before.createRevision(),
            revision,
            before == null ? 1 : before.version() + 1,
            now,
            put.lifetime().expiresAt(before == null ? 0 : before.expiresAt()),
            0);
    current.put(key, entry);
    events.add(new Event(revision, 0, Reason.CLIENT, put.key(), entry));
    revisions.add(new TreeMap<>(current));
    return new Outcome.Written(
        before == null, entry.createRevision(), revision, entry.version(), now, entry.expiresAt());
  }

  private Outcome expire(Command.Expire expire, long now) {
    List<Entry> due =
        current.values().stream()
            .filter(entry -> entry.expires() && entry.expiresAt() <= now)
            .sorted(Comparator.comparingLong(Entry::expiresAt).thenComparing(Entry::key))
            .limit(expire.limit())
            .toList();
    deleteAll(due, Reason.EXPIRED);
    int forgotten = 0;
    while (!requestTimes.isEmpty() && requestTimes.first().time() < now - requestMemory) {
      if (forgotten++ == expire.limit()) {
        return new Outcome.Expired(due.size(), true);
      }
      RequestTime row = requestTimes.pollFirst();
      requests.computeIfPresent(
          row.name(), (name, known) -> known.time() == row.time() ? null : known);
    }
    return new Outcome.Expired(due.size(), due.size() == expire.limit());
  }

  private List<Entry> inRange(KeyRange range) {
    return current.values().stream().filter(entry -> range.contains(entry.key().utf8())).toList();
  }

  private void deleteAll(List<Entry> entries, Reason reason) {
    if (entries.isEmpty()) {
      return;
    }
    long revision = revision() + 1;
    int index = 0;
    for (Entry entry : entries) {
      Key key = entry.key();
      current.remove(key.utf8());
      events.add(new Event(revision, index++, reason, key, null));
    }
    revisions.add(new TreeMap<>(current));
  }
}
