package org.kvstore.server.crypto;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A key of the operator: 256 bits that are kept beside the data, not in it. It encrypts no value
 * itself; keys for one purpose each are derived from it by HMAC-SHA256.
 */
public final class MasterKey {
  static final int BYTES = 32;
  private static final int ID_BYTES = 8;
  private static final String HMAC = "HmacSHA256";

  private final byte[] key;
  private final String id;

  MasterKey(byte[] key) {
    this.key = key.clone();
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes("kvstore key id"));
      id = HexFormat.of().formatHex(Arrays.copyOf(digest.digest(key), ID_BYTES));
    } catch (GeneralSecurityException e) {
      throw ExtendedGcm.impossible(e);
    }
  }

  /** What tells it from others, and tells nothing of it: 16 hexadecimal digits of a SHA-256. */
  public String id() {
    return id;
  }

  /** The key for a purpose, which may have further parts; each of a length of its own. */
  byte[] derive(String purpose, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(new SecretKeySpec(key, HMAC));
      mac.update(bytes("kvstore " + purpose + "\n"));
      for (byte[] part : parts) {
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw ExtendedGcm.impossible(e);
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The id only. */
  @Override
  public String toString() {
    return "MasterKey[id=" + id + "]";
  }
}
