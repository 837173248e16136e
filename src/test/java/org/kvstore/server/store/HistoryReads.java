package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;

/** Compares what a store tells of its changes and leases with what a model knows of them. */
final class HistoryReads {
  private final Random random;
  private final ModelStore model;
  private final RandomCommands commands;

  HistoryReads(Random random, ModelStore model, RandomCommands commands) {
    this.random = random;
    this.model = model;
    this.commands = commands;
  }

  void compare(Store store) {
    assertThat(store.compactedRevision()).isEqualTo(model.shard().compacted());
    Key key = commands.key();
    compareHistory(store, key);
    compareBefore(store);
    compareChanges(store);
    long lease = commands.lease();
    assertThat(store.lease(lease)).isEqualTo(model.shard().leases().get(lease));
    assertThat(store.leaseKeys(lease))
        .isEqualTo(lease == 0 ? List.of() : model.shard().keysOf(lease));
    if (model.shard().compacted() > 0) {
      requireCompacted(store, key, model.shard().compacted() - 1);
    }
  }

  private void compareHistory(Store store, Key key) {
    long from = random.nextBoolean() ? 0 : readableRevision();
    List<Event> shown = new ArrayList<>();
    long next = from;
    do {
      History page = store.history(key, next, 1 + random.nextInt(4));
      shown.addAll(page.versions());
      next = page.next();
    } while (next != 0);
    assertThat(shown)
        .as("history of %s from %d, compacted %d", key, from, model.shard().compacted())
        .isEqualTo(model.history(key, from == 0 ? model.revision() : from));
  }

  private void compareBefore(Store store) {
    List<Event> events = model.shard().events();
    if (events.isEmpty()) {
      return;
    }
    Event event = events.get(random.nextInt(events.size()));
    Entry expected =
        event.revision() > model.shard().compacted()
            ? model.at(event.revision() - 1).get(event.key().utf8())
            : null;
    assertThat(store.before(List.of(event), 1))
        .as("before %s", event)
        .containsExactly(Optional.ofNullable(expected));
  }

  /** Reads all changes after a revision in parts of random size. */
  private void compareChanges(Store store) {
    long from = readableRevision();
    List<Event> read = new ArrayList<>();
    long after = from;
    do {
      int events = 1 + random.nextInt(random.nextBoolean() ? 5 : 1_000);
      long bytes = random.nextInt(3) == 0 ? 1 + random.nextInt(500) : Long.MAX_VALUE;
      Changes part = store.changes(after, events, bytes);
      assertThat(part.upTo()).isGreaterThan(after == model.revision() ? after - 1 : after);
      assertBounded(part, events);
      read.addAll(part.events());
      after = part.upTo();
    } while (after < model.revision());
    assertThat(read).as("changes after %d", from).isEqualTo(eventsAfter(from));
  }

  private static void assertBounded(Changes part, int enough) {
    List<Event> events = part.events();
    if (!events.isEmpty()) {
      long last = events.get(events.size() - 1).revision();
      assertThat(part.upTo()).isGreaterThanOrEqualTo(last);
      assertThat(events.stream().filter(event -> event.revision() < last).count())
          .as("no revision is begun once there is enough")
          .isLessThan(enough);
    }
  }

  private List<Event> eventsAfter(long revision) {
    return model.events().stream().filter(event -> event.revision() > revision).toList();
  }

  private void requireCompacted(Store store, Key key, long revision) {
    List<LongFunction<@Nullable Object>> reads =
        List.of(
            at -> store.getAt(key, at),
            at -> at == 0 ? refuse() : store.count(KeyRange.ALL, at),
            at -> at == 0 ? refuse() : store.history(key, at, 10),
            at -> store.changes(at, 1, 1));
    for (LongFunction<@Nullable Object> read : reads) {
      assertThatThrownBy(() -> read.apply(revision))
          .as("a read at %d", revision)
          .extracting("code", "limit")
          .containsExactly(ErrorCode.COMPACTED, model.shard().compacted());
    }
  }

  /** Revision 0 stands for now in these reads. */
  private Object refuse() {
    throw org.kvstore.server.model.KeyValueException.of(ErrorCode.COMPACTED, "")
        .withLimit(model.shard().compacted());
  }

  private long readableRevision() {
    long compacted = model.shard().compacted();
    return compacted + random.nextInt((int) (model.revision() - compacted) + 1);
  }
}
