package org.kvstore.server.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class DataKeyTest {
  private static final byte[] ASSOCIATED = "associated".getBytes(UTF_8);
  private static final byte[] TEXT = "some text".getBytes(UTF_8);

  private final MasterKey master = TestKeys.master(1);
  private final DataKey key = DataKey.random();

  @Test
  void unwrap_withItsMasterKey_opensWhatItSealed() {
    byte[] sealed = key.sealer().seal(ASSOCIATED, TEXT);
    byte[] wrapped = key.wrapped(master);
    DataKey unwrapped = Objects.requireNonNull(DataKey.unwrap(wrapped, master));
    assertThat(DataKey.masterOf(wrapped)).isEqualTo(master.id());
    assertThat(unwrapped.open(sealed, 0, ASSOCIATED)).isEqualTo(TEXT);
  }

  @Test
  void unwrap_withAnyByteAltered_givesNothing() {
    byte[] wrapped = key.wrapped(master);
    for (int at = 0; at < wrapped.length; at++) {
      wrapped[at] ^= 1;
      assertThat(DataKey.unwrap(wrapped, master)).as("byte %d", at).isNull();
      wrapped[at] ^= 1;
    }
    assertThat(DataKey.unwrap(wrapped, TestKeys.master(2))).isNull();
  }

  @Test
  void seal_manyTimes_neverRepeatsANonce() {
    Set<String> nonces = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      Sealer sealer = key.sealer();
      for (int j = 0; j < 300; j++) {
        byte[] sealed = sealer.seal(ASSOCIATED, TEXT);
        assertThat(nonces.add(Arrays.toString(Arrays.copyOf(sealed, 24)))).isTrue();
        assertThat(key.open(sealed, 0, ASSOCIATED)).isEqualTo(TEXT);
      }
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.SECONDS)
  void open_byManyThreads_givesEachItsText() {
    byte[][] sealed =
        IntStream.range(0, 1_000)
            .mapToObj(i -> key.sealer().seal(ASSOCIATED, new byte[] {(byte) i, (byte) (i >> 8)}))
            .toArray(byte[][]::new);
    assertThat(IntStream.range(0, sealed.length).parallel())
        .allSatisfy(
            i ->
                assertThat(key.open(sealed[i], 0, ASSOCIATED))
                    .containsExactly((byte) (int) i, (byte) (i >> 8)));
  }
}
