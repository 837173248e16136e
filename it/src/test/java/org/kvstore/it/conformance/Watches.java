package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.COMPACTED;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

final class Watches extends Section {
  /** More than sockets and memory hold back for a reader that does not read. */
  private static final int MANY_MEBIBYTES = 40;

  Watches(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "6. Change: GET /v1/watch";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(queries(), events(), delivery(), positions()).flatMap(rows -> rows);
  }

  private Stream<DynamicNode> queries() {
    return Stream.of(
        sentence(
            "`key` | `prefix` | `start`/`end`",
            each(
                List.of("key=%1$s/b", "prefix=%1$s/b", "start=%1$s/b&end=%1$s/c", "start=%1$s/b"),
                (query, key) -> {
                  try (EventStream watch = follow(query.formatted(key))) {
                    for (String name : List.of("a", "b", "bb", "c", "b")) {
                      send(put(key + "/" + name, "x"));
                    }
                    List<String> expected =
                        Stream.of("b", "bb", "c", "b")
                            .filter(name -> name.equals("b") || !query.startsWith("key"))
                            .filter(name -> !name.equals("c") || query.endsWith("start=%1$s/b"))
                            .map(name -> key + "/" + name)
                            .toList();
                    assertThat(watch.nextChanges(expected.size()))
                        .extracting(ServerEvent::key)
                        .isEqualTo(expected);
                  }
                })),
        sentence(
            "`key` | `prefix` | `start`/`end`: not together",
            each(
                List.of("key=a&prefix=b | key", "prefix=a&start=b | prefix", "what=1 | what"),
                (row, key) -> {
                  String[] parts = row.split(" \\| ");
                  refuse(REQUEST_INVALID, parts[1], service.get("/v1/watch?" + parts[0]));
                })),
        sentence(
            "`from=<position>`",
            claim(
                "what came after it",
                key -> {
                  expect(201, put(key, "1"));
                  String position = position();
                  expect(204, put(key, "2"));
                  try (EventStream watch = follow("key=" + key + "&from=" + position)) {
                    expect(204, put(key, "3"));
                    assertThat(values(watch.nextChanges(2))).containsExactly("2", "3");
                  }
                })),
        sentence(
            "`prev=true` adds the earlier entry",
            claim(
                "of put and delete",
                key -> {
                  try (EventStream watch = follow("key=" + key + "&prev=true")) {
                    expect(201, put(key, "1"));
                    expect(204, put(key, "2"));
                    expect(204, delete(key));
                    List<ServerEvent> events = watch.nextChanges(3);
                    assertThat(events.get(0).json()).doesNotContainKey("prev");
                    assertThat(previous(events.get(1))).isEqualTo("1");
                    assertThat(previous(events.get(2))).isEqualTo("2");
                  }
                })),
        sentence(
            "`filter=put|delete`",
            each(
                List.of("put", "delete"),
                (filter, key) -> {
                  try (EventStream watch = follow("key=" + key + "&filter=" + filter)) {
                    for (int i = 0; i < 3; i++) {
                      expect(201, put(key, "x"));
                      expect(204, delete(key));
                    }
                    assertThat(watch.nextChanges(3))
                        .extracting(ServerEvent::type)
                        .containsOnly(filter);
                  }
                })),
        sentence(
            "`filter=put|delete`: nothing else",
            each(
                List.of("", "x", "PUT"),
                (filter, key) ->
                    refuse(REQUEST_INVALID, "filter", service.get("/v1/watch?filter=" + filter)))));
  }

  private Stream<DynamicNode> events() {
    return Stream.of(
        sentence(
            "`event: put|delete`, `id: <position>` on the last event of each revision",
            claim(
                "of a transaction",
                key -> {
                  try (EventStream watch = follow("prefix=" + key)) {
                    threeInOne(key);
                    expect(204, delete(key + "/1"));
                    List<ServerEvent> events = watch.nextChanges(4);
                    assertThat(events)
                        .extracting(ServerEvent::type)
                        .containsExactly("put", "put", "put", "delete");
                    assertThat(events.subList(0, 2)).allMatch(event -> event.id() == null);
                    assertThat(events.subList(2, 4)).noneMatch(event -> event.id() == null);
                  }
                })),
        sentence(
            "`data: {\"type\",\"entry\",\"prev\",\"reason\"}`",
            claim(
                "members",
                key -> {
                  try (EventStream watch = follow("key=" + key + "&prev=true")) {
                    expect(201, put(key, "1"));
                    expect(204, put(key, "2"));
                    JsonObject event = watch.nextChanges(2).get(1).json();
                    assertThat(event).containsOnlyKeys("type", "entry", "prev", "reason", "time");
                    assertThat(event.getJsonObject("entry"))
                        .isEqualTo(entries(expect(200, list(key, "")).json()).get(0));
                  }
                })),
        sentence(
            "with reason `client|expired|lease`",
            claim("client", key -> assertThat(reason(key, "")).isEqualTo("client")),
            claim("expired", key -> assertThat(reason(key, "ttl=200ms")).isEqualTo("expired")),
            claim(
                "lease",
                key -> assertThat(reason(key, "lease=" + grant("2s"))).isEqualTo("lease"))));
  }

  private Stream<DynamicNode> delivery() {
    return Stream.of(
        sentence(
            "`Last-Event-ID` resumes after it.",
            claim(
                "and goes before from",
                key -> {
                  String old = position();
                  String id;
                  try (EventStream watch = follow("key=" + key)) {
                    expect(201, put(key, "1"));
                    id = String.valueOf(watch.nextChange().id());
                  }
                  expect(204, put(key, "2"));
                  RawRequest again = service.get("/v1/watch?key=" + key + "&from=" + old);
                  try (EventStream watch = watch(again.header("Last-Event-ID", id))) {
                    assertThat(watch.nextChange().value()).isEqualTo("2");
                  }
                })),
        sentence(
            "Nothing is lost, doubled or reordered within a shard, over reconnects",
            claim("thirty of them", this::survivesReconnects)),
        sentence(
            "one revision's events are never split",
            claim(
                "from within a revision's events",
                key -> {
                  String from = position();
                  threeInOne(key);
                  try (EventStream watch = follow("prefix=" + key + "&from=" + from)) {
                    assertThat(watch.nextChange().id()).isNull();
                  }
                  try (EventStream watch = follow("prefix=" + key + "&from=" + from)) {
                    assertThat(watch.nextChanges(3))
                        .extracting(ServerEvent::key)
                        .containsExactly(key + "/1", key + "/2", key + "/3");
                  }
                })),
        sentence(
            "`event: progress` at least every 15 s when idle: everything up to its id has been "
                + "delivered.",
            claim("two in a row", this::progressComes),
            claim(
                "its id",
                key -> {
                  expect(201, put(key, "before"));
                  String id;
                  try (EventStream watch = watch(service.get("/v1/watch?key=" + key))) {
                    ServerEvent progress = watch.next();
                    assertThat(progress.type()).isEqualTo("progress");
                    id = String.valueOf(progress.id());
                  }
                  expect(204, put(key, "after"));
                  try (EventStream watch = follow("key=" + key + "&from=" + id)) {
                    assertThat(watch.nextChange().value()).isEqualTo("after");
                  }
                })));
  }

  private Stream<DynamicNode> positions() {
    return Stream.of(
        sentence(
            "A position older than what is retained: 410 `COMPACTED` before the stream starts",
            claim(
                "from",
                key -> {
                  String old = position();
                  expect(201, put(key, "x"));
                  expect(204, put(key, "y"));
                  compact();
                  refuse(COMPACTED, service.get("/v1/watch?from=" + old));
                  refuse(COMPACTED, service.get("/v1/watch").header("Last-Event-ID", old));
                })),
        sentence(
            "`event: compacted` after.",
            claim(
                "a reader that has slept too long",
                key -> {
                  try (EventStream watch = follow("prefix=" + key)) {
                    mebibytes(key, MANY_MEBIBYTES);
                    compact();
                    ServerEvent last = watch.nextChange();
                    int seen = 0;
                    for (; last.type().equals("put"); last = watch.nextChange()) {
                      assertThat(last.key()).isEqualTo(key + "/%02d".formatted(seen++));
                    }
                    assertThat(last.type()).isEqualTo("compacted");
                    Exchanges.problem(last.json(), 410, "/v1/watch");
                    assertThat(seen).isLessThan(MANY_MEBIBYTES);
                  }
                })),
        sentence(
            "A slow reader falls back to reading from disk; it is never a reason to buffer without "
                + "bound or to drop in silence.",
            claim(
                "nothing is missing",
                key -> {
                  try (EventStream watch = follow("prefix=" + key)) {
                    mebibytes(key, MANY_MEBIBYTES);
                    assertThat(watch.nextChanges(MANY_MEBIBYTES))
                        .extracting(ServerEvent::key)
                        .isEqualTo(
                            IntStream.range(0, MANY_MEBIBYTES)
                                .mapToObj(i -> key + "/%02d".formatted(i))
                                .toList());
                  }
                })),
        sentence(
            "List, then watch from its `position`: no gap, no overlap.",
            claim(
                "between writes",
                key -> {
                  expect(201, put(key, "listed"));
                  JsonObject listing = expect(200, list(key, "")).json();
                  expect(204, put(key, "watched"));
                  String from = "&from=" + listing.getString("position");
                  try (EventStream watch = follow("key=" + key + from)) {
                    assertThat(entries(listing).get(0).getString("value")).isEqualTo("listed");
                    assertThat(watch.nextChange().value()).isEqualTo("watched");
                  }
                })),
        sentence(
            "a position: what is none is 400",
            claim("changed in any place", key -> readsNothingElse(key, Tokens.changed(position()))),
            claim(
                "cut short or made longer",
                key -> readsNothingElse(key, Tokens.resized(position()))),
            claim(
                "a cursor",
                key -> {
                  fill(key, 2);
                  String cursor = expect(200, list(key, "&limit=1")).json().getString("cursor");
                  refuse(REQUEST_INVALID, "from", service.get("/v1/watch?from=" + cursor));
                }),
            claim(
                "of another store",
                key -> {
                  String other = servers.small().get("/v1/kv").send().json().getString("position");
                  refuse(REQUEST_INVALID, "from", service.get("/v1/watch?from=" + other));
                  refuse(
                      REQUEST_INVALID,
                      "Last-Event-ID",
                      service.get("/v1/watch").header("Last-Event-ID", other));
                })));
  }

  /** A watch that has begun, or goes on from where it was told to. */
  private EventStream follow(String query) {
    EventStream watch = watch(service.get("/v1/watch?" + query));
    assertThat(watch.next().type()).isEqualTo("progress");
    return watch;
  }

  private String position() {
    return expect(200, service.get("/v1/kv?countOnly=true")).json().getString("position");
  }

  private static List<String> values(List<ServerEvent> events) {
    return events.stream().map(ServerEvent::value).toList();
  }

  private static String previous(ServerEvent event) {
    return event.json().getJsonObject("prev").getString("value");
  }

  private void threeInOne(String key) {
    String put = "{'op':'put','key':'%s/%d','value':'x'}";
    expect(
        200, txn("{'then':[%s,%s,%s]}", json(put, key, 1), json(put, key, 2), json(put, key, 3)));
  }

  /** Why an entry was deleted that was put with these parameters. */
  private String reason(String key, String life) {
    try (EventStream watch = follow("key=" + key)) {
      expect(201, service.put(target(key) + "?" + life).body("x"));
      if (life.isEmpty()) {
        expect(204, delete(key));
      }
      assertThat(watch.nextChange().json().getString("reason")).isEqualTo("client");
      ServerEvent deleted = watch.nextChange();
      assertThat(deleted.type()).isEqualTo("delete");
      return deleted.json().getString("reason");
    }
  }

  private void survivesReconnects(String key) {
    String position = position();
    List<String> written = new ArrayList<>();
    List<String> seen = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      written.add(i + "a");
      written.add(i + "b");
      send(put(key, i + "a"));
      send(put(key, i + "b"));
      try (EventStream watch = follow("key=" + key + "&from=" + position)) {
        ServerEvent event = watch.nextChange();
        seen.add(event.value());
        position = String.valueOf(event.id());
      }
    }
    try (EventStream watch = follow("key=" + key + "&from=" + position)) {
      seen.addAll(values(watch.nextChanges(written.size() - seen.size())));
    }
    assertThat(seen).isEqualTo(written);
  }

  private void progressComes(String key) {
    try (EventStream watch = follow("key=" + key)) {
      long start = System.nanoTime();
      assertThat(watch.next().type()).isEqualTo("progress");
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
    }
  }

  /** A refusal, or a stream of what the request itself names. */
  private void readsNothingElse(String key, List<String> positions) throws Exception {
    for (String position : positions) {
      RawRequest request = service.get("/v1/watch?key=" + key + "&from=" + parameter(position));
      try (RawConnection connection = request.open()) {
        Answer head = connection.readHead(request.line());
        assertThat(head.status()).as("%s", head).isIn(200, 400, 410);
        String type = head.status() == 200 ? "text/event-stream" : "application/problem+json";
        assertThat(head.header("Content-Type")).as("%s", head).startsWith(type);
        if (head.status() == 400) {
          refuse(REQUEST_INVALID, "from", request);
        }
      }
    }
  }
}
