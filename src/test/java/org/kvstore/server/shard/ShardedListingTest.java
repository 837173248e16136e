package org.kvstore.server.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Revisions;

/** Listings over several shards show what one would. */
class ShardedListingTest {
  private static final Bytes SLASH = Bytes.ofUtf8("/");

  @TempDir Path directory;

  private final Random random = new Random(7);
  private final NavigableMap<String, String> model = new TreeMap<>();
  private TestShards shards; // Set before each test.

  @BeforeEach
  void open() {
    shards = new TestShards(directory, 5);
    List<CompletableFuture<?>> puts = new ArrayList<>();
    for (int i = 0; i < 600; i++) {
      String key = "k%d/%d".formatted(random.nextInt(12), random.nextInt(60));
      model.put(key, Integer.toString(i));
      puts.add(shards.submitPut(key, Integer.toString(i)));
    }
    CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
  }

  @AfterEach
  void close() {
    shards.close();
  }

  private void put(String key, String value) {
    shards.put(key, value);
    model.put(key, value);
  }

  @ParameterizedTest
  @CsvSource({
    "false, 1",
    "false, 7",
    "false, 100",
    "false, 1000",
    "true, 1",
    "true, 7",
    "true, 1000"
  })
  void pages_haveEachKeyOnce_inOrder(boolean descending, int limit) {
    List<String> listed = new ArrayList<>();

    forEachPage(
        query(KeyRange.ALL, descending, limit, null),
        page -> page.entries().forEach(entry -> listed.add(text(entry))));

    assertThat(listed).containsExactlyElementsOf(texts(descending ? model.descendingMap() : model));
  }

  @Test
  void pages_showOnePointInTime_whileWritesGoOn() {
    List<String> before = texts(model);
    List<String> listed = new ArrayList<>();

    forEachPage(
        query(KeyRange.ALL, false, 9, null),
        page -> {
          page.entries().forEach(entry -> listed.add(text(entry)));
          shards.put("k%d/%d".formatted(random.nextInt(12), random.nextInt(99)), "later");
          shards.delete(before.get(random.nextInt(before.size())).split("=", 2)[0]);
        });

    assertThat(listed).containsExactlyElementsOf(before);
  }

  @ParameterizedTest
  @CsvSource({"false, 1", "false, 5", "false, 100", "true, 1", "true, 5"})
  void pages_withADelimiter_haveEachPrefixOnce(boolean descending, int limit) {
    put("k", "not folded");
    List<String> prefixes = new ArrayList<>();
    List<String> keys = new ArrayList<>();

    forEachPage(
        query(KeyRange.ALL, descending, limit, SLASH),
        page -> {
          page.prefixes().forEach(prefix -> prefixes.add(prefix.toUtf8()));
          page.entries().forEach(entry -> keys.add(entry.key().text()));
        });

    TreeSet<String> expected = new TreeSet<>();
    model.keySet().stream()
        .filter(key -> key.contains("/"))
        .forEach(key -> expected.add(key.substring(0, key.indexOf('/') + 1)));
    assertThat(prefixes)
        .containsExactlyElementsOf(descending ? expected.descendingSet() : expected);
    assertThat(keys).containsExactly("k");
  }

  @Test
  void list_ofAShardThatWasEmptyThen_doesNotShowWhatCameLater(@TempDir Path other) {
    try (TestShards few = new TestShards(other, 5)) {
      few.put("a", "1");
      few.put("b", "1");
      ShardedPage first =
          few.shards().listing(query(KeyRange.ALL, false, 1, null), null, Consistency.LOCAL).page();
      for (int i = 0; i < 20; i++) {
        few.put("c" + i, "later");
      }

      ListQuery next = query(KeyRange.ALL, false, 100, null).part(100, 1 << 20, 0, first.last());
      ShardedPage second = few.shards().listing(next, first.revisions(), Consistency.LOCAL).page();

      assertThat(second.entries()).extracting(ShardedListingTest::text).containsExactly("b=1");
      assertThat(second.last()).isNull();
    }
  }

  @Test
  void scan_hasEachKeyOnce_inOrder() {
    List<String> scanned = new ArrayList<>();
    try (RangeScan scan = shards.shards().scan(KeyRange.ALL, Consistency.LOCAL)) {
      do {
        scan.entries().forEach(entry -> scanned.add(text(entry)));
      } while (scan.advance());
    }

    assertThat(scanned).containsExactlyElementsOf(texts(model));
  }

  @Test
  void count_isThatOfAll() {
    assertThat(shards.shards().count(KeyRange.ALL, 0, Consistency.LOCAL).count().keys())
        .isEqualTo(model.size());
    assertThat(
            shards
                .shards()
                .count(KeyRange.ofPrefix(Bytes.ofUtf8("k1")), 0, Consistency.LOCAL)
                .count()
                .keys())
        .isEqualTo(model.subMap("k1", "k2").size());
  }

  @Test
  void revisionOfARange_thatIsInSeveralShards_isRefused() {
    ListQuery query = query(KeyRange.ALL, false, 10, null).part(10, 1 << 20, 3, null);

    assertThatThrownBy(() -> shards.shards().listing(query, null, Consistency.LOCAL))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("single shard");
  }

  private void forEachPage(ListQuery query, java.util.function.Consumer<ShardedPage> action) {
    Revisions at = null;
    Bytes after = null;
    do {
      ShardedPage page =
          shards
              .shards()
              .listing(query.part(query.limit(), query.maxBytes(), 0, after), at, Consistency.LOCAL)
              .page();
      action.accept(page);
      assertThat(page.entries().size() + page.prefixes().size()).isLessThanOrEqualTo(query.limit());
      at = page.revisions();
      after = page.last();
    } while (after != null);
  }

  private static ListQuery query(
      KeyRange range, boolean descending, int limit, @Nullable Bytes delimiter) {
    return new ListQuery(range, descending, limit, 1 << 20, false, delimiter, Bytes.EMPTY, 0, null);
  }

  private static List<String> texts(NavigableMap<String, String> map) {
    return map.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList();
  }

  private static String text(Entry entry) {
    return entry.key().text() + "=" + entry.value().toUtf8();
  }
}
