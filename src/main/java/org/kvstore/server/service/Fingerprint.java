package org.kvstore.server.service;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import org.kvstore.server.model.Bytes;

/** Digests what a request asks for, so that another request under the same name is told apart. */
final class Fingerprint {
  private static final int LENGTH = 16;

  private Fingerprint() {}

  /** The first 16 bytes of SHA-256 over the parts, each with its length before it. */
  static Bytes of(Object... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Object part : parts) {
        byte[] bytes =
            part instanceof Bytes value
                ? value.toArray()
                : part.toString().getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
        digest.update(bytes);
      }
      return Bytes.takeOver(Arrays.copyOf(digest.digest(), LENGTH));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }
}
