package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;

class EntryCacheTest {
  private static final Key KEY = Key.of("key");

  private final EntryCache cache = new EntryCache(64 << 10);

  @Test
  void get_ofAKeyReadBefore_isNotLookedUpAgain() {
    Entry first = entry(KEY, 1);
    assertThat(cache.get(KEY, key -> first)).isSameAs(first);
    assertThat(cache.get(KEY, key -> entry(KEY, 2))).isSameAs(first);
    assertThat(cache.hits()).isEqualTo(1);
    assertThat(cache.misses()).isEqualTo(1);
  }

  @Test
  void get_ofAMissingKey_isLookedUpEachTime() {
    assertThat(cache.get(KEY, key -> null)).isNull();
    Entry written = entry(KEY, 1);
    assertThat(cache.get(KEY, key -> written)).isSameAs(written);
  }

  @Test
  void publish_ofAPut_replacesTheEntry() {
    cache.get(KEY, key -> entry(KEY, 1));
    Entry next = entry(KEY, 2);
    cache.publish(List.of(put(next)));
    assertThat(cache.get(KEY)).isSameAs(next);
  }

  @Test
  void publish_ofADelete_forgetsTheEntry() {
    cache.get(KEY, key -> entry(KEY, 1));
    cache.publish(List.of(new Event(2, 0, 0, Event.Reason.CLIENT, KEY, null)));
    assertThat(cache.get(KEY)).isNull();
  }

  @Test
  void publish_ofVeryManyChanges_forgetsEverything() {
    cache.get(KEY, key -> entry(KEY, 1));
    List<Event> events = new ArrayList<>();
    IntStream.range(0, 1_001).forEach(i -> events.add(put(entry(Key.of("other" + i), 2))));
    cache.publish(events);
    assertThat(cache.get(KEY)).isNull();
  }

  @Test
  void manyEntries_stayWithinTheBound() {
    IntStream.range(0, 10_000)
        .mapToObj(i -> Key.of("key" + i))
        .forEach(key -> cache.get(key, k -> entry(k, 1)));
    long kept =
        IntStream.range(0, 10_000).filter(i -> cache.get(Key.of("key" + i)) != null).count();
    assertThat(kept).isBetween(1L, (64L << 10) / 100);
  }

  private static Event put(Entry entry) {
    return new Event(entry.modRevision(), 0, 0, Event.Reason.CLIENT, entry.key(), entry);
  }

  private static Entry entry(Key key, long revision) {
    return new Entry(
        key, Bytes.copyOf(new byte[100]), "text/plain", 1, revision, 1, 0, Entry.NEVER, 0);
  }
}
