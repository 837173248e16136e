package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Page;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.ModelStore.Item;

/**
 * Random commands in random groups, applied to a store and to {@link ModelStore}: outcomes, events
 * and everything that can be read must be the same, now and at every earlier revision, while writes
 * go on and after the store was closed and opened again. That groups are cut at random shows that
 * what a command does never depends on the group it is in.
 *
 * <p>{@code -Dlong=true} runs a thousand seeds; {@code -Dseed=N} runs one.
 */
class StoreModelTest {
  private static final int COMMANDS = 500;
  private static final Duration MEMORY = Duration.ofSeconds(20);
  private static final List<String> SEGMENTS =
      List.of("a", "b", "ab", "a!", "a0", "z", "ü", "ué", "日", "😀", "x y");
  private static final List<String> DELIMITERS = List.of("/", "a", "a/", "!", "é", "b/a");

  @TempDir Path directory;

  private Random random = new Random();
  private ModelStore model = new ModelStore(MEMORY.toMillis());
  private final List<Event> heard = new ArrayList<>();
  private final List<Submission> named = new ArrayList<>();
  private long now = Writes.NOW;

  static LongStream seeds() {
    Long one = Long.getLong("seed");
    if (one != null) {
      return LongStream.of(one);
    }
    return LongStream.rangeClosed(1, Boolean.getBoolean("long") ? 1_000 : 12);
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void randomCommandsInRandomGroups_likeASortedMap(long seed) {
    random = new Random(seed);
    Store store = open(true);
    try {
      for (int done = 0; done < COMMANDS; ) {
        done += applyGroup(store);
        compareReads(store);
        if (random.nextInt(60) == 0) {
          store.close();
          store = open(false);
          compareReads(store);
        }
      }
      assertThat(heard).as("events").isEqualTo(model.events());
    } finally {
      store.close();
    }
    assertThat(StoreInspector.consistentEvents(directory)).isEqualTo(model.events());
  }

  private Store open(boolean create) {
    return Stores.open(directory, Stores.limitsRemembering(MEMORY), create, heard::addAll);
  }

  private int applyGroup(Store store) {
    List<Submission> group = new ArrayList<>();
    for (int size = 1 + random.nextInt(8); size > 0; size--) {
      group.add(nextSubmission());
    }
    List<Outcome> expected = group.stream().map(model::apply).toList();
    assertThat(store.apply(group)).as("outcomes of %s", group).isEqualTo(expected);
    return group.size();
  }

  private Submission nextSubmission() {
    now += random.nextInt(4) == 0 ? random.nextInt(6_000) : 0;
    // Now and then a submission overtakes one that was submitted before it, by up to a minute.
    long time = random.nextInt(20) == 0 ? now - random.nextInt(60_000) : now;
    if (!named.isEmpty() && random.nextInt(8) == 0) {
      Submission repeated = named.get(random.nextInt(named.size()));
      return new Submission(repeated.command(), time, repeated.request());
    }
    Command command = nextCommand(time);
    if (random.nextInt(5) != 0) {
      return new Submission(command, time, null);
    }
    Bytes fingerprint = Bytes.ofUtf8("fingerprint " + random.nextInt(1_000_000));
    Submission submission =
        new Submission(
            command,
            time,
            new Submission.RequestName("request " + random.nextInt(40), fingerprint));
    named.add(submission);
    return submission;
  }

  private Command nextCommand(long time) {
    int kind = random.nextInt(100);
    if (kind < 60) {
      String type = random.nextInt(10) == 0 ? "text/plain;charset=utf-8" : "";
      return new Command.Put(nextKey(), nextValue(), type, nextLifetime(time), nextCondition());
    }
    if (kind < 80) {
      return new Command.Delete(nextKey(), nextCondition());
    }
    if (kind < 90) {
      int limit = random.nextInt(3) == 0 ? 1_000 : 1 + random.nextInt(5);
      return new Command.DeleteRange(nextRange(), limit, random.nextInt(3));
    }
    return new Command.Expire(random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 1_000);
  }

  private Key nextKey() {
    StringBuilder key = new StringBuilder(nextSegment());
    while (key.length() < 8 && random.nextInt(2) == 0) {
      key.append('/').append(nextSegment());
    }
    return Key.of(key.toString());
  }

  private String nextSegment() {
    return SEGMENTS.get(random.nextInt(SEGMENTS.size()));
  }

  private Bytes nextValue() {
    byte[] value = new byte[random.nextInt(20) == 0 ? random.nextInt(9_000) : random.nextInt(30)];
    random.nextBytes(value);
    return Bytes.takeOver(value);
  }

  private Lifetime nextLifetime(long time) {
    return switch (random.nextInt(6)) {
      case 0 -> new Lifetime.Keep();
      case 1 -> new Lifetime.Until(time + random.nextInt(20_000) - 1_000);
      default -> new Lifetime.Forever();
    };
  }

  private Condition nextCondition() {
    return switch (random.nextInt(8)) {
      case 0 -> new Condition(nextTags(), null);
      case 1 -> new Condition(null, nextTags());
      case 2 -> new Condition(nextTags(), nextTags());
      default -> Condition.NONE;
    };
  }

  private Tags nextTags() {
    if (random.nextInt(3) == 0) {
      return Tags.ANY;
    }
    var newest = model.at(model.revision()).values().stream().map(Entry::modRevision).toList();
    return newest.isEmpty()
        ? new Tags(false, Set.of(1L))
        : new Tags(false, Set.copyOf(newest.subList(0, 1 + random.nextInt(newest.size()))));
  }

  private KeyRange nextRange() {
    return switch (random.nextInt(4)) {
      case 0 -> KeyRange.ofPrefix(nextPosition());
      case 1 -> new KeyRange(nextPosition(), null);
      case 2 -> new KeyRange(nextPosition(), nextPosition());
      default -> KeyRange.ALL;
    };
  }

  /** A key, a part of one, or what is just behind one. */
  private Bytes nextPosition() {
    Bytes key = nextKey().utf8();
    return switch (random.nextInt(4)) {
      case 0 -> key.successor();
      case 1 -> Bytes.ofUtf8(nextSegment() + "/");
      case 2 -> Bytes.ofUtf8(nextSegment());
      default -> key;
    };
  }

  private void compareReads(Store store) {
    assertThat(store.revision()).isEqualTo(model.revision());
    for (int i = 0; i < 5; i++) {
      Key key = nextKey();
      assertThat(store.get(key))
          .as("get %s", key)
          .isEqualTo(model.at(model.revision()).get(key.utf8()));
      long revision = nextRevision();
      assertThat(store.getAt(key, revision))
          .as("get %s at %d", key, revision)
          .isEqualTo(model.at(revision).get(key.utf8()));
    }
    KeyRange range = nextRange();
    long revision = nextRevision();
    assertThat(store.count(range, revision).keys())
        .as("count of %s at %d", range, revision)
        .isEqualTo(
            model.at(newestIfZero(revision)).keySet().stream().filter(range::contains).count());
    compareListing(store);
    if (random.nextInt(10) == 0) {
      compareScan(store);
    }
  }

  private long nextRevision() {
    return random.nextInt(3) == 0
        ? model.revision()
        : random.nextInt(Math.toIntExact(model.revision()) + 1);
  }

  /** Revision 0 in a query stands for the newest one. */
  private long newestIfZero(long revision) {
    return revision == 0 ? model.revision() : revision;
  }

  private void compareListing(Store store) {
    ListQuery query = nextQuery(nextRevision());
    // Asked for as of now, at times: then the first page says which revision the others are of.
    boolean ofNow = query.revision() == 0 || query.revision() == model.revision();
    long revision = newestIfZero(query.revision());
    List<Item> expected = model.list(query, revision);
    List<Item> shown = new ArrayList<>();
    Bytes after = null;
    do {
      Page page = store.list(page(query, after == null && ofNow ? 0 : revision, after));
      assertThat(page.revision()).isEqualTo(revision);
      int size = page.entries().size() + page.prefixes().size();
      assertThat(size).isLessThanOrEqualTo(query.limit());
      if (page.last() != null && query.maxBytes() == Long.MAX_VALUE) {
        assertThat(size).as("only the last page is short").isEqualTo(query.limit());
      }
      shown.addAll(inOrder(page, query.descending()));
      after = page.last();
      if (after != null && random.nextInt(4) == 0) {
        applyGroup(store);
      }
    } while (after != null);
    assertThat(shown).as("%s at %d", query, revision).isEqualTo(expected);
  }

  private ListQuery nextQuery(long revision) {
    boolean ofPrefix = random.nextBoolean();
    Bytes prefix = ofPrefix ? Bytes.ofUtf8(nextSegment()) : Bytes.EMPTY;
    boolean folds = random.nextBoolean();
    return new ListQuery(
        ofPrefix ? KeyRange.ofPrefix(prefix) : nextRange(),
        random.nextBoolean(),
        1 + random.nextInt(random.nextBoolean() ? 3 : 100),
        random.nextInt(5) == 0 ? 1 + random.nextInt(40) : Long.MAX_VALUE,
        false,
        folds ? Bytes.ofUtf8(DELIMITERS.get(random.nextInt(DELIMITERS.size()))) : null,
        prefix,
        revision,
        null);
  }

  private static ListQuery page(ListQuery query, long revision, @Nullable Bytes after) {
    return new ListQuery(
        query.range(),
        query.descending(),
        query.limit(),
        query.maxBytes(),
        query.keysOnly(),
        query.delimiter(),
        query.prefix(),
        revision,
        after);
  }

  /** Entries and prefixes of a page, merged into the order that they have in the listing. */
  private static List<Item> inOrder(Page page, boolean descending) {
    List<Item> items = new ArrayList<>();
    page.entries().forEach(entry -> items.add(new Item(entry, null)));
    page.prefixes().forEach(prefix -> items.add(new Item(null, prefix)));
    assertThat(page.entries()).isSortedAccordingTo((a, b) -> order(a.key(), b.key(), descending));
    assertThat(page.prefixes())
        .isSortedAccordingTo((a, b) -> descending ? b.compareTo(a) : a.compareTo(b));
    items.sort(
        (a, b) ->
            descending ? position(b).compareTo(position(a)) : position(a).compareTo(position(b)));
    return items;
  }

  private static int order(Key a, Key b, boolean descending) {
    return descending ? b.compareTo(a) : a.compareTo(b);
  }

  private static Bytes position(Item item) {
    return item.entry() == null ? Objects.requireNonNull(item.prefix()) : item.entry().key().utf8();
  }

  private void compareScan(Store store) {
    KeyRange range = nextRange();
    List<Entry> expected =
        model.at(model.revision()).values().stream()
            .filter(entry -> range.contains(entry.key().utf8()))
            .toList();
    List<Entry> scanned = new ArrayList<>();
    try (EntryScan scan = store.scan(range)) {
      do {
        scanned.addAll(scan.entries());
        applyGroup(store);
      } while (scan.advance());
    }
    assertThat(scanned).as("scan of %s", range).isEqualTo(expected);
  }
}
