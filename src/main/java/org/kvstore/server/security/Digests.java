package org.kvstore.server.security;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.kvstore.server.model.Bytes;

/**
 * SHA-256 of secrets. They are random and long, so that a slow digest, as passwords need one, would
 * add nothing (NIST SP 800-63B section 5.1.1.2 is about secrets that people choose).
 */
final class Digests {
  private Digests() {}

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256.", e);
    }
  }

  static Bytes sha256(String secret) {
    return Bytes.takeOver(sha256().digest(secret.getBytes(StandardCharsets.UTF_8)));
  }

  /** In a time that does not depend on where they differ. */
  static boolean areEqual(Bytes one, Bytes other) {
    return MessageDigest.isEqual(one.toArray(), other.toArray());
  }
}
