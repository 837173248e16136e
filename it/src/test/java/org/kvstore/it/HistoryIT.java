package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** History: the versions of a key, how far back they go, and what is answered beyond. */
class HistoryIT extends Deployed {
  private final String key = prefix() + "k\u00FC";

  @Test
  void versions_newestFirst_pageByPage() {
    for (int i = 1; i <= 5; i++) {
      service.put(target(key)).body("v" + i).send();
    }
    service.delete(target(key)).send().expect(204);
    List<String> seen = new ArrayList<>();
    String cursor = "";
    do {
      JsonObject page = service.get(history(key) + "?limit=2" + cursor).send().expect(200).json();
      page.getJsonArray("versions").getValuesAs(JsonObject.class).stream()
          .map(
              version ->
                  version.getString("type").equals("delete")
                      ? "deleted"
                      : version.getJsonObject("entry").getString("value"))
          .forEach(seen::add);
      cursor = page.containsKey("cursor") ? "&cursor=" + parameter(page.getString("cursor")) : "";
    } while (!cursor.isEmpty());
    assertThat(seen).containsExactly("deleted", "v5", "v4", "v3", "v2", "v1");
  }

  @Test
  void unknownKey_hasNoVersions() {
    assertThat(service.get(history(key)).send().expect(200).json().getJsonArray("versions"))
        .isEmpty();
  }

  @Test
  void oddRequests_areRefused() {
    service.get(history(key) + "?limit=0").send().expect(ErrorCode.REQUEST_INVALID);
    service.get(history(key) + "?limit=1001").send().expect(ErrorCode.REQUEST_INVALID);
    service.get(history(key) + "?cursor=x").send().expect(ErrorCode.REQUEST_INVALID);
    service.get("/v1/history/a/").send().expect(ErrorCode.KEY_INVALID);
    service.post(history(key)).send().expect(ErrorCode.METHOD_NOT_ALLOWED);
  }

  @Test
  void compaction_giveUpWhatIsBefore_andSaysSo() {
    try (ServerProcess server = ServerProcess.ready(ServerProcess.directory("compact"))) {
      Service own = server.service();
      String before = own.get("/v1/kv?countOnly=true").send().json().getString("position");
      own.put(target("a")).body("1").send().expect(201);
      long second = own.put(target("a")).body("2").send().expect(204).revision();
      own.put(target("a")).body("3").send().expect(204);
      JsonObject compacted =
          own.post("/v1/admin/compact?revision=" + second).send().expect(200).json();
      assertThat(compacted.getInt("compactedRevision")).isEqualTo((int) second);
      assertThat(own.get(target("a") + "?revision=" + second).send().text()).isEqualTo("2");
      own.get(target("a") + "?revision=" + (second - 1)).send().expect(ErrorCode.COMPACTED);
      own.get("/v1/kv?revision=" + (second - 1)).send().expect(ErrorCode.COMPACTED);
      own.get("/v1/watch?from=" + before).send().expect(ErrorCode.COMPACTED);
      await()
          .until(() -> own.get("/v1/history/a").send().json().getJsonArray("versions").size() == 2);
      own.post("/v1/admin/compact?revision=999").send().expect(ErrorCode.REQUEST_INVALID);
      own.post("/v1/admin/compact").send().expect(200);
    }
  }

  @Test
  void retentionByCount_compactsByItself() {
    Map<String, String> few = Map.of("KV_HISTORY_MAX_REVISIONS", "10");
    try (ServerProcess server = ServerProcess.ready(ServerProcess.directory("retention"), few)) {
      Service own = server.service();
      try (EventStream watch = EventStream.open(own.get("/v1/watch?key=a"))) {
        for (int i = 0; i < 100; i++) {
          own.put(target("a")).body("v" + i).send();
        }
        assertThat(watch.nextChanges(100)).hasSize(100);
      }
      await()
          .until(
              () -> own.get("/v1/history/a").send().json().getJsonArray("versions").size() <= 11);
      own.get(target("a") + "?revision=5").send().expect(ErrorCode.COMPACTED);
    }
  }

  private static String history(String key) {
    return target(key).replace("/v1/kv/", "/v1/history/");
  }
}
