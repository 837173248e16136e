package org.kvstore.server.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kvstore.server.crypto.SealedFile.CHUNK_BYTES;
import static org.kvstore.server.crypto.SealedFile.SALT_BYTES;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.SealedFile.Identity;
import org.kvstore.server.model.KeyValueException;

/** A file is opened as it was sealed, or refused. */
class SealedFileTest {
  private static final int SEALED_CHUNK = CHUNK_BYTES + ExtendedGcm.TAG_BYTES;
  private static final MasterKey KEY = new MasterKey(new byte[MasterKey.BYTES]);
  private static final Identity FILE = new Identity("backup 1", "000012.sst");

  private final Random random = new Random(5);

  @ParameterizedTest
  @ValueSource(
      ints = {0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 300_001})
  void open_ofWhatWasSealed_givesTheFile(int size) throws IOException {
    byte[] content = bytes(size);
    byte[] sealed = seal(content);
    assertThat(sealed).hasSize((int) SealedFile.sealedSize(size));
    assertThat(open(sealed, FILE, KEY)).isEqualTo(content);
  }

  @Test
  void open_withAnyBitTurnedOver_isRefused() throws IOException {
    byte[] sealed = seal(bytes(2 * CHUNK_BYTES + 9));
    for (int i = 0; i < 300; i++) {
      int at = i < SALT_BYTES ? i : random.nextInt(sealed.length);
      sealed[at] ^= (byte) (1 << i % Byte.SIZE);
      assertRefused(sealed);
      sealed[at] ^= (byte) (1 << i % Byte.SIZE);
    }
  }

  @Test
  void open_ofATruncatedFile_isRefused_evenBetweenChunks() throws IOException {
    byte[] sealed = seal(bytes(2 * CHUNK_BYTES + 9));
    for (int chunks = 0; chunks <= 2; chunks++) {
      int boundary = SALT_BYTES + chunks * SEALED_CHUNK;
      for (int length : new int[] {boundary - 1, boundary, boundary + 1, boundary + 20}) {
        assertRefused(Arrays.copyOf(sealed, length));
      }
    }
    assertRefused(new byte[0]);
  }

  @Test
  void open_ofChunksInAnotherOrder_orWithMoreBehind_isRefused() throws IOException {
    byte[] sealed = seal(bytes(2 * CHUNK_BYTES));
    byte[] first = Arrays.copyOfRange(sealed, SALT_BYTES, SALT_BYTES + SEALED_CHUNK);
    byte[] exchanged = sealed.clone();
    System.arraycopy(sealed, SALT_BYTES + SEALED_CHUNK, exchanged, SALT_BYTES, SEALED_CHUNK);
    System.arraycopy(first, 0, exchanged, SALT_BYTES + SEALED_CHUNK, SEALED_CHUNK);
    assertRefused(exchanged);
    assertRefused(Arrays.copyOf(sealed, sealed.length + 1));
    byte[] longer = Arrays.copyOf(sealed, sealed.length + SEALED_CHUNK);
    System.arraycopy(first, 0, longer, sealed.length, SEALED_CHUNK);
    assertRefused(longer);
  }

  @Test
  void open_asAnotherFile_ofAnotherBackup_orWithAnotherKey_isRefused() throws IOException {
    byte[] sealed = seal(bytes(100));
    MasterKey otherKey = new MasterKey(bytes(MasterKey.BYTES));
    assertRefused(sealed, new Identity("backup 1", "000013.sst"), KEY);
    assertRefused(sealed, new Identity("backup 2", "000012.sst"), KEY);
    assertRefused(sealed, FILE, otherKey);
  }

  @Test
  void seal_twice_givesDifferentBytes() throws IOException {
    byte[] content = bytes(100);
    assertThat(seal(content)).isNotEqualTo(seal(content));
  }

  private static void assertRefused(byte[] sealed) {
    assertRefused(sealed, FILE, KEY);
  }

  private static void assertRefused(byte[] sealed, Identity identity, MasterKey key) {
    assertThatThrownBy(() -> open(sealed, identity, key))
        .isInstanceOfSatisfying(
            KeyValueException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.REQUEST_INVALID))
        .hasMessageContaining(identity.name());
  }

  private static byte[] seal(byte[] content) throws IOException {
    try (InputStream in =
        SealedFile.sealing(new ByteArrayInputStream(content), content.length, KEY, FILE)) {
      return in.readAllBytes();
    }
  }

  /** In parts whose sizes have nothing to do with chunks. */
  private static byte[] open(byte[] sealed, Identity identity, MasterKey key) throws IOException {
    ByteArrayOutputStream opened = new ByteArrayOutputStream();
    try (OutputStream out = SealedFile.opening(opened, key, identity)) {
      for (int at = 0; at < sealed.length; at += 40_001) {
        out.write(sealed, at, Math.min(40_001, sealed.length - at));
      }
    }
    return opened.toByteArray();
  }

  private byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }
}
