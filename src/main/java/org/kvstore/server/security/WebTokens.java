package org.kvstore.server.security;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwa.AlgorithmConstraints.ConstraintType;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.JwtConfig;

/**
 * JSON Web Tokens (RFC 7519) as MicroProfile JWT 2.1 profiles them: signed by the issuer with a key
 * pair, for an audience of ours, not expired; the caller's name is in {@code upn}, else {@code
 * preferred_username}, else {@code sub}, and their groups are in {@code groups}.
 *
 * <p>A token that was verified is believed for {@value #BELIEVED_SECONDS} s, or until it expires,
 * without looking at its signature again: that takes longer than to answer a read.
 */
final class WebTokens {
  private static final int BELIEVED_SECONDS = 60;
  private static final int MOST = 10_000;
  private static final int MOST_GROUPS = 200;
  private static final List<String> NAMES = List.of("upn", "preferred_username", "sub");
  private static final Pattern FORM =
      Pattern.compile("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]*");

  private final JwtConfig config;
  private final JwtConsumer consumer;
  private final Cache<Bytes, Caller> verified =
      Caffeine.newBuilder()
          .maximumSize(MOST)
          .expireAfterWrite(Duration.ofSeconds(BELIEVED_SECONDS))
          .build();

  WebTokens(JwtConfig config, SigningKeys keys) {
    this.config = config;
    JwtConsumerBuilder builder =
        new JwtConsumerBuilder()
            .setVerificationKeyResolver(keys)
            .setJwsAlgorithmConstraints(
                new AlgorithmConstraints(
                    ConstraintType.PERMIT, config.algorithms().toArray(String[]::new)))
            .setExpectedIssuer(true, config.issuer())
            .setExpectedAudience(true, config.audiences().toArray(String[]::new))
            .setRequireExpirationTime()
            .setRequireIssuedAt()
            .setAllowedClockSkewInSeconds((int) config.skew().toSeconds());
    config
        .age()
        .ifPresent(
            age ->
                builder.setIssuedAtRestrictions(
                    (int) config.skew().toSeconds(), (int) age.toSeconds()));
    consumer = builder.build();
  }

  /** Whether a text has the form of one. */
  static boolean isOne(String text) {
    return FORM.matcher(text).matches();
  }

  /**
   * Who sent a token.
   *
   * @param digest SHA-256 of it
   * @throws KeyValueException UNAUTHENTICATED when it is not to be believed, UNAVAILABLE when that
   *     cannot be found out now
   */
  Caller caller(String token, Bytes digest, Clock clock) {
    Caller known = verified.getIfPresent(digest);
    if (known != null && clock.millis() < known.validUntil()) {
      return known;
    }
    Caller caller = verify(token);
    verified.put(digest, caller);
    return caller;
  }

  private Caller verify(String token) {
    try {
      return caller(consumer.processToClaims(token));
    } catch (InvalidJwtException e) {
      KeyValueException unavailable = unavailable(e);
      throw unavailable == null ? unauthenticated(reason(e), e) : unavailable;
    } catch (KeyValueException e) {
      throw e;
    } catch (MalformedClaimException | RuntimeException e) {
      // Numbers and names may be of any size and type, and the library does not expect all.
      throw unauthenticated("a claim in it is malformed", e);
    }
  }

  private Caller caller(JwtClaims claims) throws MalformedClaimException {
    String name = name(claims);
    if (!Names.isValid(name) || ClientCertificates.isReserved(name)) {
      throw unauthenticated("it names nobody, or by a name that is not allowed here", null);
    }
    List<String> claimed =
        claims.hasClaim("groups") ? claims.getStringListClaimValue("groups") : List.of();
    if (claimed.size() > MOST_GROUPS) {
      throw unauthenticated("it has more than %d groups".formatted(MOST_GROUPS), null);
    }
    Set<String> groups =
        claimed.stream()
            .filter(Objects::nonNull)
            .filter(Names::isValid)
            .collect(Collectors.toUnmodifiableSet());
    boolean isOperator = config.adminGroup().map(groups::contains).orElse(false);
    return Caller.of(name, groups, validUntil(claims), isOperator);
  }

  /** The first that is there. */
  private static String name(JwtClaims claims) throws MalformedClaimException {
    for (String claim : NAMES) {
      String name = claims.getStringClaimValue(claim);
      if (name != null && !name.isEmpty()) {
        return name;
      }
    }
    return "";
  }

  private long validUntil(JwtClaims claims) throws MalformedClaimException {
    long expires = claims.getExpirationTime().getValueInMillis();
    long most =
        config.age().isPresent()
            ? claims.getIssuedAt().getValueInMillis() + config.age().get().toMillis()
            : expires;
    return Math.addExact(Math.min(expires, most), config.skew().toMillis());
  }

  private static @Nullable KeyValueException unavailable(Throwable thrown) {
    for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
      if (cause instanceof KeyValueException known) {
        return known;
      }
    }
    return null;
  }

  /** What a client can mend, in words of our own: those of the library repeat the token. */
  private static String reason(InvalidJwtException e) {
    if (e.hasErrorCode(ErrorCodes.EXPIRED)) {
      return "it has expired";
    }
    if (e.hasErrorCode(ErrorCodes.ISSUER_INVALID) || e.hasErrorCode(ErrorCodes.ISSUER_MISSING)) {
      return "it is of another issuer";
    }
    if (e.hasErrorCode(ErrorCodes.AUDIENCE_INVALID)
        || e.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
      return "it is for another audience";
    }
    return "its signature or its claims are not valid";
  }

  private static KeyValueException unauthenticated(String why, @Nullable Exception cause) {
    KeyValueException refusal =
        KeyValueException.of(
            ErrorCode.UNAUTHENTICATED, "The JSON Web Token is refused: " + why + ".");
    return cause == null ? refusal : refusal.withCause(cause);
  }
}
