package org.kvstore.api.archive;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The SHA-256 of each entry of an archive, in their order. As text it is what {@code sha256sum -c}
 * reads; its length is known as soon as the names are.
 */
final class Checksums {
  private static final HexFormat HEX = HexFormat.of();
  private static final int HEX_DIGITS = 64;

  private final Map<String, String> sums = new LinkedHashMap<>();

  static MessageDigest digest() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJavaHasIt) {
      throw new IllegalStateException(everyJavaHasIt);
    }
  }

  /** Adds an entry; false when there is one of that name. */
  boolean add(String name, MessageDigest digest) {
    return sums.putIfAbsent(name, HEX.formatHex(digest.digest())) == null;
  }

  int count() {
    return sums.size();
  }

  static long bytes(Iterable<String> names) {
    long bytes = 0;
    for (String name : names) {
      bytes += HEX_DIGITS + 2 + name.length() + 1;
    }
    return bytes;
  }

  long bytes() {
    return bytes(sums.keySet());
  }

  byte[] text() {
    StringBuilder text = new StringBuilder();
    sums.forEach((name, sum) -> text.append(sum).append("  ").append(name).append('\n'));
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /** Holds the entries that were read against the text that came with them, of the same length. */
  void requireEqual(byte[] text) throws ArchiveException {
    String[] lines = new String(text, StandardCharsets.ISO_8859_1).split("\n", -1);
    int line = 0;
    for (Map.Entry<String, String> sum : sums.entrySet()) {
      String expected = sum.getValue() + "  " + sum.getKey();
      if (line >= lines.length || !lines[line++].equals(expected)) {
        throw new ArchiveException(
            "The checksum of the archive's entry " + sum.getKey() + " does not match its content.");
      }
    }
  }
}
