package org.kvstore.server.service;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition.Tags;

/** Digests what a request asks for, so that another request under the same name is told apart. */
final class Fingerprint {
  private static final int LENGTH = 16;
  private static final byte[] NONE = new byte[0];

  private Fingerprint() {}

  /**
   * The first 16 bytes of SHA-256 over the parts, each with its length before it. It is stored, so
   * it must be the same for the same parts in every process.
   *
   * @param parts bytes, lists of tags, and what has a text; null where there is none
   */
  static Bytes of(@Nullable Object... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Object part : parts) {
        byte[] bytes = part == null ? NONE : bytes(part);
        int length = part == null ? -1 : bytes.length;
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(length).array());
        digest.update(bytes);
      }
      return Bytes.takeOver(Arrays.copyOf(digest.digest(), LENGTH));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  private static byte[] bytes(Object part) {
    if (part instanceof Bytes bytes) {
      return bytes.toArray();
    }
    String text =
        part instanceof Tags tags
            ? tags.any() + " " + new TreeSet<>(tags.revisions())
            : part.toString();
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
