package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.WatchSink.Delivery;

/** Watches that are behind read the log together, and none misses anything of it. */
class BacklogTest {
  private static final int REVISIONS = 1_000;
  private static final long MUCH = 64 << 10;

  @TempDir Path directory;

  private final List<Event> committed = new ArrayList<>();
  private Store store; // Set before each test.
  private CountingLog log;

  /** Counts what is read of a log. */
  private record CountingLog(ChangeLog log, AtomicInteger reads) implements ChangeLog {
    @Override
    public long revision() {
      return log.revision();
    }

    @Override
    public Changes changes(long after, int events, long bytes) {
      reads.incrementAndGet();
      return log.changes(after, events, bytes);
    }

    @Override
    public List<Optional<Entry>> before(List<Event> events, long bytes) {
      return log.before(events, bytes);
    }
  }

  @BeforeEach
  void write() {
    store =
        Stores.open(directory.resolve("store"), TestLimits.with(Map.of()), true, committed::addAll);
    for (int group = 0; group < REVISIONS / 50; group++) {
      List<Submission> puts = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        puts.add(Writes.put("abcdefgh".charAt(i % 8) + "/" + i, "value " + group));
      }
      store.apply(puts);
    }
    log = new CountingLog(store, new AtomicInteger());
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void part_manyWatchesThatStartedApart_readTheDiskHardlyOftenerThanOne() {
    Backlog backlog = new Backlog(log, new RecentChanges(0, REVISIONS));
    follow(backlog, query("a"), 0);
    int ofOne = log.reads().get();

    for (int watch = 1; watch <= 200; watch++) {
      follow(backlog, query("abcdefgh".substring(watch % 8, watch % 8 + 1)), watch);
    }

    // One read each to come to where the others are.
    assertThat(log.reads().get()).isLessThanOrEqualTo(ofOne + 200);
  }

  @Test
  void part_fromAnyRevision_bringsAllThatIsWantedOnce() {
    Backlog backlog = new Backlog(log, new RecentChanges(0, REVISIONS));

    for (long after = 0; after < REVISIONS; after += 37) {
      long from = after;
      assertThat(follow(backlog, query("c"), after))
          .isEqualTo(
              committed.stream()
                  .filter(event -> event.revision() > from && query("c").wants(event))
                  .toList());
    }
  }

  @Test
  void part_partlyInMemory_goesOnFromDiskToMemory() {
    RecentChanges recent = new RecentChanges(300 * 250, 0);
    committed.forEach(event -> recent.add(List.of(event)));
    assertThat(recent.between(0, REVISIONS, 1, MUCH)).isNull();
    Backlog backlog = new Backlog(log, recent);

    assertThat(follow(backlog, query(""), 3)).isEqualTo(committed.subList(3, REVISIONS));
    assertThat(log.reads().get()).isBetween(1, 4);
  }

  @Test
  void part_upToARevisionInTheMiddle_endsThere() {
    Backlog backlog = new Backlog(log, new RecentChanges(0, REVISIONS));

    Part part = backlog.part(new Place(query(""), 10), 20, MUCH);

    assertThat(part.upTo()).isEqualTo(20);
    assertThat(part.deliveries()).hasSize(10);
    assertThat(backlog.part(new Place(query(""), 20), 20, MUCH).deliveries()).isEmpty();
  }

  @Test
  void part_logLargerThanWhatIsKept_isReadAgainRatherThanKept() {
    int revisions = 30_000;
    for (int group = 0; group < (revisions - REVISIONS) / 1_000; group++) {
      store.apply(Collections.nCopies(1_000, Writes.put("a/empty", "")));
    }
    Backlog backlog = new Backlog(log, new RecentChanges(0, revisions));
    follow(backlog, query("a"), 0, revisions);
    int once = log.reads().get();

    follow(backlog, query("a"), 0, revisions);

    // Events without values take room too: 30,000 of them more than may be kept.
    assertThat(log.reads().get()).isGreaterThan(once + once / 4);
  }

  private static Watch.Query query(String prefix) {
    return new Watch.Query(KeyRange.ofPrefix(Bytes.ofUtf8(prefix)), true, true, false);
  }

  private static List<Event> follow(Backlog backlog, Watch.Query query, long after) {
    return follow(backlog, query, after, REVISIONS);
  }

  private static List<Event> follow(
      Backlog backlog, Watch.Query query, long after, long revisions) {
    List<Event> events = new ArrayList<>();
    long place = after;
    while (place < revisions) {
      Part part = backlog.part(new Place(query, place), revisions, MUCH);
      assertThat(part.upTo()).isGreaterThan(place);
      part.deliveries().stream().map(Delivery::event).forEach(events::add);
      place = part.upTo();
    }
    return events;
  }
}
