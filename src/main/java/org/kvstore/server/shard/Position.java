package org.kvstore.server.shard;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Revisions;

/**
 * A point in the history of the whole store: everything up to it has been seen. To clients it is an
 * opaque, URL-safe token.
 *
 * @param store short digest of the store's id, so that another store's position is told apart
 * @param revisions newest revision seen of each shard
 */
public record Position(int store, Revisions revisions) {
  /** Of one shard: the digest, and the revision in eight bytes. */
  private static final byte ONE = 1;

  /** Of several. */
  private static final byte SEVERAL = 2;

  /** The token. */
  public String token() {
    ByteBuffer bytes = ByteBuffer.allocate(13 + revisions.mostBytes());
    if (revisions.shards() == 1) {
      bytes.put(ONE).putInt(store).putLong(revisions.at(0));
    } else {
      revisions.write(bytes.put(SEVERAL).putInt(store));
    }
    byte[] token = new byte[bytes.flip().remaining()];
    bytes.get(token);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /**
   * Reads a token back.
   *
   * @throws KeyValueException REQUEST_INVALID when it is not one
   */
  public static Position parse(String field, String token) {
    Position position = parse(token);
    if (position == null) {
      throw KeyValueException.invalid(field, "It is not a position that this service gave out.");
    }
    return position;
  }

  private static @Nullable Position parse(String token) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      byte format = bytes.get();
      int store = bytes.getInt();
      Revisions revisions =
          switch (format) {
            case ONE -> Revisions.of(bytes.getLong());
            case SEVERAL -> Revisions.read(bytes);
            default -> null;
          };
      return revisions == null || bytes.hasRemaining() ? null : new Position(store, revisions);
    } catch (IllegalArgumentException | BufferUnderflowException notAToken) {
      return null;
    }
  }
}
