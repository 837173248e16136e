package org.kvstore.server.security;

import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.naming.NamingException;
import javax.naming.directory.Attribute;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Whom a client certificate names: the subject {@code cert:} followed by its common name. That it
 * was issued by an authority of the trust store, and for clients, the container has checked in the
 * handshake (RFC 5280); that it is valid yet is asked again for as long as it is used.
 */
final class ClientCertificates {
  private static final String PREFIX = "cert:";
  private static final String COMMON_NAME = "CN";

  private ClientCertificates() {}

  /** The caller, for as long as the certificate is valid. */
  static Caller caller(X509Certificate certificate) {
    String subject = subject(certificate.getSubjectX500Principal());
    return Caller.of(subject, Set.of(), certificate.getNotAfter().getTime(), false);
  }

  /** Whether a name is one that only a certificate gives. */
  static boolean isReserved(String name) {
    return name.startsWith(PREFIX);
  }

  /**
   * The subject that a distinguished name stands for.
   *
   * @throws KeyValueException UNAUTHENTICATED when it does not have exactly one sound common name
   */
  static String subject(X500Principal name) {
    List<String> names = commonNames(name.getName(X500Principal.RFC2253));
    // One of them takes every text for UTF-8, the other asks of which type it is.
    if (!names.equals(commonNames(name.getName(X500Principal.RFC1779)))
        || names.size() != 1
        || !Names.isValid(names.get(0))
        || !Names.isValid(PREFIX + names.get(0))) {
      throw KeyValueException.of(
          ErrorCode.UNAUTHENTICATED,
          "The client's certificate does not have one common name that can be a subject's.");
    }
    return PREFIX + names.get(0);
  }

  private static List<String> commonNames(String subject) {
    List<String> names = new ArrayList<>();
    try {
      for (Rdn part : new LdapName(subject).getRdns()) {
        Attribute values = part.toAttributes().get(COMMON_NAME);
        for (int i = 0; values != null && i < values.size(); i++) {
          // What is no text stands for a name that is not valid.
          names.add(values.get(i) instanceof String text ? text : "");
        }
      }
    } catch (NamingException e) {
      return List.of();
    }
    return names;
  }
}
