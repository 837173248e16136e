package org.kvstore.server.crypto;

/**
 * Encrypts the values of one commit: the first nonce is random, the next ones are counted up from
 * it. So a key is derived once a commit; and no state has to outlast a commit for nonces not to be
 * repeated, which copies of a database, each going on by itself, could not keep.
 */
public final class Sealer {
  private final ExtendedGcm cipher;
  private final byte[] nonce = DataKey.randomBytes(ExtendedGcm.NONCE_BYTES);

  Sealer(ExtendedGcm cipher) {
    this.cipher = cipher;
  }

  /**
   * Encrypts a text.
   *
   * @param associated what is not encrypted, but has to be the same when it is opened
   */
  public byte[] seal(byte[] associated, byte[] text) {
    byte[] sealed = cipher.seal(nonce, associated, text);
    countUp();
    return sealed;
  }

  /** In the half that is GCM's own nonce: 2^96 steps, so none comes twice. */
  private void countUp() {
    for (int i = nonce.length - 1; i >= nonce.length / 2; i--) {
      if (++nonce[i] != 0) {
        return;
      }
    }
  }
}
