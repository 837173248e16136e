package org.kvstore.server.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is sealed is opened again; with anything else than it was, it is not. */
class ExtendedGcmTest {
  private static final byte[] NONCE = "ABCDEFGHIJKLMNOPQRSTUVWX".getBytes(UTF_8);
  private static final byte[] ASSOCIATED = "associated".getBytes(UTF_8);
  private static final byte[] TEXT = "some text".getBytes(UTF_8);

  private final ExtendedGcm cipher = new ExtendedGcm(key(1));

  /** The test vectors of the specification, C2SP XAES-256-GCM; one for each value of the carry. */
  @ParameterizedTest
  @CsvSource({
    "1, '', ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
    "3, c2sp.org/XAES-256-GCM, 986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"
  })
  void seal_knownAnswers(int key, String associated, String expected) {
    byte[] sealed =
        new ExtendedGcm(key(key))
            .seal(NONCE, associated.getBytes(UTF_8), "XAES-256-GCM".getBytes(UTF_8));
    assertThat(sealed).startsWith(NONCE);
    assertThat(HexFormat.of().formatHex(sealed, NONCE.length, sealed.length)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 15, 16, 17, 1_000, 1 << 20})
  void open_ofWhatWasSealed_givesTheText(int size) {
    byte[] text = new byte[size];
    new Random(size).nextBytes(text);
    byte[] sealed = cipher.seal(NONCE, ASSOCIATED, text);
    byte[] behind = new byte[5 + sealed.length];
    System.arraycopy(sealed, 0, behind, 5, sealed.length);
    assertThat(cipher.open(sealed, 0, ASSOCIATED)).isEqualTo(text);
    assertThat(new ExtendedGcm(key(1)).open(behind, 5, ASSOCIATED)).isEqualTo(text);
  }

  @Test
  void open_withAnyBitTurnedOver_givesNothing() {
    byte[] sealed = cipher.seal(NONCE, ASSOCIATED, TEXT);
    for (int bit = 0; bit < sealed.length * Byte.SIZE; bit++) {
      sealed[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      assertThat(cipher.open(sealed, 0, ASSOCIATED)).as("bit %d", bit).isNull();
      sealed[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
    }
    assertThat(cipher.open(sealed, 0, ASSOCIATED)).isEqualTo(TEXT);
  }

  @Test
  void open_ofAnyPart_givesNothing() {
    byte[] sealed = cipher.seal(NONCE, ASSOCIATED, TEXT);
    for (int length = 0; length < sealed.length; length++) {
      assertThat(cipher.open(Arrays.copyOf(sealed, length), 0, ASSOCIATED)).isNull();
    }
  }

  @Test
  void open_withOtherAssociatedBytesOrKey_givesNothing() {
    byte[] sealed = cipher.seal(NONCE, ASSOCIATED, TEXT);
    assertThat(cipher.open(sealed, 0, TEXT)).isNull();
    assertThat(new ExtendedGcm(key(2)).open(sealed, 0, ASSOCIATED)).isNull();
  }

  private static byte[] key(int filling) {
    byte[] key = new byte[ExtendedGcm.KEY_BYTES];
    Arrays.fill(key, (byte) filling);
    return key;
  }
}
