package org.kvstore.it.access;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.lang.JoseException;

/** Makes JSON Web Tokens, and says over HTTP which keys verify them. */
final class Issuer implements AutoCloseable {
  static final String NAME = "https://issuer.example";
  static final String AUDIENCE = "kvstore";
  static final String OPERATORS = "operators";

  private final HttpServer http;
  private final String scheme;
  private final AtomicInteger fetches = new AtomicInteger();
  private final List<PublicJsonWebKey> published = new ArrayList<>();
  private volatile PublicJsonWebKey newest;
  private volatile boolean isDown;

  Issuer() throws IOException {
    this(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0), "http");
  }

  /** Over TLS, with a certificate of its own. */
  Issuer(Authority.Issued pair) throws IOException, GeneralSecurityException {
    this(overTls(pair), "https");
  }

  private static HttpServer overTls(Authority.Issued pair)
      throws IOException, GeneralSecurityException {
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(pair.store(), Authority.password());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer https =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    https.setHttpsConfigurator(new HttpsConfigurator(context));
    return https;
  }

  private Issuer(HttpServer http, String scheme) {
    this.http = http;
    this.scheme = scheme;
    http.createContext(
        "/jwks",
        exchange -> {
          fetches.incrementAndGet();
          byte[] keys = keys().getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(isDown ? 503 : 200, isDown ? -1 : keys.length);
          try (OutputStream out = exchange.getResponseBody()) {
            if (!isDown) {
              out.write(keys);
            }
          }
        });
    rotate("first");
    http.start();
  }

  /** The variables of a server that believes this issuer. */
  Map<String, String> variables() {
    return Map.of(
        "MP_JWT_VERIFY_ISSUER",
        NAME,
        "MP_JWT_VERIFY_AUDIENCES",
        "other, " + AUDIENCE,
        "MP_JWT_VERIFY_PUBLICKEY_LOCATION",
        scheme + "://127.0.0.1:" + http.getAddress().getPort() + "/jwks",
        "MP_JWT_VERIFY_CLOCK_SKEW",
        "0",
        "KV_SECURITY_ADMIN_GROUP",
        OPERATORS);
  }

  /** Signs with a new key from now on, and publishes it beside the others. */
  synchronized void rotate(String id) {
    newest = newKey(id);
    published.add(newest);
  }

  void isDown(boolean down) {
    isDown = down;
  }

  int fetches() {
    return fetches.get();
  }

  PublicJsonWebKey key() {
    return newest;
  }

  /** What is published: public keys alone. */
  private synchronized String keys() {
    return new JsonWebKeySet(published).toJson();
  }

  static PublicJsonWebKey newKey(String id) {
    try {
      RsaJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What a token of somebody says, which is good for an hour. */
  static JwtClaims claims(String name, String... groups) {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer(NAME);
    claims.setAudience(AUDIENCE);
    claims.setSubject("id-of-" + name);
    claims.setStringClaim("upn", name);
    claims.setStringListClaim("groups", List.of(groups));
    claims.setIssuedAtToNow();
    claims.setExpirationTime(secondsFromNow(3_600));
    return claims;
  }

  static NumericDate secondsFromNow(long seconds) {
    NumericDate date = NumericDate.now();
    date.addSeconds(seconds);
    return date;
  }

  String token(String name, String... groups) {
    return sign(claims(name, groups));
  }

  String sign(JwtClaims claims) {
    return sign(claims, newest, AlgorithmIdentifiers.RSA_USING_SHA256);
  }

  static String sign(JwtClaims claims, PublicJsonWebKey key, String algorithm) {
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(claims.toJson());
    signature.setKey(key.getPrivateKey());
    signature.setKeyIdHeaderValue(key.getKeyId());
    signature.setAlgorithmHeaderValue(algorithm);
    try {
      return signature.getCompactSerialization();
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    http.stop(0);
  }
}
