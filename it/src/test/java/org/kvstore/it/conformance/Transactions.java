package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.PRECONDITION_FAILED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.TOO_LARGE;
import static org.kvstore.api.ErrorCode.TXN_INVALID;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.RawRequest;

final class Transactions extends Section {
  private static final int BODY_LIMIT = 4 << 20;

  Transactions(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "5. Transactions: POST /v1/txn";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "`{\"compare\":[{\"key\",\"target\":\"version|createRevision|modRevision|value|lease\","
                + "\"op\":\"=|!=|<|>\",\"value\"}]",
            each(
                List.of("version", "createRevision", "modRevision", "value", "lease"),
                this::isCompared)),
        sentence(
            "`\"then\":[ops],\"else\":[ops]}`",
            claim("then", key -> assertThat(taken(key, 0)).isEqualTo("then")),
            claim("else", key -> assertThat(taken(key, 1)).isEqualTo("else"))),
        sentence(
            "ops as in §4",
            claim(
                "put, get and delete, each seeing those before it",
                key -> {
                  JsonObject done =
                      done(
                          "{'then':[{'op':'put','key':'%1$s','value':'x','contentType':'text/css'},"
                              + "{'op':'get','key':'%1$s'},{'op':'delete','key':'%1$s/none'}]}",
                          key);
                  assertThat(statuses(results(done))).containsExactly(201, 200, 404);
                  JsonObject read = results(done).get(1).getJsonObject("entry");
                  assertThat(read.getString("contentType")).isEqualTo("text/css");
                })),
        sentence(
            "plus `{\"op\":\"list\",\"prefix\"|\"start\",\"end\",\"limit\"}`",
            each(
                List.of(
                    "'prefix':'%1$s/' | 3 | false",
                    "'prefix':'%1$s/','limit':2 | 2 | true",
                    "'start':'%1$s/2','end':'%1$s/3' | 1 | false"),
                this::isListed)),
        sentence(
            "`\"limit\"`, at most 1000",
            claim("1000", key -> expect(200, listing("1000"))),
            claim("1001", key -> refuse(REQUEST_INVALID, "limit", listing("1001"))),
            claim("0", key -> refuse(REQUEST_INVALID, "limit", listing("0"))),
            claim("a word", key -> refuse(REQUEST_INVALID, "limit", listing("'many'")))),
        sentence(
            "A missing key compares as version, createRevision and modRevision 0.",
            each(
                List.of("version", "createRevision", "modRevision"),
                (target, key) -> {
                  assertThat(holds(key, target, "=", "0")).isTrue();
                  assertThat(holds(key, target, ">", "0")).isFalse();
                  assertThat(holds(key, target, "<", "1")).isTrue();
                })),
        sentence(
            "Answers 200 `{\"succeeded\":bool,\"results\":[...]}`",
            claim(
                "members",
                key -> {
                  JsonObject done = done("{'then':[{'op':'get','key':'%s'}]}", key);
                  assertThat(done).containsOnlyKeys("succeeded", "revision", "results");
                  assertThat(done.getBoolean("succeeded")).isTrue();
                }),
            claim("of nothing", key -> assertThat(results(done("{}"))).isEmpty())),
        sentence(
            "atomic",
            claim(
                "a condition that fails undoes all",
                key -> {
                  refuse(
                      PRECONDITION_FAILED,
                      txn(
                          "{'then':[{'op':'put','key':'%1$s/1','value':'x'},"
                              + "{'op':'put','key':'%1$s/2','value':'x','ifMatch':'*'}]}",
                          key));
                  refuse(NOT_FOUND, get(key + "/1"));
                }),
            claim(
                "so does a lease that is gone",
                key -> {
                  refuse(
                      NOT_FOUND,
                      "lease",
                      txn(
                          "{'then':[{'op':'put','key':'%1$s/1','value':'x'},"
                              + "{'op':'put','key':'%1$s/2','value':'x','lease':'999999999999'}]}",
                          key));
                  refuse(NOT_FOUND, get(key + "/1"));
                })),
        sentence("isolated", claim("no update is lost", this::noUpdateIsLost)),
        sentence(
            "one revision.",
            claim(
                "of all its writes",
                key -> {
                  JsonObject done =
                      done(
                          "{'then':[{'op':'put','key':'%1$s/1','value':'x'},"
                              + "{'op':'put','key':'%1$s/2','value':'x'}]}",
                          key);
                  long revision = done.getJsonNumber("revision").longValue();
                  assertThat(revision(key + "/1")).isEqualTo(revision);
                  assertThat(revision(key + "/2")).isEqualTo(revision);
                  assertThat(expect(201, put(key, "x")).revision()).isEqualTo(revision + 1);
                })),
        sentence(
            "At most 128 ops",
            each(
                List.of("then", "else", "compare"),
                (part, key) -> {
                  expect(200, txn("{'%s':[%s]}", part, elements(part, key, 128)));
                  JsonObject problem =
                      refuse(TXN_INVALID, txn("{'%s':[%s]}", part, elements(part, key, 129)));
                  assertThat(problem.getString("field")).isEqualTo(part);
                  assertThat(problem.getInt("limit")).isEqualTo(128);
                })),
        sentence(
            "and 4 MiB.",
            claim("4 MiB", key -> expect(200, post("/v1/txn", JSON, padded(key, BODY_LIMIT)))),
            claim(
                "one more byte",
                key ->
                    assertThat(
                            refuse(TOO_LARGE, post("/v1/txn", JSON, padded(key, BODY_LIMIT + 1)))
                                .getInt("limit"))
                        .isEqualTo(BODY_LIMIT)),
            claim(
                "one more byte in chunks",
                key ->
                    refuse(
                        TOO_LARGE,
                        service
                            .post("/v1/txn")
                            .header("Content-Type", JSON)
                            .chunked(
                                padded(key, BODY_LIMIT + 1).getBytes(StandardCharsets.UTF_8),
                                1 << 16)))),
        sentence(
            "A key written twice: 422.",
            each(
                List.of("then", "else"),
                (part, key) -> {
                  String put = json("{'op':'put','key':'%s','value':'x'}", key);
                  String delete = json("{'op':'delete','key':'%s'}", key);
                  for (String twice : List.of(put + "," + put, put + "," + delete)) {
                    refuse(TXN_INVALID, part, txn("{'%s':[%s]}", part, twice));
                  }
                  expect(200, txn("{'then':[%s],'else':[%s]}", put, delete));
                })),
        sentence(
            "`POST /v1/txn`: what is none is 400",
            each(
                BAD_BODIES,
                (row, key) -> {
                  String[] parts = row.split(" \\| ", -1);
                  JsonObject problem =
                      expect(400, post("/v1/txn", JSON, parts[0].replace('\'', '"'))).json();
                  assertThat(problem.getString("field")).as("%s", problem).isEqualTo(parts[1]);
                })),
        sentence(
            "`POST /v1/txn`: JSON",
            claim(
                "another type",
                key -> refuse(UNSUPPORTED_MEDIA_TYPE, post("/v1/txn", "text/plain", "{}"))),
            claim(
                "another encoding",
                key ->
                    refuse(
                        REQUEST_INVALID,
                        "body",
                        service
                            .post("/v1/txn")
                            .header("Content-Type", JSON)
                            .body("{}".getBytes(StandardCharsets.UTF_16BE))))));
  }

  private static final List<String> BAD_BODIES =
      List.of(
          " | body",
          "[] | body",
          "'text' | body",
          "{'then':[] | body",
          "{'then':[]} {} | body",
          "{'then':[],} | body",
          "{'then':{}} | then",
          "{'then':null} | then",
          "{'then':[],'then':[]} | then",
          "{'when':[]} | when",
          "{'then':[1]} | body",
          "{'then':[[]]} | body",
          "{'then':[{'op':'put','key':'a'}]} | value",
          "{'then':[{'op':'put','key':'a','value':[]}]} | value",
          "{'then':[{'op':'put','key':'a/','value':''}]} | key",
          "{'then':[{'op':'drop','key':'a'}]} | op",
          "{'then':[{'key':'a'}]} | op",
          "{'then':[{'op':'get','key':'a','key':'b'}]} | key",
          "{'then':[{'op':'list','prefix':'a','start':'b'}]} | prefix",
          "{'then':[{'op':'list','key':'a'}]} | key",
          "{'compare':[{'key':'a'}]} | target",
          "{'compare':[{'key':'a//b','target':'version','op':'=','value':1}]} | key",
          "{'compare':[{'key':'a','target':'size','op':'=','value':1}]} | target",
          "{'compare':[{'key':'a','target':'version','op':'~','value':1}]} | op",
          "{'compare':[{'key':'a','target':'version','op':'='}]} | value",
          "{'compare':[{'key':'a','target':'version','op':'=','value':-1}]} | value",
          "{'compare':[{'key':'a','target':'version','op':'=','value':1.5}]} | value",
          "{'compare':[{'key':'a','target':'version','op':'=','value':99999999999999999999}]}"
              + " | value",
          "{'compare':[{'key':'a','target':'value','op':'='}]} | value",
          "{'compare':[{'key':'a','target':'value','op':'=','value':[]}]} | value",
          "{'compare':[{'key':'a','target':'lease','op':'=','valueBase64':''}]} | valueBase64",
          "{'compare':[{'key':'a','target':'lease','op':'=','value':1,'x':1}]} | x",
          "{'then':" + "[".repeat(50_000) + " | body");

  private void isCompared(String target, String key) {
    String lease = grant("1h");
    expect(201, service.put(target(key) + "?lease=" + lease).body("4"));
    expect(204, service.put(target(key) + "?lease=" + lease).body("5"));
    Answer entry = expect(200, get(key));
    long value =
        switch (target) {
          case "version" -> 2;
          case "createRevision" -> Long.parseLong(entry.header("KV-Create-Revision"));
          case "modRevision" -> entry.revision();
          case "value" -> 5;
          default -> Long.parseLong(lease);
        };
    for (long other : new long[] {value - 1, value, value + 1}) {
      assertThat(holds(key, target, "=", "" + other)).isEqualTo(value == other);
      assertThat(holds(key, target, "!=", "" + other)).isEqualTo(value != other);
      assertThat(holds(key, target, "<", "" + other)).isEqualTo(value < other);
      assertThat(holds(key, target, ">", "" + other)).isEqualTo(value > other);
    }
  }

  private boolean holds(String key, String target, String op, String value) {
    return done(
            "{'compare':[{'key':'%s','target':'%s','op':'%s','value':'%s'}]}",
            key, target, op, value)
        .getBoolean("succeeded");
  }

  /** The branch that was taken when one comparison does not hold, or none. */
  private String taken(String key, int version) {
    JsonObject done =
        done(
            "{'compare':[{'key':'%1$s','target':'version','op':'=','value':0},"
                + "{'key':'%1$s','target':'version','op':'=','value':%2$d}],"
                + "'then':[{'op':'put','key':'%1$s','value':'then'}],"
                + "'else':[{'op':'put','key':'%1$s','value':'else'}]}",
            key, version);
    assertThat(done.getBoolean("succeeded")).isEqualTo(version == 0);
    return expect(200, get(key)).text();
  }

  private RawRequest listing(String limit) {
    return txn("{'then':[{'op':'list','prefix':'none','limit':%s}]}", limit);
  }

  private void isListed(String row, String key) {
    String[] parts = row.split(" \\| ");
    for (int i = 1; i <= 3; i++) {
      expect(201, put(key + "/" + i, "x"));
    }
    String range = parts[0].formatted(key);
    JsonObject listed = results(done("{'then':[{'op':'list',%s}]}", range)).get(0);
    assertThat(entries(listed)).hasSize(Integer.parseInt(parts[1]));
    assertThat(listed.getBoolean("more")).isEqualTo(Boolean.parseBoolean(parts[2]));
  }

  /** Eight who count, each by comparing the revision that was read. */
  private void noUpdateIsLost(String key) throws Exception {
    expect(201, put(key, "0"));
    Bulk.race(
        8,
        () -> {
          boolean counted = false;
          while (!counted) {
            Answer read = expect(200, get(key));
            counted =
                done(
                        "{'compare':[{'key':'%1$s','target':'modRevision','op':'=','value':%2$d}],"
                            + "'then':[{'op':'put','key':'%1$s','value':'%3$d'}]}",
                        key, read.revision(), Integer.parseInt(read.text()) + 1)
                    .getBoolean("succeeded");
          }
          return counted;
        });
    assertThat(expect(200, get(key)).text()).isEqualTo("8");
  }

  private static String elements(String part, String key, int count) {
    String element =
        part.equals("compare")
            ? "{'key':'%s/%d','target':'version','op':'=','value':0}"
            : "{'op':'put','key':'%s/%d','value':''}";
    return IntStream.range(0, count)
        .mapToObj(i -> json(element, key, i))
        .collect(Collectors.joining(","));
  }

  private static String padded(String key, int bytes) {
    String body = json("{'then':[{'op':'put','key':'%s','value':''}]}", key);
    return body + " ".repeat(bytes - body.length());
  }

  private JsonObject done(String template, Object... parts) {
    return expect(200, txn(template, parts)).json();
  }

  private static List<JsonObject> results(JsonObject done) {
    return done.getJsonArray("results").getValuesAs(JsonObject.class);
  }
}
