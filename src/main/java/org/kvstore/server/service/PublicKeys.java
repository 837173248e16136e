package org.kvstore.server.service;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.spec.InvalidKeySpecException;
import java.util.List;
import java.util.Optional;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.keys.EcKeyUtil;
import org.jose4j.keys.RsaKeyUtil;
import org.jose4j.keys.resolvers.JwksVerificationKeyResolver;
import org.jose4j.keys.resolvers.VerificationKeyResolver;
import org.jose4j.lang.JoseException;

/**
 * Reads public keys in the forms of MicroProfile JWT 2.1 section 9.2.3: a JWK set or one JWK (RFC
 * 7517), or a key in PEM.
 */
public final class PublicKeys {
  private PublicKeys() {}

  /** Whether a location is a file. */
  public static boolean isFile(URI location) {
    return "file".equals(location.getScheme());
  }

  /** The text that is given, else that of the file. */
  public static String text(Optional<String> given, Optional<URI> file) throws IOException {
    return given.isPresent() ? given.get() : Files.readString(Path.of(file.orElseThrow()));
  }

  /**
   * The keys in a text.
   *
   * @throws JoseException when there are none
   */
  public static VerificationKeyResolver parse(String text) throws JoseException {
    String keys = text.strip();
    if (!keys.startsWith("{")) {
      Key key = pem(keys);
      return (signature, outer) -> key;
    }
    List<JsonWebKey> all =
        keys.contains("\"keys\"")
            ? new JsonWebKeySet(keys).getJsonWebKeys()
            : List.of(JsonWebKey.Factory.newJwk(keys));
    if (all.isEmpty()) {
      throw new JoseException("It has no key.");
    }
    JwksVerificationKeyResolver resolver = new JwksVerificationKeyResolver(all);
    // A token need not say by which of them it is signed.
    resolver.setDisambiguateWithVerifySignature(true);
    return resolver;
  }

  private static Key pem(String text) throws JoseException {
    try {
      return new RsaKeyUtil().fromPemEncoded(text);
    } catch (InvalidKeySpecException | JoseException notRsa) {
      try {
        return new EcKeyUtil().fromPemEncoded(text);
      } catch (InvalidKeySpecException e) {
        throw new JoseException("It is neither a key of RSA nor one of EC.", e);
      }
    }
  }
}
