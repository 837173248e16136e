package org.kvstore.server.store;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.kvstore.server.model.Bytes;

/** Writes the primitive parts of a stored row; {@link Decoder} reads them back. */
final class Encoder {
  /** Bytes of the largest number that {@link #variable} writes. */
  static final int LONGEST_VARIABLE = 10;

  private byte[] buffer;
  private int size;

  Encoder(int expectedSize) {
    buffer = new byte[expectedSize];
  }

  Encoder fixed8(int value) {
    reserve(1);
    buffer[size++] = (byte) value;
    return this;
  }

  /** Eight bytes, big endian: sorts as the unsigned number. */
  Encoder fixed64(long value) {
    reserve(Long.BYTES);
    for (int shift = 56; shift >= 0; shift -= 8) {
      buffer[size++] = (byte) (value >>> shift);
    }
    return this;
  }

  /** Four bytes, the low one first. */
  Encoder littleEndian32(int value) {
    reserve(Integer.BYTES);
    for (int shift = 0; shift < Integer.SIZE; shift += 8) {
      buffer[size++] = (byte) (value >>> shift);
    }
    return this;
  }

  /** LEB128: seven bits a byte, low ones first. */
  Encoder variable(long value) {
    reserve(LONGEST_VARIABLE);
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      buffer[size++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    buffer[size++] = (byte) rest;
    return this;
  }

  /** A length and the bytes. */
  Encoder sized(Bytes bytes) {
    return variable(bytes.size()).raw(bytes);
  }

  /** A length and the text's UTF-8. */
  Encoder sized(String text) {
    return sized(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A length and the bytes. */
  Encoder sized(byte[] bytes) {
    return variable(bytes.length).raw(bytes);
  }

  /** The bytes alone. */
  Encoder raw(byte[] bytes) {
    reserve(bytes.length);
    System.arraycopy(bytes, 0, buffer, size, bytes.length);
    size += bytes.length;
    return this;
  }

  /** The bytes alone. */
  Encoder raw(Bytes bytes) {
    reserve(bytes.size());
    bytes.copyTo(buffer, size);
    size += bytes.size();
    return this;
  }

  byte[] toArray() {
    return size == buffer.length ? buffer : Arrays.copyOf(buffer, size);
  }

  private void reserve(int more) {
    if (buffer.length - size < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + more));
    }
  }
}
