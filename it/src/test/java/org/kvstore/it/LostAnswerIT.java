package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.IndeterminateException;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.PutOptions;
import org.kvstore.client.Value;
import org.kvstore.client.Written;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.LossyProxy;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * The answer of a named write is lost on its way. The repeat gets the very answer that was lost,
 * over the end of the server too, and writes nothing: neither again nor over what others have
 * written since.
 */
class LostAnswerIT {
  private static final String NAME = "Idempotency-Key";
  private static final String REQUEST_ID = "\"requestId\":\"[^\"]*\"";
  private static final int SHAKY_WRITES = 150;

  private static ServerProcess server;

  @BeforeAll
  static void start() {
    server = ServerProcess.ready(ServerProcess.directory("lost-answer"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /**
   * The kinds of write, each with the status of its first answer. None would be answered the same
   * if it were done again.
   */
  @SuppressWarnings("ImmutableEnumChecker") // The functions have no state.
  private enum Kind {
    CREATE(
        201,
        at ->
            at.service
                .put(target(at.prefix + "new") + "?ttl=1h")
                .header("If-None-Match", "*")
                .header("Content-Type", "text/plain")
                .body("x")),
    REPLACE(204, at -> at.service.put(target(at.prefix + "a")).body("replaced")),
    INCREMENT(200, at -> at.patch("a", "application/vnd.kvstore.increment+json", "{\"by\":0.5}")),
    JSON_PATCH(
        200,
        at ->
            at.patch(
                "list",
                "application/json-patch+json",
                "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]")),
    DELETE(204, at -> at.service.delete(target(at.prefix + "a"))),
    RANGE_DELETE(200, at -> at.service.delete("/v1/kv?prefix=" + parameter(at.prefix))),
    TRANSACTION(
        200,
        at ->
            at.post(
                "/v1/txn",
                "application/json",
                """
                {"compare":[{"key":"%1$sa","target":"version","op":"=","value":1}],
                 "then":[{"op":"put","key":"%1$sa","value":"moved"},
                         {"op":"delete","key":"%1$sb"},
                         {"op":"get","key":"%1$slist"},
                         {"op":"list","prefix":"%1$s"}]}
                """)),
    SIMPLE_PUT(
        201, at -> at.post("/put", "application/json", "{\"key\":\"%1$snew\",\"value\":\"x\"}")),
    BATCH(
        200,
        at ->
            at.post(
                "/v1/batch",
                "application/x-ndjson",
                """
                {"op":"put","key":"%1$sa","value":"2"}
                {"op":"put","key":"%1$snew","value":"x","ifNoneMatch":"*"}
                {"op":"delete","key":"%1$sb"}
                """)),
    LEASE_GRANT(201, at -> at.post("/v1/leases", "application/json", "{\"ttl\":\"1h\"}")),
    LEASE_RENEWAL(200, at -> at.service.put("/v1/leases/" + at.lease)),
    LEASE_REVOCATION(204, at -> at.service.delete("/v1/leases/" + at.lease));

    final int status;
    private final Function<Place, RawRequest> request;

    Kind(int status, Function<Place, RawRequest> request) {
      this.status = status;
      this.request = request;
    }

    RawRequest request(Place at) {
      return request.apply(at).header(NAME, at.name());
    }
  }

  /**
   * Where a write is done: keys of its own, and a lease with a key.
   *
   * @param service where to send it
   * @param prefix of the keys {@code a}, {@code b}, {@code list} and {@code leased}
   * @param lease id of the lease
   */
  private record Place(Service service, String prefix, String lease) {
    static Place on(Service service) {
      Place place = new Place(service, UUID.randomUUID() + "/", grant(service));
      service.put(target(place.prefix + "a")).body("1").send().expect(201);
      service.put(target(place.prefix + "b")).body("1").send().expect(201);
      service
          .put(target(place.prefix + "list"))
          .header("Content-Type", "application/json")
          .body("[]")
          .send()
          .expect(201);
      String leased = target(place.prefix + "leased") + "?lease=" + place.lease;
      service.put(leased).body("1").send().expect(201);
      return place;
    }

    private static String grant(Service service) {
      return service
          .post("/v1/leases")
          .header("Content-Type", "application/json")
          .body("{\"ttl\":\"1h\"}")
          .send()
          .expect(201)
          .json()
          .getString("id");
    }

    Place through(Service other) {
      return new Place(other, prefix, lease);
    }

    String name() {
      return prefix.replace('/', '-');
    }

    RawRequest patch(String key, String type, String patch) {
      return service
          .request("PATCH", target(prefix + key))
          .header("Content-Type", type)
          .body(patch);
    }

    RawRequest post(String path, String type, String template) {
      return service.post(path).header("Content-Type", type).body(template.formatted(prefix));
    }

    /** What others write between the loss and the repeat. */
    void writeOver() {
      for (String key : List.of("a", "new", "list")) {
        service.put(target(prefix + key)).body("by others").send();
      }
    }

    /** The keys and the lease of the place, and the newest revision of the store. */
    String state() {
      String keys = service.get("/v1/kv?limit=1000&prefix=" + parameter(prefix)).send().text();
      return keys + service.get("/v1/leases/" + lease).send().text().replaceAll(REQUEST_ID, "");
    }
  }

  @ParameterizedTest
  @EnumSource
  void repeat_getsTheAnswerThatWasLost_andWritesNothing(Kind kind) {
    Place place = Place.on(server.service());
    String before = place.state();
    Answer lost = loseAnswer(kind, place);
    if (kind != Kind.LEASE_GRANT) {
      assertThat(place.state()).as("the write was done").isNotEqualTo(before);
    }
    place.writeOver();
    requireRepeated(kind, place, lost);
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void repeatAfterKill_getsTheAnswerThatWasLost_andWritesNothing() {
    Path data = ServerProcess.directory("lost-answer-kill");
    List<Loss> losses = new ArrayList<>();
    try (ServerProcess first = ServerProcess.ready(data)) {
      for (Kind kind : Kind.values()) {
        Place place = Place.on(first.service());
        losses.add(new Loss(kind, place, loseAnswer(kind, place)));
      }
      first.kill();
    }
    try (ServerProcess second = ServerProcess.ready(data)) {
      for (Loss loss : losses) {
        requireRepeated(loss.kind, loss.place.through(second.service()), loss.answer);
      }
    }
  }

  private record Loss(Kind kind, Place place, Answer answer) {}

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BATCH")
  void otherWriteUnderTheName_isRefused_andWritesNothing(Kind kind) {
    Place place = Place.on(server.service());
    loseAnswer(kind, place);
    String state = place.state();
    for (Kind other : Kind.values()) {
      if (other != kind && other != Kind.BATCH) {
        Answer refused = other.request(place).send().expect(ErrorCode.REQUEST_INVALID);
        assertThat(refused.json().getString("field")).isEqualTo(NAME);
      }
    }
    assertThat(place.state()).isEqualTo(state);
  }

  @Test
  void repeatedGrant_isTheLeaseThatWasGranted() {
    Place place = Place.on(server.service());
    String at = loseAnswer(Kind.LEASE_GRANT, place).header("Location");
    String granted = server.service().get(at).send().expect(200).text();
    Answer repeat = Kind.LEASE_GRANT.request(place).send().expect(201);
    assertThat(repeat.header("Location")).isEqualTo(at);
    assertThat(server.service().get(at).send().expect(200).text()).isEqualTo(granted);
  }

  @Test
  void typedClient_learnsThatTheOutcomeIsUnknown_andRepeats() {
    String key = UUID.randomUUID().toString();
    PutOptions named = PutOptions.ifAbsent().withIdempotencyKey(key);
    try (LossyProxy proxy = new LossyProxy(server.service());
        KeyValueClient unlucky = proxy.front().client();
        KeyValueClient client = server.service().client()) {
      assertThatThrownBy(() -> unlucky.put(key, Value.of("x"), named))
          .isInstanceOf(IndeterminateException.class);
      Written repeated = client.put(key, Value.of("x"), named);
      assertThat(repeated).isEqualTo(new Written(true, proxy.takeLost().etag()));
      assertThat(client.get(key).orElseThrow().version()).isEqualTo(1);
    }
  }

  /** Each write is sent in vain a few times, cut anywhere within the request or after it. */
  @Test
  void requestsCutAnywhere_areAppliedOnceAndWhole() throws IOException {
    Random random = Seed.random("LostAnswerIT");
    Place place = Place.on(server.service());
    Service service = place.service;
    for (int i = 1; i <= SHAKY_WRITES; i++) {
      String value = "value %d %s".formatted(i, "x".repeat(random.nextInt(2_000)));
      String name = place.name() + i;
      RawRequest put = service.put(target(place.prefix + "put")).header(NAME, name).body(value);
      cut(put, random);
      Answer written = put.send().expect(i == 1 ? 201 : 204);
      assertThat(written.header("KV-Version")).isEqualTo("" + i);
      assertThat(service.get(target(place.prefix + "put")).send().text()).isEqualTo(value);

      RawRequest increment =
          place
              .patch("sum", "application/vnd.kvstore.increment+json", "{\"by\":1}")
              .header(NAME, name + "+");
      cut(increment, random);
      assertThat(increment.send().expect(200).text()).isEqualTo("" + i);
    }
  }

  private static void cut(RawRequest request, Random random) throws IOException {
    byte[] bytes = request.bytes();
    for (int tries = random.nextInt(3); tries > 0; tries--) {
      int sent = random.nextBoolean() ? bytes.length : random.nextInt(bytes.length);
      try (RawConnection connection = new RawConnection(server.service().port())) {
        connection.send(Arrays.copyOf(bytes, sent));
      }
    }
  }

  private static Answer loseAnswer(Kind kind, Place place) {
    try (LossyProxy proxy = new LossyProxy(place.service)) {
      RawRequest request = kind.request(place.through(proxy.front()));
      assertThatThrownBy(request::send).isInstanceOf(UncheckedIOException.class);
      return proxy.takeLost().expect(kind.status);
    }
  }

  private static void requireRepeated(Kind kind, Place place, Answer lost) {
    String state = place.state();
    for (int i = 0; i < 2; i++) {
      Answer repeat = kind.request(place).send().expect(kind.status);
      assertThat(repeat.text()).as("%s", kind).isEqualTo(lost.text());
      assertThat(headers(repeat)).as("%s", kind).isEqualTo(headers(lost));
      assertThat(place.state()).as("%s", kind).isEqualTo(state);
    }
  }

  private static Map<String, List<String>> headers(Answer answer) {
    Map<String, List<String>> headers = new HashMap<>(answer.headers());
    headers.remove("date");
    return headers;
  }
}
