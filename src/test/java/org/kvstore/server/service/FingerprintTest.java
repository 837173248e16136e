package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition.Tags;

/** A fingerprint is stored with a request, so it must be the same in every process. */
class FingerprintTest {
  private static final Bytes START = Bytes.ofUtf8("a");

  @Test
  void of_knownParts_isFrozen() {
    Bytes fingerprint =
        Fingerprint.of("put", START, null, new Tags(false, Set.of(42L, 7L)), Tags.ANY);

    assertThat(HexFormat.of().formatHex(fingerprint.toArray()))
        .isEqualTo("6151d60a86922cd674df68b8415221c9");
  }

  @Test
  void of_rangesWithEndsOfOneLength_differ() {
    assertThat(Fingerprint.of(START, Bytes.ofUtf8("b")))
        .isNotEqualTo(Fingerprint.of(START, Bytes.ofUtf8("c")));
  }

  @Test
  void of_noEnd_differsFromAnEmptyOne() {
    assertThat(Fingerprint.of(START, null)).isNotEqualTo(Fingerprint.of(START, Bytes.EMPTY));
  }

  @Test
  void of_partsCutElsewhere_differ() {
    assertThat(Fingerprint.of("ab", "c")).isNotEqualTo(Fingerprint.of("a", "bc"));
  }
}
