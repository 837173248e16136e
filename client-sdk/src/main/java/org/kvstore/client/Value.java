package org.kvstore.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The bytes of an entry: zero or more, immutable. */
public final class Value {
  /** Media type that texts are stored with. */
  static final String TEXT_TYPE = "text/plain;charset=UTF-8";

  private final byte[] bytes;

  private Value(byte[] bytes) {
    this.bytes = bytes;
  }

  /** A value with a copy of these bytes. */
  public static Value of(byte[] bytes) {
    return new Value(bytes.clone());
  }

  /** A value with the UTF-8 bytes of a text. */
  public static Value of(String text) {
    return new Value(text.getBytes(StandardCharsets.UTF_8));
  }

  /** A value that takes the array over; nobody else may keep it. */
  static Value owning(byte[] bytes) {
    return new Value(bytes);
  }

  /** The array itself, for code that does not change it. */
  byte[] shared() {
    return bytes;
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** The bytes as UTF-8 text; what is not valid UTF-8 becomes U+FFFD. */
  public String text() {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Number of bytes. */
  public int size() {
    return bytes.length;
  }

  /** A stream over the bytes, without a copy. */
  public InputStream stream() {
    return new ByteArrayInputStream(bytes);
  }

  /** Writes the bytes to a stream, without a copy; neither flushes nor closes it. */
  public void writeTo(OutputStream out) throws IOException {
    out.write(bytes, 0, bytes.length);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Value value && Arrays.equals(bytes, value.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** The size only, as a value does not belong in a log. */
  @Override
  public String toString() {
    return "Value[" + bytes.length + " bytes]";
  }
}
