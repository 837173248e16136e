package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.access.Authority.Issued;
import org.kvstore.it.access.Call.Need;
import org.kvstore.it.support.Answer;

/** Every endpoint and every kind of caller: who may is answered, who may not is told nothing. */
@Timeout(240)
class AccessIT {
  private static final String INSIDE = "orders/";
  private static final String OUTSIDE = "secret/";

  @TempDir private static Path folder;

  private static Issuer issuer;
  private static SecuredServer server;
  private static final Map<Person, String> TOKENS = new EnumMap<>(Person.class);
  private static final Map<Person, TlsClient> CERTIFIED = new EnumMap<>(Person.class);

  /** Kinds of callers; what they may do is granted on {@link #INSIDE}. */
  private enum Person {
    NOBODY,
    WITH_A_WRONG_TOKEN,
    REVOKED,
    WITH_AN_EXPIRED_TOKEN,
    WITH_AN_EXPIRED_WEB_TOKEN,
    STRANGER,
    STRANGER_BY_CERTIFICATE,
    READER,
    READER_BY_WEB_TOKEN,
    WRITER,
    WRITER_BY_CERTIFICATE,
    WRITER_BY_GROUP,
    WRITER_BY_TOKEN,
    WRITER_BY_WEB_TOKEN_OF_GROUP,
    ADMINISTRATOR,
    ADMINISTRATOR_OF_ALL,
    OPERATOR_BY_WEB_TOKEN,
    OPERATOR;

    boolean isKnown() {
      return ordinal() >= STRANGER.ordinal();
    }

    boolean may(Need need, boolean inside) {
      return switch (need) {
        case NOTHING -> true;
        case READ -> mayAll() || inside && ordinal() >= READER.ordinal();
        case WRITE -> mayAll() || inside && ordinal() >= WRITER.ordinal();
        case SOME_WRITE -> ordinal() >= WRITER.ordinal();
        case ADMIN -> mayAll() || inside && this == ADMINISTRATOR;
        case SOME_ADMIN -> ordinal() >= ADMINISTRATOR.ordinal();
        case ALL -> mayAll();
      };
    }

    private boolean mayAll() {
      return ordinal() >= ADMINISTRATOR_OF_ALL.ordinal();
    }
  }

  @BeforeAll
  static void grant() throws Exception {
    issuer = new Issuer();
    Authority authority = new Authority(folder, "authority");
    Map<String, String> variables = new HashMap<>(issuer.variables());
    variables.putAll(authority.variables("wanted"));
    server = SecuredServer.ready("access", variables);
    grantCertificates(authority);
    TOKENS.put(Person.OPERATOR, SecuredServer.OPERATOR);
    TOKENS.put(Person.WITH_A_WRONG_TOKEN, "kvt_aaaaaaaaaaaa_" + "a".repeat(43));
    TOKENS.put(Person.STRANGER, server.token("stranger").getString("token"));
    granted(Person.READER, "read");
    granted(Person.WRITER, "write");
    granted(Person.ADMINISTRATOR, "admin");
    TOKENS.put(Person.WRITER_BY_GROUP, server.token("dora", "team").getString("token"));
    server.grant("group", "team", INSIDE, "write");
    JsonObject token = server.token("emil");
    TOKENS.put(Person.WRITER_BY_TOKEN, token.getString("token"));
    server.grant("token", token.getString("id"), INSIDE, "write");
    grantWebTokens();
    TOKENS.put(Person.ADMINISTRATOR_OF_ALL, server.token("root").getString("token"));
    server.grant("subject", "root", "", "admin");
    TOKENS.put(
        Person.WITH_AN_EXPIRED_TOKEN,
        server
            .asOperator(
                SecuredServer.json(
                    server.service().post("/v1/admin/tokens"),
                    "{\"subject\":\"root\",\"ttl\":\"1ms\"}"))
            .expect(201)
            .json()
            .getString("token"));
    JsonObject revoked = server.token("reader");
    TOKENS.put(Person.REVOKED, revoked.getString("token"));
    server
        .asOperator(server.service().delete("/v1/admin/tokens/" + revoked.getString("id")))
        .expect(204);
    for (String prefix : List.of(INSIDE, OUTSIDE)) {
      server.asOperator(server.service().put("/v1/kv/" + prefix + "a").body("v")).expect(201);
    }
  }

  private static void grantCertificates(Authority authority) throws Exception {
    for (Person person : List.of(Person.STRANGER_BY_CERTIFICATE, Person.WRITER_BY_CERTIFICATE)) {
      Issued own = authority.client(person.name());
      CERTIFIED.put(person, TlsClient.of(own, authority.trusted(), server.httpsPort()));
    }
    server.grant("subject", "cert:" + Person.WRITER_BY_CERTIFICATE, INSIDE, "write");
  }

  private static void grantWebTokens() {
    server.grant("subject", "faye@example.org", INSIDE, "read");
    TOKENS.put(Person.READER_BY_WEB_TOKEN, issuer.token("faye@example.org"));
    TOKENS.put(Person.WRITER_BY_WEB_TOKEN_OF_GROUP, issuer.token("gil@example.org", "team"));
    TOKENS.put(Person.OPERATOR_BY_WEB_TOKEN, issuer.token("hal@example.org", Issuer.OPERATORS));
    JwtClaims expired = Issuer.claims("hal@example.org", Issuer.OPERATORS);
    expired.setExpirationTime(Issuer.secondsFromNow(-1));
    TOKENS.put(Person.WITH_AN_EXPIRED_WEB_TOKEN, issuer.sign(expired));
  }

  private static void granted(Person person, String permission) {
    String subject = person.name().toLowerCase(java.util.Locale.ROOT);
    TOKENS.put(person, server.token(subject).getString("token"));
    server.grant("subject", subject, INSIDE, permission);
  }

  @AfterAll
  static void stop() {
    server.close();
    issuer.close();
  }

  static List<Call> calls() {
    return Call.all();
  }

  @ParameterizedTest
  @MethodSource("calls")
  void call_ofEachKindOfCaller_isAnsweredOrRefused(Call call) throws IOException {
    for (Person person : Person.values()) {
      for (String prefix : List.of(INSIDE, OUTSIDE)) {
        Answer answer = send(person, call, prefix);
        if (!person.isKnown()) {
          assertUnauthenticated(person, call, answer);
        } else {
          assertThat(Call.isForbidden(answer))
              .as("%s: %s in %s: %s", person, call, prefix, answer)
              .isEqualTo(!person.may(call.need(), prefix.equals(INSIDE)));
          assertThat(answer.status()).as("%s", answer).isLessThan(500).isNotEqualTo(401);
          if (!call.isBad()) {
            assertThat(answer.status()).as("%s: %s: %s", person, call, answer).isNotEqualTo(400);
          }
        }
      }
    }
  }

  private static void assertUnauthenticated(Person person, Call call, Answer answer) {
    // Once it has failed too often, it is told nothing but to wait.
    assertThat(answer.status()).as("%s: %s: %s", person, call, answer).isIn(401, 429);
    if (answer.status() == 401) {
      assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer ");
    }
    if (answer.body().length > 0) {
      answer.expect(
          answer.status() == 401 ? ErrorCode.UNAUTHENTICATED : ErrorCode.TOO_MANY_REQUESTS);
    }
  }

  private static Answer send(Person person, Call call, String prefix) throws IOException {
    var request = call.request().apply(server.service(), prefix);
    TlsClient certified = CERTIFIED.get(person);
    if (certified != null) {
      return certified.send(request);
    }
    String token = TOKENS.get(person);
    return token == null ? request.send() : SecuredServer.as(token, request).send();
  }
}
