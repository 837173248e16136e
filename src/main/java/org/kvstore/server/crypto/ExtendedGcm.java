package org.kvstore.server.crypto;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * AES-256-GCM under nonces of 192 bits, which are long enough to be drawn at random without end:
 * XAES-256-GCM. Source: C2SP, XAES-256-GCM.md. The first half of a nonce derives a key (NIST SP
 * 800-108, CMAC, counter mode), the second is GCM's own nonce under it. Used by one thread at a
 * time; messages whose nonces have one first half share its derivation while they follow each
 * other.
 *
 * <pre>
 * sealed   nonce (24 bytes), ciphertext, tag (16 bytes)
 * </pre>
 */
final class ExtendedGcm {
  static final int KEY_BYTES = 32;
  static final int NONCE_BYTES = 24;
  static final int TAG_BYTES = 16;
  private static final int HALF = NONCE_BYTES / 2;
  private static final int BLOCK = 16;

  /** What the polynomial of GF(2^128) adds when a doubled block runs over: NIST SP 800-38B. */
  private static final int REDUCTION = 0x87;

  private final Cipher block;
  private final Cipher gcm = cipher("AES/GCM/NoPadding");
  private final byte[] mask;
  private final byte[] prefix = new byte[HALF];
  private @Nullable SecretKeySpec derived;

  ExtendedGcm(byte[] key) {
    try {
      block = cipher("AES/ECB/NoPadding");
      block.init(Cipher.ENCRYPT_MODE, aes(key));
      mask = doubled(block.doFinal(new byte[BLOCK]));
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /**
   * Encrypts a text.
   *
   * @param nonce never used before with this key
   * @param associated what is not encrypted, but has to be the same when it is opened
   */
  byte[] seal(byte[] nonce, byte[] associated, byte[] text) {
    try {
      gcm.init(Cipher.ENCRYPT_MODE, derive(nonce, 0), parameters(nonce, 0));
      gcm.updateAAD(associated);
      byte[] sealed = Arrays.copyOf(nonce, NONCE_BYTES + text.length + TAG_BYTES);
      gcm.doFinal(text, 0, text.length, sealed, NONCE_BYTES);
      return sealed;
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /** The text that was sealed, in the bytes from {@code from} on; null if anything was altered. */
  byte @Nullable [] open(byte[] sealed, int from, byte[] associated) {
    if (sealed.length - from < NONCE_BYTES + TAG_BYTES) {
      return null;
    }
    try {
      gcm.init(Cipher.DECRYPT_MODE, derive(sealed, from), parameters(sealed, from));
      gcm.updateAAD(associated);
      int begin = from + NONCE_BYTES;
      return gcm.doFinal(sealed, begin, sealed.length - begin);
    } catch (AEADBadTagException altered) {
      return null;
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  private SecretKeySpec derive(byte[] nonce, int from) throws GeneralSecurityException {
    SecretKeySpec last = derived;
    if (last != null && Arrays.equals(prefix, 0, HALF, nonce, from, from + HALF)) {
      return last;
    }
    byte[] blocks = new byte[2 * BLOCK];
    for (int at = 0; at < blocks.length; at += BLOCK) {
      blocks[at + 1] = (byte) (1 + at / BLOCK);
      blocks[at + 2] = 'X';
      System.arraycopy(nonce, from, blocks, at + BLOCK - HALF, HALF);
    }
    for (int i = 0; i < blocks.length; i++) {
      blocks[i] ^= mask[i % BLOCK];
    }
    SecretKeySpec key = aes(block.doFinal(blocks));
    System.arraycopy(nonce, from, prefix, 0, HALF);
    derived = key;
    return key;
  }

  private static GCMParameterSpec parameters(byte[] nonce, int from) {
    return new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce, from + HALF, HALF);
  }

  private static byte[] doubled(byte[] block) {
    byte[] doubled = new byte[BLOCK];
    int carry = 0;
    for (int i = BLOCK - 1; i >= 0; i--) {
      int twice = (block[i] & 0xFF) << 1 | carry;
      doubled[i] = (byte) twice;
      carry = twice >>> Byte.SIZE;
    }
    doubled[BLOCK - 1] ^= (byte) (carry * REDUCTION);
    return doubled;
  }

  static SecretKeySpec aes(byte[] key) {
    return new SecretKeySpec(key, "AES");
  }

  static Cipher cipher(String transformation) {
    try {
      return Cipher.getInstance(transformation);
    } catch (GeneralSecurityException e) {
      throw impossible(e);
    }
  }

  /** Every Java has these algorithms, and the parameters are ours. */
  static IllegalStateException impossible(GeneralSecurityException e) {
    return new IllegalStateException(e);
  }
}
