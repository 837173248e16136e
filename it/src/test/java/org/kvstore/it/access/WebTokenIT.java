package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.access.SecuredServer.as;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jws.AlgorithmIdentifiers;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** JSON Web Tokens of an issuer: who is believed, who is not, and what they may do then. */
@Timeout(240)
class WebTokenIT {
  private static Issuer issuer;
  private static SecuredServer server;
  private static Service service;

  @BeforeAll
  static void start() throws IOException {
    issuer = new Issuer();
    server = SecuredServer.ready("web-tokens", issuer.variables());
    service = server.service();
  }

  @AfterAll
  static void stop() {
    server.close();
    issuer.close();
  }

  @Test
  void grants_bindToTheNameAndToTheGroups() {
    server.grant("subject", "ann@example.org", "ann/", "write");
    server.grant("group", "readers", "shared/", "read");
    String token = issuer.token("ann@example.org", "readers");

    as(token, service.put("/v1/kv/ann/a").body("v")).send().expect(201);
    as(token, service.get("/v1/kv/shared/a")).send().expect(ErrorCode.NOT_FOUND);
    as(token, service.put("/v1/kv/shared/a").body("v")).send().expect(ErrorCode.FORBIDDEN);
    String other = issuer.token("ben@example.org");
    as(other, service.get("/v1/kv/ann/a")).send().expect(ErrorCode.FORBIDDEN);
  }

  @Test
  void name_isTheUpn_elseThePreferredName_elseTheSubject() {
    server.grant("subject", "preferred", "preferred/", "read");
    server.grant("subject", "id-of-cid", "subject/", "read");
    JwtClaims claims = Issuer.claims("cid");
    claims.unsetClaim("upn");
    String subject = issuer.sign(claims);
    claims.setStringClaim("preferred_username", "preferred");
    String preferred = issuer.sign(claims);

    as(subject, service.get("/v1/kv/subject/a")).send().expect(ErrorCode.NOT_FOUND);
    as(preferred, service.get("/v1/kv/preferred/a")).send().expect(ErrorCode.NOT_FOUND);
    as(preferred, service.get("/v1/kv/subject/a")).send().expect(ErrorCode.FORBIDDEN);
  }

  @Test
  void members_ofTheAdminGroup_areOperators() {
    String token = issuer.token("olga", "operators");
    as(token, service.get("/v1/admin/grants")).send().expect(200);
    as(token, service.put("/v1/kv/anything").body("v")).send().expect(201);
  }

  static Stream<Arguments> refused() {
    return Stream.of(
        claimed("expired", claims -> claims.setExpirationTime(Issuer.secondsFromNow(-1))),
        claimed("for ever", claims -> claims.unsetClaim("exp")),
        claimed("not yet good", claims -> claims.setNotBefore(Issuer.secondsFromNow(60))),
        claimed("of no known time", claims -> claims.unsetClaim("iat")),
        claimed("of another issuer", claims -> claims.setIssuer(Issuer.NAME + "/")),
        claimed("of no issuer", claims -> claims.unsetClaim("iss")),
        claimed("for another audience", claims -> claims.setAudience("shop")),
        claimed("for no audience", claims -> claims.unsetClaim("aud")),
        claimed(
            "of nobody",
            claims -> {
              claims.unsetClaim("upn");
              claims.unsetClaim("sub");
            }),
        claimed("of a name of ours", claims -> claims.setStringClaim("upn", "(operator)")),
        claimed("of a certificate's name", claims -> claims.setStringClaim("upn", "cert:shop")),
        claimed("with groups of another form", claims -> claims.setClaim("groups", 7)),
        claimed("of a name that is a number", claims -> claims.setClaim("upn", 7)),
        claimed("until no time there is", claims -> claims.setClaim("exp", Long.MAX_VALUE)),
        Arguments.of("of another key", signedByAnother("first")),
        Arguments.of("of a key that nobody knows", signedByAnother("unknown")),
        Arguments.of("altered", altered()),
        Arguments.of("without a signature", withoutSignature()),
        Arguments.of("signed with the public key as a secret", signedWithPublicKey()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("refused")
  void token_thatIsNotGood_isRefused_withoutBeingRepeated(String what, String token) {
    Answer answer = as(token, service.get("/v1/status")).send();
    answer.expect(ErrorCode.UNAUTHENTICATED);
    assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
    assertThat(answer.text()).contains("JSON Web Token").doesNotContain(token);
    assertThat(server.log()).doesNotContain(token);
  }

  @Test
  void newKeyOfTheIssuer_isKnownWithItsFirstToken() throws IOException {
    try (Issuer rotating = new Issuer();
        SecuredServer own = SecuredServer.ready("rotating", rotating.variables())) {
      rotating.isDown(true);
      String token = rotating.token("ann");
      as(token, own.service().get("/v1/status")).send().expect(ErrorCode.UNAVAILABLE);
      own.asOperator(own.service().get("/v1/status")).expect(200);
      assertThat(rotating.fetches()).isEqualTo(1);
      as(token, own.service().get("/v1/status")).send().expect(ErrorCode.UNAVAILABLE);
      assertThat(rotating.fetches()).as("not asked again at once").isEqualTo(1);

      rotating.isDown(false);
      awaitLetIn(token, own.service());
      rotating.rotate("second");
      String newer = rotating.token("ann");
      awaitLetIn(newer, own.service());

      rotating.isDown(true);
      as(rotating.token("ben"), own.service().get("/v1/status")).send().expect(200);
      as(token, own.service().get("/v1/status")).send().expect(200);
    }
  }

  /**
   * The server's own certificate, or whoever vouches for its clients, says nothing of an issuer.
   */
  @Test
  void keysOverTls_areBelievedFromWhomJavaTrusts_andNobodyElse(@TempDir Path folder)
      throws Exception {
    Authority authority = new Authority(folder, "authority");
    Path trusted = folder.resolve("trusted.p12");
    try (OutputStream out = Files.newOutputStream(trusted)) {
      authority.trusted().store(out, Authority.password());
    }
    String trust =
        "-XX:TieredStopAtLevel=1 -Djavax.net.ssl.trustStoreType=PKCS12 -Djavax.net.ssl.trustStore="
            + trusted
            + " -Djavax.net.ssl.trustStorePassword="
            + new String(Authority.password());
    try (Issuer overTls = new Issuer(authority.server("localhost"))) {
      Map<String, String> variables = new HashMap<>(overTls.variables());
      try (SecuredServer distrusting = SecuredServer.ready("tls-issuer-not", variables)) {
        as(overTls.token("ann"), distrusting.service().get("/v1/status"))
            .send()
            .expect(ErrorCode.UNAVAILABLE);
      }
      variables.put("KV_JAVA_OPTIONS", trust);
      try (SecuredServer trusting = SecuredServer.ready("tls-issuer", variables)) {
        as(overTls.token("ann"), trusting.service().get("/v1/status")).send().expect(200);
      }
    }
  }

  @Test
  void watch_endsWhenItsTokenDoes() {
    server.grant("subject", "eve", "eve/", "read");
    JwtClaims claims = Issuer.claims("eve");
    claims.setExpirationTime(Issuer.secondsFromNow(4));
    String token = issuer.sign(claims);
    try (EventStream watch = EventStream.open(as(token, service.get("/v1/watch?prefix=eve/")))) {
      assertThatThrownBy(
              () -> {
                while (true) {
                  watch.next();
                }
              })
          .isInstanceOf(UncheckedIOException.class);
    }
    as(token, service.get("/v1/kv/eve/a")).send().expect(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void keyInAFile_isEnough_withoutAnOperatorsToken(@TempDir Path folder) throws IOException {
    PublicJsonWebKey key = Issuer.newKey("any");
    String pem =
        "-----BEGIN PUBLIC KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(key.getPublicKey().getEncoded())
            + "\n-----END PUBLIC KEY-----\n";
    Path file = Files.writeString(folder.resolve("key.pem"), pem);
    try (ServerProcess own =
        ServerProcess.ready(
            ServerProcess.directory("key-file"),
            Map.of(
                "MP_JWT_VERIFY_ISSUER", Issuer.NAME,
                "MP_JWT_VERIFY_AUDIENCES", Issuer.AUDIENCE,
                "MP_JWT_VERIFY_PUBLICKEY_LOCATION", file.toString()))) {
      String token =
          Issuer.sign(Issuer.claims("ann"), key, AlgorithmIdentifiers.RSA_PSS_USING_SHA256);
      as(token, own.service().get("/v1/status")).send().expect(200);
      own.service().get("/v1/status").send().expect(ErrorCode.UNAUTHENTICATED);
    }
  }

  /** Keys are fetched every ten seconds at the most. */
  private static void awaitLetIn(String token, Service service) {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> as(token, service.get("/v1/status")).send().status() == 200);
  }

  private static Arguments claimed(String what, Consumer<JwtClaims> change) {
    JwtClaims claims = Issuer.claims("mallory");
    change.accept(claims);
    return Arguments.of(what, issuer.sign(claims));
  }

  private static String signedByAnother(String id) {
    return Issuer.sign(
        Issuer.claims("mallory"), Issuer.newKey(id), AlgorithmIdentifiers.RSA_USING_SHA256);
  }

  private static String altered() {
    String[] parts = issuer.token("mallory").split("\\.");
    String payload = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
    return parts[0] + '.' + base64(payload.replace("mallory", "ann")) + '.' + parts[2];
  }

  private static String withoutSignature() {
    return base64("{\"alg\":\"none\"}") + '.' + base64(Issuer.claims("mallory").toJson()) + '.';
  }

  /** The confusion of keys that RFC 8725 section 2.1 warns of. */
  private static String signedWithPublicKey() {
    JsonWebSignature signature = new JsonWebSignature();
    signature.setPayload(Issuer.claims("mallory").toJson());
    signature.setAlgorithmHeaderValue(AlgorithmIdentifiers.HMAC_SHA256);
    signature.setKeyIdHeaderValue(issuer.key().getKeyId());
    signature.setKey(new HmacKey(issuer.key().getPublicKey().getEncoded()));
    try {
      return signature.getCompactSerialization();
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
