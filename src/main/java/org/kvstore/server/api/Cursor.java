package org.kvstore.server.api;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;

/**
 * Where a listing goes on: an opaque, URL-safe token to clients. It only ever narrows the range
 * that the request itself names, so a forged one reads nothing that the request could not.
 *
 * @param query digest of the query that it belongs to
 * @param revision the point in time of the listing
 * @param last the last key or folded prefix that was listed
 */
record Cursor(int query, long revision, Bytes last) {
  private static final byte FORMAT = 1;
  private static final int HEAD = 13;

  String token() {
    byte[] bytes = new byte[HEAD + last.size()];
    ByteBuffer.wrap(bytes).put(FORMAT).putInt(query).putLong(revision);
    last.copyTo(bytes, HEAD);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * Reads a token back.
   *
   * @throws KeyValueException REQUEST_INVALID when it is malformed or of another query
   */
  static Cursor parse(String token, int query) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      if (bytes.get() == FORMAT) {
        int of = bytes.getInt();
        long revision = bytes.getLong();
        byte[] last = new byte[bytes.remaining()];
        bytes.get(last);
        if (of == query && revision > 0 && last.length > 0) {
          return new Cursor(of, revision, Bytes.takeOver(last));
        }
      }
    } catch (IllegalArgumentException | BufferUnderflowException malformed) {
      // Reported below.
    }
    throw KeyValueException.invalid(
        "cursor", "It is not a cursor of this listing; repeat the query that it came from.");
  }
}
