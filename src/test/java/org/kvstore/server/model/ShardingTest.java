package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardingTest {
  private static final Sharding SIXTEEN = new Sharding(16);

  /** A key that is found in another shard after an upgrade is lost. */
  @ParameterizedTest
  @CsvSource({"a, 0", "123456789, 3", "orders/1, 3", "größer, 0", "user1000, 14"})
  void of_key_isTheSameForEver(String key, int shard) {
    assertThat(SIXTEEN.of(Key.of(key))).isEqualTo(shard);
  }

  @ParameterizedTest
  @CsvSource({
    "orders/{42}/head, orders/{42}/lines",
    "{42}, x{42}",
    "{42}{43}, {42}y",
    "{a{b}c, {a{b}d",
    "{größer}/1, {größer}/2"
  })
  void of_keysWithTheSameTag_isTheSame(String one, String other) {
    assertThat(new Sharding(1_009).of(Key.of(one)))
        .isEqualTo(new Sharding(1_009).of(Key.of(other)));
  }

  @ParameterizedTest
  @CsvSource({"{}42, {}43", "{42, {43", "42}{, 43}{", "a{}{42}, b{}{42}"})
  void of_keysWithoutAWholeTag_isThatOfTheWholeKey(String one, String other) {
    assertThat(new Sharding(1_009).of(Key.of(one)))
        .isNotEqualTo(new Sharding(1_009).of(Key.of(other)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"key-%d", "%d", "user:%08d", "a/b/%d/c"})
  void of_manyKeys_areSpreadEvenly(String pattern) {
    int[] counts = new int[16];
    IntStream.range(0, 160_000).forEach(i -> counts[SIXTEEN.of(Key.of(pattern.formatted(i)))]++);

    assertThat(IntStream.of(counts).boxed())
        .allSatisfy(count -> assertThat(count).isBetween(9_000, 11_000));
  }

  @Test
  void of_prefixWithAWholeTag_isTheShardOfItsKeys() {
    KeyRange range = KeyRange.ofPrefix(Bytes.ofUtf8("orders/{42}/"));

    assertThat(SIXTEEN.of(range)).hasValue(SIXTEEN.of(Key.of("orders/{42}/head")));
  }

  @Test
  void of_rangeOfOneKey_isItsShard() {
    assertThat(SIXTEEN.of(KeyRange.of(Key.of("a")))).hasValue(SIXTEEN.of(Key.of("a")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"orders/", "orders/{42", "orders/{}", ""})
  void of_prefixWithoutOne_isNone(String prefix) {
    assertThat(SIXTEEN.of(KeyRange.ofPrefix(Bytes.ofUtf8(prefix)))).isEmpty();
  }

  @Test
  void of_anyRange_ofTheOnlyShard_isThat() {
    assertThat(Sharding.NONE.of(KeyRange.ALL)).hasValue(0);
  }
}
