package org.kvstore.server.crypto;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Keys for tests: each of one byte again and again. */
public final class TestKeys {
  private TestKeys() {}

  /** The keys of these bytes, the first of which encrypts. */
  public static EncryptionKeys of(int... bytes) {
    List<MasterKey> keys = new ArrayList<>();
    for (int filling : bytes) {
      keys.add(master(filling));
    }
    return new EncryptionKeys(keys);
  }

  static MasterKey master(int filling) {
    byte[] key = new byte[MasterKey.BYTES];
    Arrays.fill(key, (byte) filling);
    return new MasterKey(key);
  }
}
