package org.kvstore.server.store;

import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.model.KeyValueException;

/**
 * The encrypted end of a row. RocksDB's checksums have vouched for it, so one that does not decrypt
 * was altered by somebody, or put where it does not belong.
 */
final class Sealed {
  private Sealed() {}

  /**
   * Decrypts what is left of a row.
   *
   * @throws KeyValueException INTERNAL when it was altered
   */
  static Decoder open(Decoder row, DataKey dataKey, byte[] associated) {
    byte[] content = dataKey.open(row.array(), row.at(), associated);
    if (content == null) {
      throw altered();
    }
    return new Decoder(content);
  }

  static KeyValueException altered() {
    return KeyValueException.of(
        ErrorCode.INTERNAL,
        "A stored row does not decrypt, so it was altered. The command verify says which one.");
  }
}
