package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.JwtConfig;

/** Which key and which algorithm a signature is verified by. */
class WebTokensTest {
  private static final String RS256 = AlgorithmIdentifiers.RSA_USING_SHA256;
  private static final String PS256 = AlgorithmIdentifiers.RSA_PSS_USING_SHA256;
  private static final String ES256 = AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256;
  private static final Set<String> ALL = Set.of(RS256, PS256, ES256);

  private static PublicJsonWebKey first; // Set before all tests, as those below.
  private static PublicJsonWebKey second;
  private static PublicJsonWebKey curve;
  private static PublicJsonWebKey foreign;

  @BeforeAll
  static void makeKeys() throws JoseException {
    first = named("first", RsaJwkGenerator.generateJwk(2048));
    second = named("second", RsaJwkGenerator.generateJwk(2048));
    curve = named("curve", EcJwkGenerator.generateJwk(EllipticCurves.P256));
    foreign = named("foreign", RsaJwkGenerator.generateJwk(2048));
  }

  @Test
  void tokenWithoutAKeyId_isVerifiedByWhicheverKeyOfSeveralItIsSignedWith() throws JoseException {
    WebTokens tokens = tokens(ALL, first, second, curve);

    assertThat(caller(tokens, token(first, null, RS256))).isEqualTo("ann");
    assertThat(caller(tokens, token(second, null, RS256))).isEqualTo("ann");
    assertThat(caller(tokens, token(second, null, PS256))).isEqualTo("ann");
    assertThat(caller(tokens, token(curve, null, ES256))).isEqualTo("ann");
  }

  @Test
  void tokenWithoutAKeyId_ofNoneOfTheKeys_isRefused() throws JoseException {
    assertRefused(tokens(ALL, first, second, curve), token(foreign, null, RS256));
  }

  @Test
  void tokenThatNamesAnotherKeyThanItsOwn_isRefused() throws JoseException {
    assertRefused(tokens(ALL, first, second), token(first, "second", RS256));
  }

  @Test
  void algorithm_thatIsNotTheOneConfigured_isRefused_whoeverSigned() throws JoseException {
    WebTokens tokens = tokens(Set.of(ES256), first, curve);

    assertThat(caller(tokens, token(curve, "curve", ES256))).isEqualTo("ann");
    assertRefused(tokens, token(first, "first", RS256));
    assertRefused(tokens, token(first, null, PS256));
  }

  private static PublicJsonWebKey named(String id, PublicJsonWebKey key) {
    key.setKeyId(id);
    return key;
  }

  private static WebTokens tokens(Set<String> algorithms, PublicJsonWebKey... keys) {
    JwtConfig config =
        new JwtConfig(
            "issuer",
            Set.of("kvstore"),
            Optional.of(new JsonWebKeySet(List.of(keys)).toJson()),
            Optional.empty(),
            algorithms,
            Duration.ZERO,
            Optional.empty(),
            Optional.empty());
    return new WebTokens(config, new SigningKeys(config, Thread::new, System::nanoTime));
  }

  private static String token(PublicJsonWebKey key, @Nullable String keyId, String algorithm)
      throws JoseException {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer("issuer");
    claims.setAudience("kvstore");
    claims.setStringClaim("upn", "ann");
    claims.setIssuedAtToNow();
    claims.setExpirationTimeMinutesInTheFuture(10);
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setKey(key.getPrivateKey());
    signature.setAlgorithmHeaderValue(algorithm);
    if (keyId != null) {
      signature.setKeyIdHeaderValue(keyId);
    }
    return signature.getCompactSerialization();
  }

  private static String caller(WebTokens tokens, String token) {
    return tokens.caller(token, Digests.sha256(token), Clock.systemUTC()).subject();
  }

  private static void assertRefused(WebTokens tokens, String token) {
    assertThatThrownBy(() -> caller(tokens, token))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNAUTHENTICATED));
  }
}
