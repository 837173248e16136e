package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;

/**
 * What a store is to do, in the plainest way: sorted maps in memory, one copy of everything for
 * each revision, one command after the other. {@link ModelShard} does the commands; this remembers
 * requests and answers reads.
 */
final class ModelStore {
  private final ModelShard shard;
  private final Map<String, Remembered> requests = new HashMap<>();
  private final TreeSet<RequestTime> requestTimes =
      new TreeSet<>(
          Comparator.comparingLong(RequestTime::time)
              .thenComparing(row -> Bytes.ofUtf8(row.name())));
  private final long requestMemory;

  ModelStore(Limits limits, ShardNumber number) {
    shard = new ModelShard(limits, number);
    requestMemory = limits.requestMemory().toMillis();
  }

  private record Remembered(long time, Bytes fingerprint, Outcome outcome) {}

  private record RequestTime(long time, String name) {}

  /** One line of a listing: an entry or a folded prefix. */
  record Item(@Nullable Entry entry, @Nullable Bytes prefix) {}

  /** The state as of now: revision, leases, history. */
  ModelShard shard() {
    return shard;
  }

  long revision() {
    return shard.revision();
  }

  List<Event> events() {
    return shard.events();
  }

  NavigableMap<Bytes, Entry> at(long revision) {
    return shard.at(revision);
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
    if (isFinal(outcome)) {
      long time = submission.submittedAt();
      requests.put(request.key(), new Remembered(time, request.fingerprint(), outcome));
      requestTimes.add(new RequestTime(time, request.key()));
    }
    return outcome;
  }

  private static boolean isFinal(Outcome outcome) {
    if (outcome instanceof Outcome.OperationRefused refused) {
      return isFinal(refused.reason());
    }
    boolean partOfMore = outcome instanceof Outcome.RangeDeleted some && some.resume() != null;
    return !partOfMore
        && !(outcome instanceof Outcome.Expired)
        && !(outcome instanceof Outcome.NoBranch);
  }

  /** When each request that is remembered was submitted, by its name. */
  Map<String, Long> requestTimes() {
    Map<String, Long> times = new HashMap<>();
    requests.forEach((name, request) -> times.put(name, request.time()));
    return times;
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

  /** The versions of a key at and below a revision that are not given up, the newest first. */
  List<Event> history(Key key, long from) {
    List<Event> versions = new ArrayList<>();
    for (int i = events().size() - 1; i >= 0; i--) {
      Event event = events().get(i);
      if (event.revision() > from || !event.key().equals(key)) {
        continue;
      }
      if (event.revision() > shard.compacted()) {
        versions.add(event);
      } else {
        // The one that the oldest readable revision shows, if it shows one.
        if (event.isPut()) {
          versions.add(event);
        }
        break;
      }
    }
    return versions;
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
    long now = submission.submittedAt();
    if (!(submission.command() instanceof Command.Expire expire)) {
      return shard.apply(submission.command(), now);
    }
    Outcome.Expired expired = shard.expire(expire.limit(), now);
    boolean moreRequests = forget(now - requestMemory, expire.limit());
    return new Outcome.Expired(expired.expired(), expired.more() || moreRequests);
  }

  private boolean forget(long before, int limit) {
    for (int forgotten = 0; ; forgotten++) {
      if (requestTimes.isEmpty() || requestTimes.first().time() >= before) {
        return false;
      }
      if (forgotten == limit) {
        return true;
      }
      RequestTime row = requestTimes.pollFirst();
      requests.computeIfPresent(
          row.name(), (name, known) -> known.time() == row.time() ? null : known);
    }
  }
}
