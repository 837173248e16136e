package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Ranges of clients never reach the server's own keys, and one covers another by its bytes. */
class KeyRangeTest {
  private final Random random = new Random(Long.getLong("seed", 5));

  @Test
  void rangesOfClients_haveNoKeyOfTheServer() {
    Bytes own = Key.ofSystem("token/a").utf8();

    assertThat(KeyRange.SYSTEM.contains(own)).isTrue();
    assertThat(KeyRange.ALL.contains(own)).isFalse();
    assertThat(KeyRange.ofPrefix(Bytes.EMPTY).contains(own)).isFalse();
    assertThat(KeyRange.ofPrefix(Bytes.ofUtf8("\0")).contains(own)).isFalse();
    assertThat(KeyRange.ofPrefix(Bytes.ofUtf8("\0token/")).isEmpty()).isTrue();
    assertThat(KeyRange.between(Bytes.EMPTY, null).contains(own)).isFalse();
    assertThat(KeyRange.between(Bytes.EMPTY, Bytes.ofUtf8("z")).contains(own)).isFalse();
    assertThat(KeyRange.between(own, own.successor()).isEmpty()).isTrue();
  }

  @Test
  void rangesOfClients_haveEveryKeyOfClients() {
    assertThat(KeyRange.ALL.contains(Key.of(" ").utf8())).isTrue();
    assertThat(KeyRange.ALL.contains(Key.of("\uDBFF\uDFFF").utf8())).isTrue();
    assertThat(KeyRange.SYSTEM.contains(Key.of(" ").utf8())).isFalse();
  }

  @Test
  void covers_isSo_ifEveryPositionOfTheOtherLiesInIt() {
    for (int i = 0; i < 20_000; i++) {
      KeyRange one = range();
      KeyRange other = range();
      if (!other.isEmpty()) {
        assertThat(one.covers(other))
            .as("%s %s", text(one), text(other))
            .isEqualTo(holdsAll(one, other));
      }
    }
  }

  /** By every position of up to three letters, and one behind all of them. */
  private static boolean holdsAll(KeyRange one, KeyRange other) {
    for (char a = 'a'; a <= 'd'; a++) {
      for (String rest : new String[] {"", "a", "b", "c", "aa", "cc"}) {
        Bytes position = Bytes.ofUtf8(a + rest);
        if (other.contains(position) && !one.contains(position)) {
          return false;
        }
      }
    }
    return other.end() != null || one.end() == null;
  }

  private KeyRange range() {
    Bytes start = letter();
    return KeyRange.between(start, random.nextInt(4) == 0 ? null : letter());
  }

  private Bytes letter() {
    return Bytes.ofUtf8(String.valueOf((char) ('a' + random.nextInt(4))));
  }

  private static String text(KeyRange range) {
    Bytes end = range.end();
    return range.start().toUtf8() + ".." + (end == null ? "" : end.toUtf8());
  }
}
