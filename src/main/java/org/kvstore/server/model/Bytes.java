package org.kvstore.server.model;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** An immutable sequence of bytes, ordered as unsigned bytes. */
public final class Bytes implements Comparable<Bytes> {
  /** No bytes at all. */
  public static final Bytes EMPTY = new Bytes(new byte[0]);

  private final byte[] array;

  private Bytes(byte[] array) {
    this.array = array;
  }

  /** Copies the array. */
  public static Bytes copyOf(byte[] array) {
    return new Bytes(array.clone());
  }

  /** Takes the array over without a copy: the caller must not touch it afterwards. */
  public static Bytes takeOver(byte[] array) {
    return new Bytes(array);
  }

  /** The UTF-8 form of a text. */
  public static Bytes ofUtf8(String text) {
    return new Bytes(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Number of bytes. */
  public int size() {
    return array.length;
  }

  /** A fresh copy. */
  public byte[] toArray() {
    return array.clone();
  }

  /** Writes all bytes, without a copy of them in between. */
  public void writeTo(OutputStream out) throws IOException {
    out.write(array);
  }

  /** Copies all bytes to {@code target} from {@code offset} on. */
  public void copyTo(byte[] target, int offset) {
    System.arraycopy(array, 0, target, offset, array.length);
  }

  /** The bytes read as UTF-8; malformed input becomes U+FFFD. */
  public String toUtf8() {
    return new String(array, StandardCharsets.UTF_8);
  }

  /** Whether these bytes begin with the given ones. */
  public boolean startsWith(Bytes prefix) {
    return array.length >= prefix.array.length
        && Arrays.equals(array, 0, prefix.array.length, prefix.array, 0, prefix.array.length);
  }

  /** First index of a sequence at or after {@code from}, or -1. */
  public int indexOf(Bytes sequence, int from) {
    int last = array.length - sequence.array.length;
    for (int i = from; i <= last; i++) {
      if (Arrays.equals(
          array, i, i + sequence.array.length, sequence.array, 0, sequence.array.length)) {
        return i;
      }
    }
    return -1;
  }

  /** The first {@code length} bytes. */
  public Bytes prefix(int length) {
    return new Bytes(Arrays.copyOf(array, length));
  }

  /** The smallest sequence above all those that begin with this one; null when there is none. */
  public @Nullable Bytes afterPrefix() {
    for (int i = array.length - 1; i >= 0; i--) {
      if (array[i] != (byte) 0xFF) {
        byte[] next = Arrays.copyOf(array, i + 1);
        next[i]++;
        return new Bytes(next);
      }
    }
    return null;
  }

  /** The smallest sequence above this one: these bytes and a zero. */
  public Bytes successor() {
    return new Bytes(Arrays.copyOf(array, array.length + 1));
  }

  @Override
  public int compareTo(Bytes other) {
    return Arrays.compareUnsigned(array, other.array);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Bytes bytes && Arrays.equals(array, bytes.array);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(array);
  }

  /** The size only: values do not belong in logs. */
  @Override
  public String toString() {
    return "Bytes[size=" + array.length + "]";
  }
}
