package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;

/** Everything that a store answers to any read, question by question. */
final class StoreContents {
  private static final int LEASES = 200;

  private final Map<String, Object> answers = new HashMap<>();
  private final List<KeyValueException> failures = new ArrayList<>();

  private StoreContents() {}

  /** Asks everything about some keys; a read that fails is kept as a failure. */
  static StoreContents read(Store store, String storeId, List<Key> keys) {
    StoreContents contents = new StoreContents();
    contents.ask("store", () -> storeId);
    contents.ask("revision", store::revision);
    contents.ask("listing", () -> scan(store));
    contents.ask("count", () -> store.count(KeyRange.ALL, 0));
    contents.ask("changes", () -> changes(store));
    for (Key key : keys) {
      contents.ask("entry " + key, () -> store.get(key));
      contents.ask("history " + key, () -> store.history(key, 0, 1_000));
    }
    for (long id = 1; id < LEASES; id++) {
      long lease = id;
      contents.ask("lease " + lease, () -> store.lease(lease));
      contents.ask("keys of lease " + lease, () -> store.leaseKeys(lease));
    }
    return contents;
  }

  /** The first question that was answered, but not as it was by another store. */
  @Nullable String differenceTo(StoreContents other) {
    for (var answer : answers.entrySet()) {
      Object right = other.answers.get(answer.getKey());
      if (!answer.getValue().equals(right)) {
        return "%s: %s, not %s".formatted(answer.getKey(), answer.getValue(), right);
      }
    }
    return null;
  }

  List<KeyValueException> failures() {
    return failures;
  }

  private void ask(String question, Supplier<@Nullable Object> read) {
    try {
      Object answer = read.get();
      answers.put(question, answer == null ? "missing" : answer);
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.INTERNAL) {
        throw e;
      }
      failures.add(e);
    }
  }

  private static List<Entry> scan(Store store) {
    List<Entry> entries = new ArrayList<>();
    try (EntryScan scan = store.scan(KeyRange.ALL)) {
      do {
        entries.addAll(scan.entries());
      } while (scan.advance());
    }
    return entries;
  }

  /** As a watch from the start reads them. */
  private static List<Event> changes(Store store) {
    List<Event> events = new ArrayList<>();
    for (long after = 0; after < store.revision(); ) {
      Changes step = store.changes(after, 100, 1 << 20);
      events.addAll(step.events());
      after = step.upTo();
    }
    return events;
  }
}
