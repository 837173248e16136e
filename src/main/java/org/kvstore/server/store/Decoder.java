package org.kvstore.server.store;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.kvstore.server.model.Bytes;

/**
 * Reads the primitive parts of a stored row. RocksDB's checksums have already vouched for the
 * bytes, so a row that does not parse is a defect or an unknown format, never bad input.
 */
final class Decoder {
  private final byte[] row;
  private int at;

  Decoder(byte[] row) {
    this(row, 0);
  }

  Decoder(byte[] row, int from) {
    this.row = row;
    at = from;
  }

  /** Reads the version byte of a row and refuses any other than the known one. */
  Decoder expectVersion(int known) {
    int version = fixed8();
    if (version != known) {
      throw new IllegalStateException(
          "A stored row has format %d; this server reads %d.".formatted(version, known));
    }
    return this;
  }

  /** How far it has come. */
  int at() {
    return at;
  }

  /** What was read since it had come to a place. */
  byte[] since(int place) {
    return Arrays.copyOfRange(row, place, at);
  }

  /** The array that is read, for what is to be read of it by other means. */
  byte[] array() {
    return row;
  }

  int fixed8() {
    return row[at++];
  }

  long fixed64() {
    long value = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      value = value << 8 | (row[at++] & 0xFF);
    }
    return value;
  }

  long variable() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = row[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
  }

  Bytes sizedBytes() {
    return Bytes.takeOver(take((int) variable()));
  }

  String sizedText() {
    int length = (int) variable();
    String text = new String(row, at, length, StandardCharsets.UTF_8);
    at += length;
    return text;
  }

  Bytes rest() {
    return Bytes.takeOver(take(row.length - at));
  }

  private byte[] take(int length) {
    if (length < 0 || length > row.length - at) {
      throw new IllegalStateException("A stored row is shorter than it says.");
    }
    byte[] taken = Arrays.copyOfRange(row, at, at + length);
    at += length;
    return taken;
  }
}
