package org.kvstore.liberty;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Keys and certificates in the forms that people have them in, as key stores. What is returned is
 * whole: each key belongs to its certificate.
 */
final class KeyMaterial {
  private static final Pattern PRIVATE_KEY =
      Pattern.compile("(?s)-----BEGIN ([A-Z ]*)PRIVATE KEY-----([A-Za-z0-9+/=\\s]*)-----END ");
  private static final Pattern BEGIN = Pattern.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----");
  private static final int SEQUENCE = 0x30;
  private static final int OCTETS = 0x04;
  private static final byte[] VERSION_0 = {2, 1, 0};
  private static final int SHORT_FORM = 0x80;

  private KeyMaterial() {}

  /** Which of the entries of a key store are meant. */
  enum Kind {
    PAIRS,
    TRUSTED
  }

  /** The pair of a PEM file of certificates, the server's first, and one of a private key. */
  static KeyStore pair(byte[] certificates, byte[] key, char[] password)
      throws GeneralSecurityException, IOException {
    Certificate[] chain = certificates(certificates).toArray(Certificate[]::new);
    KeyStore pair = empty();
    addPair(pair, "server", privateKey(key, chain[0].getPublicKey()), chain, password);
    return pair;
  }

  /** The certificates of a PEM file, to be trusted. */
  static KeyStore trusted(byte[] certificates) throws GeneralSecurityException, IOException {
    KeyStore trusted = empty();
    for (Certificate each : certificates(certificates)) {
      trusted.setCertificateEntry("trusted-" + trusted.size(), each);
    }
    return trusted;
  }

  /** What another key store has of one kind, under another password. */
  static KeyStore copy(Kind kind, byte[] store, String type, char[] given, char[] password)
      throws GeneralSecurityException, IOException {
    KeyStore original = KeyStore.getInstance(type);
    original.load(new ByteArrayInputStream(store), given);
    KeyStore copy = empty();
    for (String alias : Collections.list(original.aliases())) {
      if (kind == Kind.PAIRS && original.getKey(alias, given) instanceof PrivateKey key) {
        addPair(copy, alias, key, original.getCertificateChain(alias), password);
      } else if (kind == Kind.TRUSTED && original.isCertificateEntry(alias)) {
        copy.setCertificateEntry(alias, original.getCertificate(alias));
      }
    }
    if (copy.size() == 0) {
      throw new KeyStoreException(
          kind == Kind.PAIRS ? "there is no key pair in it" : "it trusts no certificate");
    }
    return copy;
  }

  private static KeyStore empty() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static void addPair(
      KeyStore store, String alias, PrivateKey key, Certificate[] chain, char[] password)
      throws GeneralSecurityException {
    Signature signature = Signature.getInstance(signatureOf(key.getAlgorithm()));
    byte[] message = alias.getBytes(StandardCharsets.UTF_8);
    signature.initSign(key);
    signature.update(message);
    byte[] signed = signature.sign();
    signature.initVerify(chain[0].getPublicKey());
    signature.update(message);
    if (!signature.verify(signed)) {
      throw new KeyStoreException("the key is not that of the certificate");
    }
    store.setKeyEntry(alias, key, password, chain);
  }

  private static String signatureOf(String algorithm) {
    return switch (algorithm) {
      case "RSA" -> "SHA256withRSA";
      case "EC" -> "SHA256withECDSA";
      default -> algorithm;
    };
  }

  static List<Certificate> certificates(byte[] pem) throws CertificateException {
    Collection<? extends Certificate> read =
        CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
    if (read.isEmpty()) {
      throw new CertificateException("there is no certificate in it");
    }
    return List.copyOf(read);
  }

  /** PKCS #8, and what OpenSSL wrote before: PKCS #1 for RSA, SEC 1 for EC. */
  private static PrivateKey privateKey(byte[] pem, PublicKey other)
      throws GeneralSecurityException {
    String text = new String(pem, StandardCharsets.US_ASCII);
    if (BEGIN.matcher(text).results().count() > 1) {
      throw new InvalidKeySpecException("there are several private keys in the file of the key");
    }
    Matcher found = PRIVATE_KEY.matcher(text);
    if (!found.find() || found.group(1).startsWith("ENCRYPTED")) {
      throw new InvalidKeySpecException("there is no private key in it that needs no password");
    }
    byte[] encoded = Base64.getMimeDecoder().decode(found.group(2));
    byte[] key = found.group(1).isEmpty() ? encoded : asPkcs8(encoded, other);
    return KeyFactory.getInstance(other.getAlgorithm())
        .generatePrivate(new PKCS8EncodedKeySpec(key));
  }

  /** RFC 5208: a version, the algorithm as the public key (RFC 5280) names it too, the key. */
  private static byte[] asPkcs8(byte[] key, PublicKey other) {
    byte[] info = other.getEncoded();
    int start = headerLength(info, 0);
    int length = headerLength(info, start) + contentLength(info, start);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    content.writeBytes(VERSION_0);
    content.write(info, start, length);
    content.writeBytes(tagged(OCTETS, key));
    return tagged(SEQUENCE, content.toByteArray());
  }

  private static byte[] tagged(int tag, byte[] content) {
    ByteArrayOutputStream der = new ByteArrayOutputStream();
    der.write(tag);
    if (content.length < SHORT_FORM) {
      der.write(content.length);
    } else {
      byte[] length = BigInteger.valueOf(content.length).toByteArray();
      int zero = length[0] == 0 ? 1 : 0;
      der.write(SHORT_FORM | length.length - zero);
      der.write(length, zero, length.length - zero);
    }
    der.writeBytes(content);
    return der.toByteArray();
  }

  /** The bytes of a tag and a length. */
  private static int headerLength(byte[] der, int at) {
    return 2 + (der[at + 1] < 0 ? der[at + 1] & ~SHORT_FORM & 0xff : 0);
  }

  private static int contentLength(byte[] der, int at) {
    int header = headerLength(der, at);
    return header == 2 ? der[at + 1] : new BigInteger(1, der, at + 2, header - 2).intValue();
  }
}
