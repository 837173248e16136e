package org.kvstore.client;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Whom a client trusts, and what it says who it is with.
 *
 * @param trusted certificates to trust; null trusts those of the Java runtime
 * @param own the client's own key pair, or null
 * @param password of that
 */
record Certificates(@Nullable KeyStore trusted, @Nullable KeyStore own, char[] password) {
  /** Those of the Java runtime, and none of one's own. */
  static final Certificates DEFAULT = new Certificates(null, null, new char[0]);

  Certificates trusting(KeyStore certificates) {
    return new Certificates(certificates, own, password);
  }

  Certificates owning(KeyStore pair, char[] itsPassword) {
    return new Certificates(trusted, pair, itsPassword.clone());
  }

  /**
   * What TLS connections are made with, or null for what the Java runtime makes them with.
   *
   * @throws IllegalArgumentException if the key stores cannot be used
   */
  @Nullable SSLContext context() {
    if (trusted == null && own == null) {
      return null;
    }
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keyManagers(), trustManagers(), new SecureRandom());
      return context;
    } catch (GeneralSecurityException unusable) {
      throw new IllegalArgumentException("The certificates cannot be used.", unusable);
    }
  }

  private KeyManager @Nullable [] keyManagers() throws GeneralSecurityException {
    if (own == null) {
      return null;
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(own, password);
    return keys.getKeyManagers();
  }

  private TrustManager @Nullable [] trustManagers() throws GeneralSecurityException {
    if (trusted == null) {
      return null;
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    return trust.getTrustManagers();
  }

  /** Without the password. */
  @Override
  public String toString() {
    return "Certificates[trusted=%b, own=%b]".formatted(trusted != null, own != null);
  }
}
