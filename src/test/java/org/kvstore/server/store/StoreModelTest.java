package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.TestKeys;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Page;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.ShardNumber;
import org.kvstore.server.model.Submission;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.ModelStore.Item;

/**
 * Random commands in random groups, applied to a store and to {@link ModelStore}: outcomes, events
 * and everything that can be read must be the same, now and at every earlier revision, while writes
 * go on and after the store was closed and opened again. That groups are cut at random shows that
 * what a command does never depends on the group it is in. Commands and outcomes go through the
 * form that they have in a replicated log. Every other store is encrypted, every third one of three
 * shards.
 *
 * <p>{@code -Dlong=true} runs a thousand seeds; {@code -Dseed=N} runs one.
 */
class StoreModelTest {
  private static final int COMMANDS = 500;
  private static final List<String> DELIMITERS = List.of("/", "a", "a/", "!", "é", "b/a");
  private static final Limits LIMITS =
      TestLimits.with(
          Map.of("requestMemory", Duration.ofSeconds(20), "leaseKeys", 4, "pageBytes", 10_000L));

  @TempDir Path directory;
  @TempDir Path clear;

  private Random random = new Random();
  private ShardNumber shard = ShardNumber.ONLY;
  private ModelStore model = new ModelStore(LIMITS, shard);
  private RandomCommands commands = new RandomCommands(random, model);
  private EncryptionKeys keys = EncryptionKeys.NONE;
  private final List<Event> heard = new ArrayList<>();

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
    keys = seed % 2 == 0 ? TestKeys.of(1) : EncryptionKeys.NONE;
    shard = seed % 3 == 0 ? new ShardNumber(1, 3) : ShardNumber.ONLY;
    model = new ModelStore(LIMITS, shard);
    commands = new RandomCommands(random, model);
    Store store = open(true);
    try {
      for (int done = 0; done < COMMANDS; ) {
        done += applyGroup(store);
        compareReads(store);
        if (random.nextInt(20) == 0) {
          store.sweep();
          compareReads(store);
        }
        if (random.nextInt(60) == 0) {
          store.close();
          sweepSomeSteps();
          store = open(false);
          compareReads(store);
        }
      }
      assertThat(heard).as("events").isEqualTo(model.events());
      while (store.sweep()) {
        // A step at a time.
      }
    } finally {
      store.close();
    }
    StoreInspector.requireConsistent(inClear(), model.events(), model.shard().compacted());
  }

  private Store open(boolean create) {
    return Store.open(options(), LIMITS, create, new Store.Hooks(heard::addAll, new JsonPatcher()));
  }

  private StoreOptions options() {
    return Stores.options(directory).with(keys).of(shard);
  }

  private Path inClear() {
    try (Database source = Database.open(directory, options(), false);
        Database target = Database.open(clear, Stores.options(clear), true)) {
      new Reencryption(source, target).run();
    }
    return clear;
  }

  /** In steps so small that they end in the middle. */
  private void sweepSomeSteps() {
    try (Database database = Database.open(directory, options(), false)) {
      for (int steps = random.nextInt(20); steps > 0; steps--) {
        new Sweeper(database, model.shard().compacted()).step(1 + random.nextInt(4));
      }
    }
  }

  private int applyGroup(Store store) {
    List<Submission> group = new ArrayList<>();
    for (int size = 1 + random.nextInt(8); size > 0; size--) {
      group.add(commands.submission());
    }
    List<Outcome> expected = group.stream().map(model::apply).toList();
    byte[] sent = LogForm.of(new LogEntry.Group(new Serial("a", 1, 1), group));
    LogEntry entry = LogForm.entry(LogForm.entryOf(List.of(sent)));
    List<Outcome> outcomes = store.apply(entry.groups().get(0).submissions());
    GroupResult applied = new GroupResult.Applied(outcomes);
    assertThat(LogForm.result(LogForm.of(applied)))
        .as("outcomes of %s", group)
        .isEqualTo(new GroupResult.Applied(expected));
    return group.size();
  }

  private void compareReads(Store store) {
    assertThat(store.revision()).isEqualTo(model.revision());
    for (int i = 0; i < 5; i++) {
      Key key = commands.key();
      assertThat(store.get(key))
          .as("get %s", key)
          .isEqualTo(model.at(model.revision()).get(key.utf8()));
      long revision = nextRevision();
      assertThat(store.getAt(key, revision))
          .as("get %s at %d", key, revision)
          .isEqualTo(model.at(revision).get(key.utf8()));
    }
    KeyRange range = commands.range();
    long lease = commands.lease();
    assertThat(store.endings(lease, 2)).isEqualTo(model.shard().leases().endings(lease, 2));
    long revision = nextRevision();
    assertThat(store.count(range, revision).keys())
        .as("count of %s at %d", range, revision)
        .isEqualTo(
            model.at(newestIfZero(revision)).keySet().stream().filter(range::contains).count());
    compareListing(store);
    new HistoryReads(random, model, commands).compare(store);
    if (random.nextInt(10) == 0) {
      compareScan(store);
    }
  }

  private long nextRevision() {
    long compacted = model.shard().compacted();
    return random.nextInt(3) == 0
        ? model.revision()
        : compacted + random.nextInt(Math.toIntExact(model.revision() - compacted) + 1);
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
      if (revision < model.shard().compacted()) {
        // Given up while it was being read.
        long at = revision;
        Bytes last = after;
        assertThatThrownBy(() -> store.list(page(query, at, last)))
            .extracting("code")
            .isEqualTo(ErrorCode.COMPACTED);
        return;
      }
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
    Bytes prefix = ofPrefix ? Bytes.ofUtf8(commands.segment()) : Bytes.EMPTY;
    boolean folds = random.nextBoolean();
    return new ListQuery(
        ofPrefix ? KeyRange.ofPrefix(prefix) : commands.range(),
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
    KeyRange range = commands.range();
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
