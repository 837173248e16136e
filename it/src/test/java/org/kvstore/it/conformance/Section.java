package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * A section of the contract: a row for each sentence, with the checks of what it claims. Each check
 * is given a key that nothing else uses, without characters that a target or JSON would escape.
 */
abstract class Section {
  static final String NDJSON = "application/x-ndjson";
  static final String JSON = "application/json";
  static final String FORM = "application/x-www-form-urlencoded";

  /** Largest value of the usual server. */
  static final int VALUE_LIMIT = 1 << 20;

  private static final int SHOWN = 90;
  private static final AtomicInteger KEYS = new AtomicInteger();
  private static final String RUN = "conformance/" + Long.toHexString(new Random().nextLong());

  final Servers servers;
  final Service service;
  private final Exchanges exchanges;

  Section(Servers servers, Exchanges exchanges) {
    this.servers = servers;
    this.service = servers.usual();
    this.exchanges = exchanges;
  }

  /** A check of one claim, made with a fresh key. */
  interface Check {
    void of(String key) throws Exception;
  }

  /** The same for each of several cases. */
  interface CaseCheck<T> {
    void of(T c, String key) throws Exception;
  }

  /**
   * What a sentence says, in part or in whole, with its check.
   *
   * @param isOfSingle whether it is said of single servers only
   */
  record Claim(String name, Check check, boolean isOfSingle) {}

  /** Number and title. */
  abstract String title();

  /** The sentences in the order of the document. */
  abstract Stream<DynamicNode> sentences();

  static Claim claim(String name, Check check) {
    return new Claim(name, check, false);
  }

  /** A claim that is no node's. */
  static Claim ofSingle(String name, Check check) {
    return new Claim(name, check, true);
  }

  DynamicNode sentence(String quote, Claim... claims) {
    return sentence(quote, Arrays.stream(claims));
  }

  DynamicNode sentence(String quote, Stream<Claim> claims) {
    return dynamicContainer(
        quote, claims.map(claim -> dynamicTest(claim.name(), () -> check(quote, claim))));
  }

  /** A claim for each of several cases. */
  static <T> Stream<Claim> each(Collection<T> cases, CaseCheck<T> check) {
    return cases.stream().map(c -> claim(shown(String.valueOf(c)), key -> check.of(c, key)));
  }

  /** A case as a name in a report, which is XML: short, and nothing but visible ASCII. */
  private static String shown(String text) {
    String line = text.isBlank() ? "nothing" : text;
    return line.codePoints()
        .limit(SHOWN)
        .mapToObj(c -> c >= ' ' && c < 0x7F ? Character.toString(c) : "\\u%04X".formatted(c))
        .collect(Collectors.joining());
  }

  /** A failure names its sentence: reports show the position in the table only. */
  private void check(String quote, Claim claim) {
    assumeFalse(servers.isNode() && claim.isOfSingle(), "It is said of single servers.");
    try {
      claim.check().of(freshKey());
    } catch (Exception | AssertionError e) {
      throw new AssertionError("%s: \"%s\": %s".formatted(title(), quote, claim.name()), e);
    }
  }

  static String freshKey() {
    return RUN + "/%04d".formatted(KEYS.incrementAndGet());
  }

  Answer expect(int status, RawRequest request) {
    return exchanges.expect(status, request);
  }

  JsonObject refuse(ErrorCode code, RawRequest request) {
    return exchanges.refuse(code, request);
  }

  /** Expects a refusal that names what is at fault. */
  void refuse(ErrorCode code, String field, RawRequest request) {
    JsonObject problem = refuse(code, request);
    assertThat(problem.getString("field", null)).as("field of %s", problem).isEqualTo(field);
  }

  Answer send(RawRequest request) {
    return exchanges.send(request);
  }

  /** Reads the answer of a request that was sent before. */
  Answer read(RawConnection connection, RawRequest request) throws IOException {
    return exchanges.take(connection.read(request.line()));
  }

  EventStream watch(RawRequest request) {
    return exchanges.watch(request);
  }

  RawRequest put(String key, String value) {
    return service.put(target(key)).body(value);
  }

  RawRequest get(String key) {
    return service.get(target(key));
  }

  RawRequest delete(String key) {
    return service.delete(target(key));
  }

  RawRequest patch(String key, String type, String body) {
    return service.request("PATCH", target(key)).header("Content-Type", type).body(body);
  }

  RawRequest history(String key) {
    return service.get(historyOf(key));
  }

  RawRequest list(String prefix, String parameters) {
    return service.get("/v1/kv?prefix=" + parameter(prefix) + parameters);
  }

  RawRequest post(String target, String type, String body) {
    return service.post(target).header("Content-Type", type).body(body);
  }

  RawRequest txn(String template, Object... parts) {
    return post("/v1/txn", JSON, json(template, parts));
  }

  RawRequest batchOf(String... lines) {
    return post("/v1/batch", NDJSON, String.join("\n", lines));
  }

  /** The results of a batch, each error in its form. */
  List<JsonObject> batch(String... lines) {
    return results(expect(200, batchOf(lines)));
  }

  static List<JsonObject> results(Answer batch) {
    List<JsonObject> results = batch.text().lines().map(Answer::json).toList();
    for (JsonObject result : results) {
      if (result.containsKey("problem")) {
        Exchanges.problem(result.getJsonObject("problem"), result.getInt("status"), "/v1/batch");
      }
    }
    return results;
  }

  static List<Integer> statuses(List<JsonObject> results) {
    return results.stream().map(result -> result.getInt("status")).toList();
  }

  /** Writes many entries, whose keys are the prefix and a number of four digits. */
  void fill(String prefix, int count) {
    String lines =
        IntStream.range(0, count)
            .mapToObj(i -> json("{'op':'put','key':'%s%04d','value':'%d'}\n", prefix, i, i))
            .collect(Collectors.joining());
    expect(200, post("/v1/batch", NDJSON, lines));
  }

  /** Writes values of 1 MiB, whose keys are the key, a slash and a number of two digits. */
  void mebibytes(String key, int count) {
    for (int i = 0; i < count; i++) {
      expect(201, put(key + "/%02d".formatted(i), "x".repeat(1 << 20)));
    }
  }

  String grant(String ttl) {
    return expect(201, post("/v1/leases", JSON, json("{'ttl':'%s'}", ttl))).json().getString("id");
  }

  long compact() {
    return expect(200, service.post("/v1/admin/compact")).json().getInt("compactedRevision");
  }

  /** The revision of a write that every row may see. */
  long revision(String key) {
    return expect(200, get(key)).revision();
  }

  static String historyOf(String key) {
    return target(key).replaceFirst("/v1/kv/", "/v1/history/");
  }

  /** JSON with apostrophes for its quotation marks. */
  static String json(String template, Object... parts) {
    return template.formatted(parts).replace('\'', '"');
  }

  static List<JsonObject> entries(JsonObject listing) {
    return listing.getJsonArray("entries").getValuesAs(JsonObject.class);
  }

  static List<String> keys(JsonObject listing) {
    return entries(listing).stream().map(entry -> entry.getString("key")).toList();
  }

  static <T> List<T> all(List<JsonObject> objects, Function<JsonObject, T> part) {
    return objects.stream().map(part).toList();
  }
}
