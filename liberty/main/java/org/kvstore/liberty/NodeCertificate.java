package org.kvstore.liberty;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertPathValidator;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;

/**
 * What a node proves to the others by that it is one, in PEM files. All of it is checked before it
 * is used, as the others would say no more than that a handshake failed: the key is that of the
 * certificate, which the authority vouches for now, and which is for both ends of a connection.
 *
 * @param certificate the node's, and those between it and the authority
 * @param key its private key
 * @param authority whose certificates the node believes
 */
record NodeCertificate(Path certificate, Path key, Path authority) {
  private static final Set<String> BOTH_ENDS = Set.of("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
  private static final String PKCS_8 = "-----BEGIN PRIVATE KEY-----";
  private static final Duration SOON = Duration.ofDays(30);

  /**
   * Refuses what other nodes would refuse.
   *
   * @return a warning if it ends soon
   */
  List<String> check(Clock clock) {
    try {
      byte[] own = Files.readAllBytes(certificate);
      byte[] secret = Files.readAllBytes(key);
      KeyMaterial.pair(own, secret, Environment.randomPassword().toCharArray());
      if (!new String(secret, StandardCharsets.US_ASCII).contains(PKCS_8)) {
        throw new InvalidKeySpecException(
            "the key is not PKCS #8, which 'openssl pkcs8 -topk8 -nocrypt' makes of it");
      }
      List<Certificate> chain = KeyMaterial.certificates(own);
      validate(chain, KeyMaterial.trusted(Files.readAllBytes(authority)), clock.instant());
      X509Certificate first = (X509Certificate) chain.get(0);
      List<String> uses = first.getExtendedKeyUsage();
      if (uses != null && !uses.containsAll(BOTH_ENDS)) {
        throw new CertificateException("it is not for both servers and clients");
      }
      return warnings(first.getNotAfter().toInstant(), clock.instant());
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw new StartupException(
          "cannot use %s with the key %s and the authority %s"
              .formatted(certificate, key, authority),
          e);
    }
  }

  private static void validate(List<Certificate> chain, KeyStore trusted, Instant now)
      throws GeneralSecurityException {
    PKIXParameters parameters = new PKIXParameters(trusted);
    parameters.setDate(Date.from(now));
    parameters.setRevocationEnabled(false);
    List<Certificate> path = new ArrayList<>(chain.subList(0, 1));
    chain.stream().skip(1).takeWhile(each -> !isRoot((X509Certificate) each)).forEach(path::add);
    CertPathValidator.getInstance("PKIX")
        .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
  }

  /** The authority's own may stand in the node's file too. */
  private static boolean isRoot(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
  }

  private List<String> warnings(Instant end, Instant now) {
    return now.plus(SOON).isBefore(end)
        ? List.of()
        : List.of(
            "kvstore: WARNING: the certificate %s ends at %s, and the node with it"
                .formatted(certificate, end));
  }
}
