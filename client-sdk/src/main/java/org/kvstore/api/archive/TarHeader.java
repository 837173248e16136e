package org.kvstore.api.archive;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The header of one regular file in a tar archive: a block of 512 bytes. Source: POSIX.1-1988,
 * ustar.
 *
 * <pre>
 * 0 name  100 mode  108 user  116 group  124 size  136 time  148 checksum  156 type  257 ustar, 00
 * </pre>
 *
 * Numbers are octal digits. There is one form for each name, size and time, and no other is taken:
 * so every byte of a header is checked.
 *
 * @param name ASCII, at most 100 characters
 * @param size bytes of the file, below 8 GiB
 * @param time seconds since the epoch
 */
record TarHeader(String name, long size, long time) {
  static final int BLOCK = 512;
  private static final int NAME_BYTES = 100;
  private static final int SIZE_AT = 124;
  private static final int TIME_AT = 136;
  private static final int CHECKSUM_AT = 148;
  private static final int TYPE_AT = 156;
  private static final int MAGIC_AT = 257;
  private static final int DIGITS = 11;
  private static final long MOST = (1L << 33) - 1;

  TarHeader {
    if (name.length() > NAME_BYTES || size < 0 || size > MOST || time < 0 || time > MOST) {
      throw new IllegalArgumentException("Not for a tar archive: " + name + ", " + size);
    }
  }

  byte[] bytes() {
    byte[] block = new byte[BLOCK];
    put(block, 0, name);
    put(block, NAME_BYTES, "0000644\0" + "0000000\0" + "0000000\0");
    put(block, SIZE_AT, octal(size));
    put(block, TIME_AT, octal(time));
    put(block, CHECKSUM_AT, "        ");
    block[TYPE_AT] = '0';
    put(block, MAGIC_AT, "ustar\0" + "00");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xFF;
    }
    put(block, CHECKSUM_AT, "%06o\0 ".formatted(sum));
    return block;
  }

  /** Reads a header; null when the block is none of ours. */
  static @Nullable TarHeader parse(byte[] block) {
    int end = 0;
    while (end < NAME_BYTES && block[end] != 0) {
      end++;
    }
    long size = number(block, SIZE_AT);
    long time = number(block, TIME_AT);
    if (size < 0 || time < 0) {
      return null;
    }
    TarHeader header =
        new TarHeader(new String(block, 0, end, StandardCharsets.US_ASCII), size, time);
    return Arrays.equals(header.bytes(), block) ? header : null;
  }

  /** What follows the file's content up to the next block. */
  static int padding(long size) {
    return (int) (-size & (BLOCK - 1));
  }

  private static long number(byte[] block, int at) {
    long number = 0;
    for (int i = at; i < at + DIGITS; i++) {
      if (block[i] < '0' || block[i] > '7') {
        return -1;
      }
      number = number << 3 | (block[i] - '0');
    }
    return number;
  }

  private static String octal(long number) {
    return "%011o\0".formatted(number);
  }

  private static void put(byte[] block, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(bytes, 0, block, at, bytes.length);
  }
}
