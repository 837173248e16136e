package org.kvstore.server.service;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Loopback;

/**
 * Whether clients have to say who they are, and the token that is valid whatever the store holds:
 * the first token is made with it, and the last one it is that still opens the door.
 *
 * @param adminToken the token of the operator; empty when there is none
 * @param jwt which JSON Web Tokens are believed; empty for none
 * @param clientCertificates what those of clients are
 * @param insecure whether others than this machine are served although nobody has to
 */
public record SecurityConfig(
    Optional<String> adminToken,
    Optional<JwtConfig> jwt,
    ClientCertificateUse clientCertificates,
    boolean insecure) {
  private static final Logger LOG = System.getLogger(SecurityConfig.class.getName());
  private static final String TOKEN = "kv.security.admin-token";
  private static final String INSECURE = "kv.security.insecure";
  private static final String TOKEN_FILE = "kv.security.admin-token-file";
  private static final String CLIENT_CERTIFICATES = "kv.tls.client-certificates";
  private static final String ORIGINS = "kv.cors.origins";
  private static final int LEAST_LENGTH = 32;
  private static final Pattern TOKEN_TEXT =
      Pattern.compile("[\\x21-\\x7E]{" + LEAST_LENGTH + ",512}");

  /**
   * Reads and checks the properties. Without authentication only this machine may be served.
   *
   * @throws KeyValueException UNAVAILABLE, naming the property and what is allowed; never the token
   */
  static SecurityConfig read(Function<String, Optional<String>> config) {
    Optional<String> token = config.apply(TOKEN).map(String::strip);
    Optional<String> file = config.apply(TOKEN_FILE).map(String::strip);
    if (token.isPresent() && file.isPresent()) {
      throw refusal("%s and %s are both set; one is enough.".formatted(TOKEN, TOKEN_FILE));
    }
    Optional<String> admin =
        token.or(() -> file.map(SecurityConfig::readToken)).map(SecurityConfig::checked);
    boolean insecure = config.apply(INSECURE).map(String::strip).orElse("false").equals("true");
    SecurityConfig security =
        new SecurityConfig(admin, JwtConfig.read(config), clientCertificates(config), insecure);
    if (security.isLocal()) {
      requireLoopback(config);
    } else if (!security.isRequired()) {
      LOG.log(Level.WARNING, "There is no authentication: whoever comes may do everything.");
    }
    if (security.trustsConnections() && config.apply(ORIGINS).orElse("").contains("*")) {
      security.requireInsecureForAnyOrigin();
    }
    return security;
  }

  /** Whether only this machine is served. */
  public boolean isLocal() {
    return !isRequired() && !insecure;
  }

  /** Whether clients have to say who they are. */
  public boolean isRequired() {
    return adminToken.isPresent()
        || jwt.isPresent()
        || clientCertificates != ClientCertificateUse.OFF;
  }

  /** Whether a connection alone may say who asks, which a browser lends to every page. */
  public boolean trustsConnections() {
    return !isRequired() || clientCertificates != ClientCertificateUse.OFF;
  }

  private void requireInsecureForAnyOrigin() {
    String danger =
        isRequired()
            ? "pages in browsers that have a client certificate may do what it permits"
            : "pages in browsers that reach this server may read and write everything";
    if (!insecure) {
      throw refusal(
          "%s is '*', so that all %s. Name the origins, ask for tokens alone, or set %s=true."
              .formatted(ORIGINS, danger, INSECURE));
    }
    LOG.log(Level.WARNING, "All " + danger + ": " + ORIGINS + " is '*'.");
  }

  private static ClientCertificateUse clientCertificates(
      Function<String, Optional<String>> config) {
    String choice = config.apply(CLIENT_CERTIFICATES).map(String::strip).orElse("off");
    return switch (choice) {
      case "off" -> ClientCertificateUse.OFF;
      case "wanted" -> ClientCertificateUse.WANTED;
      case "required" -> ClientCertificateUse.REQUIRED;
      default ->
          throw refusal(
              "%s is '%s', not off, wanted or required.".formatted(CLIENT_CERTIFICATES, choice));
    };
  }

  private static void requireLoopback(Function<String, Optional<String>> config) {
    String host = config.apply("kv.host").map(String::strip).orElse("localhost");
    if (!Loopback.isHost(host)) {
      throw refusal(
          "kv.host is '%s', which other machines reach, but no authentication is configured. Set %s"
                  .formatted(host, TOKEN_FILE)
              + " or mp.jwt.verify.issuer, or kv.security.insecure=true to let everybody read and"
              + " write everything.");
    }
  }

  private static String readToken(String file) {
    try {
      return Files.readString(Path.of(file)).strip();
    } catch (IOException | RuntimeException e) {
      throw refusal("%s is '%s', which cannot be read (%s).".formatted(TOKEN_FILE, file, e));
    }
  }

  private static String checked(String token) {
    if (!TOKEN_TEXT.matcher(token).matches()) {
      throw refusal(
          "The token of %s or %s has at least %d visible ASCII characters, such as 'openssl rand"
                  .formatted(TOKEN, TOKEN_FILE, LEAST_LENGTH)
              + " -base64 32' makes.");
    }
    return token;
  }

  private static KeyValueException refusal(String detail) {
    return KeyValueException.of(ErrorCode.UNAVAILABLE, detail);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "SecurityConfig[isRequired=" + isRequired() + "]";
  }
}
