package org.kvstore.server.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.kvstore.server.model.KeyValueException;

class LogKeysTest {
  private static final byte[] LOG = "shard 1".getBytes(UTF_8);
  private static final byte[] ENTRY = "put a=secret".getBytes(UTF_8);
  private static final String ONE = TestKeys.master(1).id();
  private static final String TWO = TestKeys.master(2).id();

  private final LogKeys keys = new LogKeys(TestKeys.of(1, 2));

  @Test
  void open_ofWhatAnyOfTheKeysSealed_givesTheEntry() {
    byte[] sealed = new LogKeys(TestKeys.of(2)).seal(TWO, LOG, ENTRY);

    assertThat(keys.ids()).containsExactly(ONE, TWO);
    assertThat(LogKeys.keyOf(sealed)).isEqualTo(TWO);
    assertThat(new String(sealed, UTF_8)).doesNotContain("secret");
    assertThat(keys.open(LOG, sealed)).isEqualTo(ENTRY);
  }

  @Test
  void open_ofAnAlteredEntry_orOfAnotherLog_isRefused() {
    byte[] sealed = keys.seal(ONE, LOG, ENTRY);
    for (int at = 0; at < sealed.length; at++) {
      sealed[at] ^= 1;
      assertThatThrownBy(() -> keys.open(LOG, sealed)).isInstanceOf(KeyValueException.class);
      sealed[at] ^= 1;
    }
    assertThatThrownBy(() -> keys.open("shard 2".getBytes(UTF_8), sealed))
        .hasMessageContaining("altered");
    assertThat(keys.open(LOG, sealed)).isEqualTo(ENTRY);
  }

  @Test
  void open_withoutItsKey_saysWhichOneItIs() {
    byte[] sealed = keys.seal(TWO, LOG, ENTRY);

    assertThatThrownBy(() -> new LogKeys(TestKeys.of(1)).open(LOG, sealed))
        .hasMessageContaining("is encrypted with the key " + TWO)
        .hasMessageContaining("the only key is " + ONE);
    assertThatThrownBy(() -> LogKeys.NONE.open(LOG, sealed)).hasMessageContaining("no key is set");
  }

  @Test
  void open_ofAnEntryInClear_isForThoseWithoutKeys() {
    assertThat(LogKeys.NONE.open(LOG, ENTRY)).isEqualTo(ENTRY);
    assertThatThrownBy(() -> keys.open(LOG, ENTRY)).hasMessageContaining("in clear");
  }
}
