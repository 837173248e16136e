package org.kvstore.server.service;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import org.kvstore.server.model.KeyValueException;

/**
 * A point in the history of the whole store: everything up to it has been seen. To clients it is an
 * opaque, URL-safe token.
 *
 * @param store short digest of the store's id, so that another store's position is told apart
 * @param revision newest revision seen, of the one shard there is
 */
public record Position(int store, long revision) {
  private static final byte FORMAT = 1;

  /** The token. */
  public String token() {
    byte[] bytes = ByteBuffer.allocate(13).put(FORMAT).putInt(store).putLong(revision).array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /**
   * Reads a token back.
   *
   * @throws KeyValueException REQUEST_INVALID when it is not one
   */
  public static Position parse(String field, String token) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(token));
      if (bytes.remaining() == 13 && bytes.get() == FORMAT) {
        return new Position(bytes.getInt(), bytes.getLong());
      }
    } catch (IllegalArgumentException | BufferUnderflowException notAToken) {
      // Reported below.
    }
    throw KeyValueException.invalid(field, "It is not a position that this service gave out.");
  }
}
