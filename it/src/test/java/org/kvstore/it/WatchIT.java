package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;

/** Watches over real sockets: in order, nothing lost, nothing twice, wherever a client resumes. */
class WatchIT extends Deployed {
  private final String prefix = prefix();
  private final String range = "/v1/watch?prefix=" + parameter(prefix);

  @Test
  void changesOfARange_comeInOrderWithTheirPositions() {
    try (EventStream watch = EventStream.open(service.get(range))) {
      assertThat(watch.next().type()).isEqualTo("progress");
      put("a", "1");
      service.put(target("elsewhere/" + prefix + "x")).body("x").send().expect(201);
      put("b", "2");
      service.delete(target(prefix + "a")).send().expect(204);
      List<ServerEvent> events = watch.nextChanges(3);
      assertThat(events).extracting(ServerEvent::type).containsExactly("put", "put", "delete");
      assertThat(events)
          .extracting(ServerEvent::key)
          .containsExactly(prefix + "a", prefix + "b", prefix + "a");
      assertThat(events).extracting(ServerEvent::id).doesNotContainNull().doesNotHaveDuplicates();
      assertThat(events.get(1).value()).isEqualTo("2");
      JsonObject last = events.get(2).json();
      assertThat(last.getString("reason")).isEqualTo("client");
      assertThat(last.containsKey("prev")).isFalse();
    }
  }

  @Test
  void listThenWatchFromItsPosition_noGapAndNoOverlap() {
    put("a", "1");
    JsonObject listing =
        service.get("/v1/kv?prefix=" + parameter(prefix)).send().expect(200).json();
    assertThat(listing.getJsonArray("entries")).hasSize(1);
    put("a", "2");
    String from = range + "&from=" + listing.getString("position");
    try (EventStream watch = EventStream.open(service.get(from))) {
      put("a", "3");
      assertThat(watch.nextChanges(2)).extracting(ServerEvent::value).containsExactly("2", "3");
    }
  }

  @Test
  void lastEventId_resumesAfterIt() {
    String id;
    try (EventStream watch = EventStream.open(service.get(range))) {
      watch.next();
      put("a", "1");
      put("a", "2");
      id = watch.nextChange().id();
    }
    put("a", "3");
    try (EventStream watch =
        EventStream.open(service.get(range).header("Last-Event-ID", String.valueOf(id)))) {
      assertThat(watch.nextChanges(2)).extracting(ServerEvent::value).containsExactly("2", "3");
    }
  }

  @Test
  void transaction_isNotSplit_andOnlyItsLastEventHasAnId() {
    try (EventStream watch = EventStream.open(service.get(range))) {
      watch.next();
      String ops =
          String.join(
              ",",
              IntStream.range(0, 3)
                  .mapToObj(
                      i -> "{\"op\":\"put\",\"key\":\"%s%d\",\"value\":\"v\"}".formatted(prefix, i))
                  .toList());
      service
          .post("/v1/txn")
          .header("Content-Type", "application/json")
          .body("{\"then\":[" + ops + "]}")
          .send()
          .expect(200);
      List<ServerEvent> events = watch.nextChanges(3);
      assertThat(events).extracting(ServerEvent::revision).containsOnly(events.get(0).revision());
      assertThat(events.get(0).id()).isNull();
      assertThat(events.get(1).id()).isNull();
      assertThat(events.get(2).id()).isNotNull();
    }
  }

  @Test
  void prevAndFilter_areApplied() {
    put("a", "1");
    try (EventStream deletes = EventStream.open(service.get(range + "&filter=delete&prev=true"));
        EventStream puts = EventStream.open(service.get(range + "&filter=put&prev=true"))) {
      deletes.next();
      puts.next();
      put("a", "2");
      service.delete(target(prefix + "a")).send().expect(204);
      JsonObject deleted = deletes.nextChange().json();
      assertThat(deleted.getString("type")).isEqualTo("delete");
      assertThat(deleted.getJsonObject("prev").getString("value")).isEqualTo("2");
      assertThat(puts.nextChange().json().getJsonObject("prev").getString("value")).isEqualTo("1");
    }
  }

  @Test
  void expiry_saysSo() {
    try (EventStream watch = EventStream.open(service.get(range))) {
      watch.next();
      service.put(target(prefix + "a") + "?ttl=300ms").body("x").send().expect(201);
      assertThat(watch.nextChange().type()).isEqualTo("put");
      assertThat(watch.nextChange().json().getString("reason")).isEqualTo("expired");
    }
  }

  @Test
  void idle_progressComes() {
    try (EventStream watch = EventStream.open(service.get(range))) {
      ServerEvent first = watch.next();
      service.put(target("elsewhere/" + prefix + "x")).body("x").send().expect(201);
      ServerEvent later = watch.next();
      while (String.valueOf(first.id()).equals(later.id())) {
        later = watch.next();
      }
      assertThat(later.type()).isEqualTo("progress");
    }
  }

  @Test
  void clientCutOffAHundredTimes_missesNothingAndSeesNothingTwice() {
    String position = position();
    List<String> expected = new ArrayList<>();
    List<String> seen = new ArrayList<>();
    for (int cut = 0; cut < 100; cut++) {
      for (int i = 0; i < 3; i++) {
        String value = cut + "." + i;
        put("key" + i, value);
        expected.add(value);
      }
      try (EventStream watch = EventStream.open(service.get(range + "&from=" + position))) {
        for (ServerEvent event : watch.nextChanges(1 + cut % 3)) {
          seen.add(event.value());
          position = String.valueOf(event.id());
        }
      }
    }
    try (EventStream watch = EventStream.open(service.get(range + "&from=" + position))) {
      watch.nextChanges(expected.size() - seen.size()).forEach(event -> seen.add(event.value()));
    }
    assertThat(seen).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "from=nonsense, from",
    "from=AAAAAAAAAAAAAAAAAA, from",
    "key=a&prefix=b, key",
    "prefix=a&start=b, prefix",
    "filter=none, filter",
    "prev=maybe, prev",
    "what=1, what",
  })
  void oddQuery_isRefusedWithTheParameter(String query, String field) {
    JsonObject problem =
        service.get("/v1/watch?" + query).send().expect(ErrorCode.REQUEST_INVALID).json();
    assertThat(problem.getString("field")).isEqualTo(field);
  }

  /** Neither is a token, of this store, or of the past. */
  @ParameterizedTest
  @ValueSource(strings = {"nonsense", "AQAAAAAAAAAAAAAAAA", "future"})
  void oddPosition_isRefusedWithWhereItCameFrom(String odd) {
    String position = odd.equals("future") ? future() : odd;
    JsonObject ofHeader =
        service
            .get(range + "&from=" + position())
            .header("Last-Event-ID", position)
            .send()
            .expect(ErrorCode.REQUEST_INVALID)
            .json();
    assertThat(ofHeader.getString("field")).isEqualTo("Last-Event-ID");
    JsonObject ofParameter =
        service
            .get(range + "&from=" + position)
            .header("Last-Event-ID", "")
            .send()
            .expect(ErrorCode.REQUEST_INVALID)
            .json();
    assertThat(ofParameter.getString("field")).isEqualTo("from");
  }

  private String position() {
    return service.get("/v1/kv?countOnly=true").send().json().getString("position");
  }

  /** A position that this store will give out in a long time. */
  private String future() {
    byte[] token = Base64.getUrlDecoder().decode(position());
    token[token.length - 5]++;
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  @Test
  void otherMethod_isRefused() {
    service.post("/v1/watch").send().expect(ErrorCode.METHOD_NOT_ALLOWED);
  }

  private void put(String name, String value) {
    service.put(target(prefix + name)).body(value).send();
  }
}
