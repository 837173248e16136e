package org.kvstore.server.api;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;

/**
 * Where a listing goes on: an opaque, URL-safe token to clients. It only ever narrows the range
 * that the request itself names, so a forged one reads nothing that the request could not.
 *
 * @param query digest of the query that it belongs to
 * @param revisions the point in time of the listing
 * @param last the last key or folded prefix that was listed
 */
record Cursor(int query, Revisions revisions, Bytes last) {
  /** Of one shard: its revision in eight bytes. */
  private static final byte ONE = 1;

  /** Of several. */
  private static final byte SEVERAL = 2;

  private static final int HEAD = 13;

  /** Of one shard alone. */
  Cursor(int query, long revision, Bytes last) {
    this(query, Revisions.of(revision), last);
  }

  String token() {
    ByteBuffer bytes = ByteBuffer.allocate(HEAD + revisions.mostBytes() + last.size());
    if (revisions.shards() == 1) {
      bytes.put(ONE).putInt(query).putLong(revisions.at(0));
    } else {
      revisions.write(bytes.put(SEVERAL).putInt(query));
    }
    bytes.put(last.toArray());
    byte[] token = new byte[bytes.flip().remaining()];
    bytes.get(token);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /**
   * Reads a token back.
   *
   * @throws KeyValueException REQUEST_INVALID when it is malformed or of another query
   */
  static Cursor parse(String token, int query) {
    Cursor cursor = parse(token);
    if (cursor == null || cursor.query != query) {
      throw KeyValueException.invalid(
          "cursor", "It is not a cursor of this listing; repeat the query that it came from.");
    }
    return cursor;
  }

  private static @Nullable Cursor parse(String token) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      byte format = bytes.get();
      int query = bytes.getInt();
      Revisions revisions =
          switch (format) {
            case ONE -> Revisions.of(bytes.getLong());
            case SEVERAL -> Revisions.read(bytes);
            default -> null;
          };
      byte[] last = new byte[bytes.remaining()];
      bytes.get(last);
      return revisions != null && isPoint(revisions) && last.length > 0
          ? new Cursor(query, revisions, Bytes.takeOver(last))
          : null;
    } catch (IllegalArgumentException | BufferUnderflowException malformed) {
      return null;
    }
  }

  /** Of several shards one may have been empty. */
  private static boolean isPoint(Revisions revisions) {
    return revisions.shards() > 1 || revisions.at(0) > 0;
  }
}
