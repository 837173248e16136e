package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.kvstore.it.support.Service;

/** What each node holds by itself. */
final class Replicas {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private Replicas() {}

  /** Waits until each member holds exactly some entries. */
  static void requireEqual(Cluster cluster, Map<String, JsonObject> entries) {
    for (Node node : cluster.members()) {
      await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(200))
          .untilAsserted(
              () ->
                  assertThat(listing(node.service(), "&consistency=local"))
                      .as("what %s holds", node.id())
                      .isEqualTo(entries));
    }
  }

  /** All entries by their keys, page by page. */
  static Map<String, JsonObject> listing(Service service, String more) {
    Map<String, JsonObject> entries = new TreeMap<>();
    String cursor = "";
    do {
      String target = "/v1/kv?limit=1000" + more + (cursor.isEmpty() ? "" : "&cursor=" + cursor);
      JsonObject page = service.get(target).send().expect(200).json();
      for (JsonObject entry : page.getJsonArray("entries").getValuesAs(JsonObject.class)) {
        entries.put(entry.getString("key"), entry);
      }
      cursor = page.getString("cursor", "");
    } while (!cursor.isEmpty());
    return entries;
  }
}
