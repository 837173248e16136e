package org.kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads certificates and keys from PEM files. */
final class KeyStores {
  private static final Pattern PRIVATE_KEY =
      Pattern.compile("(?s)-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END ");

  private KeyStores() {}

  /**
   * A key store of a private key and the certificates for it.
   *
   * @param certificates the key's own one first
   * @param password protects the key in the store
   */
  static KeyStore ofPair(Path certificates, Path key, char[] password)
      throws IOException, GeneralSecurityException {
    Certificate[] chain = certificates(certificates).toArray(Certificate[]::new);
    Matcher encoded = PRIVATE_KEY.matcher(Files.readString(key, StandardCharsets.ISO_8859_1));
    if (!encoded.find()) {
      throw new InvalidKeySpecException(
          key
              + " has no unencrypted private key in PKCS #8; 'openssl pkcs8 -topk8 -nodes -in "
              + key
              + "' writes such");
    }
    KeyFactory factory = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm());
    KeyStore store = empty();
    store.setKeyEntry(
        "own",
        factory.generatePrivate(
            new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(encoded.group(1)))),
        password,
        chain);
    return store;
  }

  /** A trust store of the X.509 certificates in a file. */
  static KeyStore ofTrusted(Path file) throws IOException, GeneralSecurityException {
    KeyStore store = empty();
    for (Certificate each : certificates(file)) {
      store.setCertificateEntry("certificate-" + store.size(), each);
    }
    return store;
  }

  private static KeyStore empty() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(Path file)
      throws IOException, CertificateException {
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> read =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (read.isEmpty()) {
        throw new CertificateException(file + " is empty");
      }
      return read;
    }
  }
}
