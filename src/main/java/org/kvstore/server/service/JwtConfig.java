package org.kvstore.server.service;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.lang.JoseException;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Loopback;

/**
 * Which JSON Web Tokens are believed, by the properties of MicroProfile JWT 2.1 section 9. Other
 * than there an audience has to be named: a token that the same issuer made for another service
 * would be as good here. What is not done of them, cookies and encrypted tokens, is refused, so
 * that nobody relies on it.
 *
 * @param issuer who made them, compared exactly
 * @param audiences one of which they are for
 * @param key the public key itself: PEM, JWK or JWKS; else empty
 * @param location where it is, if not given: a file or an address of HTTP
 * @param algorithms one of which they are signed by (RFC 7518 section 3.1)
 * @param skew by how much the clocks may differ
 * @param age how old a token may be, whatever it says; empty for as old as it says
 * @param adminGroup whose members are operators
 */
public record JwtConfig(
    String issuer,
    Set<String> audiences,
    Optional<String> key,
    Optional<URI> location,
    Set<String> algorithms,
    Duration skew,
    Optional<Duration> age,
    Optional<String> adminGroup) {
  private static final String PREFIX = "mp.jwt.verify.";
  private static final String ISSUER = PREFIX + "issuer";
  private static final String AUDIENCES = PREFIX + "audiences";
  private static final String KEY = PREFIX + "publickey";
  private static final String LOCATION = KEY + ".location";
  private static final String ALGORITHM = KEY + ".algorithm";
  private static final String SKEW = PREFIX + "clock.skew";
  private static final String AGE = PREFIX + "token.age";
  private static final String HEADER = "mp.jwt.token.header";
  private static final List<String> PROPERTIES =
      List.of(ISSUER, AUDIENCES, KEY, LOCATION, ALGORITHM, SKEW, AGE, HEADER);

  /** What else the specification names. */
  private static final List<String> UNSUPPORTED =
      List.of("mp.jwt.token.cookie", "mp.jwt.decrypt.key.location", "mp.jwt.decrypt.key.algorithm");

  /** None with a shared secret, which whoever verifies could sign with, nor without a signature. */
  private static final List<String> ALGORITHMS =
      List.of(
          AlgorithmIdentifiers.RSA_USING_SHA256,
          AlgorithmIdentifiers.RSA_USING_SHA384,
          AlgorithmIdentifiers.RSA_USING_SHA512,
          AlgorithmIdentifiers.RSA_PSS_USING_SHA256,
          AlgorithmIdentifiers.RSA_PSS_USING_SHA384,
          AlgorithmIdentifiers.RSA_PSS_USING_SHA512,
          AlgorithmIdentifiers.ECDSA_USING_P256_CURVE_AND_SHA256,
          AlgorithmIdentifiers.ECDSA_USING_P384_CURVE_AND_SHA384,
          AlgorithmIdentifiers.ECDSA_USING_P521_CURVE_AND_SHA512);

  private static final String ADMIN_GROUP = "kv.security.admin-group";
  private static final long MOST_SECONDS = Duration.ofDays(365).toSeconds();
  private static final long MOST_SKEW_SECONDS = Duration.ofMinutes(10).toSeconds();

  /** Copies the sets. */
  public JwtConfig {
    audiences = Set.copyOf(audiences);
    algorithms = Set.copyOf(algorithms);
  }

  /**
   * Reads and checks the properties.
   *
   * @return empty when none is set
   * @throws KeyValueException UNAVAILABLE, naming the property and what is allowed
   */
  static Optional<JwtConfig> read(Function<String, Optional<String>> config) {
    Function<String, Optional<String>> read = name -> config.apply(name).map(String::strip);
    requireNoneOfTheOthers(read);
    if (PROPERTIES.stream().allMatch(name -> read.apply(name).isEmpty())) {
      return Optional.empty();
    }
    Optional<String> key = read.apply(KEY).filter(Predicate.not(String::isEmpty));
    if (key.isPresent() == read.apply(LOCATION).isPresent()) {
      throw refusal("%s or %s has to be set, and only one of them.".formatted(LOCATION, KEY));
    }
    Optional<URI> location = read.apply(LOCATION).map(JwtConfig::location);
    requireKeys(key, location);
    return Optional.of(
        new JwtConfig(
            required(read, ISSUER),
            Arrays.stream(required(read, AUDIENCES).split(",", -1))
                .map(String::strip)
                .filter(Predicate.not(String::isEmpty))
                .collect(Collectors.toUnmodifiableSet()),
            key,
            location,
            algorithms(read),
            seconds(read, SKEW, MOST_SKEW_SECONDS).orElse(Duration.ofSeconds(30)),
            seconds(read, AGE, MOST_SECONDS).filter(Predicate.not(Duration::isZero)),
            read.apply(ADMIN_GROUP)));
  }

  private static void requireNoneOfTheOthers(Function<String, Optional<String>> read) {
    for (String name : UNSUPPORTED) {
      if (read.apply(name).isPresent()) {
        throw refusal(
            "%s is set, but tokens are neither sent in cookies nor encrypted here; take it away."
                .formatted(name));
      }
    }
    String header = read.apply(HEADER).orElse("Authorization");
    if (!header.equalsIgnoreCase("Authorization")) {
      throw refusal(
          "%s is '%s'; allowed is Authorization, where tokens are sent.".formatted(HEADER, header));
    }
  }

  private static Set<String> algorithms(Function<String, Optional<String>> read) {
    Optional<String> wanted = read.apply(ALGORITHM);
    if (wanted.isPresent() && !ALGORITHMS.contains(wanted.get())) {
      throw refusal(
          "%s is '%s'; allowed is one of %s."
              .formatted(ALGORITHM, wanted.get(), String.join(", ", ALGORITHMS)));
    }
    return Set.copyOf(wanted.map(List::of).orElse(ALGORITHMS));
  }

  private static String required(Function<String, Optional<String>> read, String name) {
    return read.apply(name)
        .filter(Predicate.not(String::isEmpty))
        .orElseThrow(
            () -> refusal("%s has to be set, as other properties of JWT are.".formatted(name)));
  }

  private static Optional<Duration> seconds(
      Function<String, Optional<String>> read, String name, long most) {
    return read.apply(name)
        .map(
            text -> {
              if (!text.matches("[0-9]{1,9}") || Long.parseLong(text) > most) {
                throw refusal("%s is '%s', but 0 to %d seconds.".formatted(name, text, most));
              }
              return Duration.ofSeconds(Long.parseLong(text));
            });
  }

  /** What is not fetched later can be looked at now. */
  private static void requireKeys(Optional<String> key, Optional<URI> location) {
    if (location.map(PublicKeys::isFile).orElse(true)) {
      try {
        PublicKeys.parse(PublicKeys.text(key, location));
      } catch (IOException | JoseException | RuntimeException e) {
        String where = location.map(uri -> "%s is '%s'".formatted(LOCATION, uri)).orElse(KEY);
        throw refusal("%s: no public key can be read from there (%s).".formatted(where, e));
      }
    }
  }

  /** Whoever can change keys on their way lets anybody in, so they come from here or by TLS. */
  private static URI location(String text) {
    if (text.startsWith("/")) {
      return Path.of(text).toUri();
    }
    URI uri;
    try {
      uri = URI.create(text);
    } catch (IllegalArgumentException e) {
      throw refusal("%s is '%s', which is no URI.".formatted(LOCATION, text));
    }
    String host = String.valueOf(uri.getHost());
    boolean allowed =
        switch (String.valueOf(uri.getScheme())) {
          case "file" -> uri.getPath() != null;
          case "https" -> uri.getHost() != null;
          case "http" -> Loopback.isHost(host);
          default -> false;
        };
    if (!allowed) {
      throw refusal(
          "%s is '%s', but an address of https, of http on this machine, or a file."
              .formatted(LOCATION, text));
    }
    return uri;
  }

  private static KeyValueException refusal(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }
}
