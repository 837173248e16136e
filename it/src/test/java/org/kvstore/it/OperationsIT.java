package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;

/** What operators look at: status, health, metrics, the contract. */
class OperationsIT extends Deployed {
  @Test
  void status_describesTheService() {
    long revision = service.put(target(prefix() + "a")).body("").send().revision();
    JsonObject status = service.get("/v1/status").send().expect(200).json();
    assertThat(status.getString("mode")).isEqualTo("standalone");
    assertThat(status.getString("version")).matches("\\d+\\.\\d+\\.\\d+.*");
    assertThat(status.getString("storeId")).matches("[0-9a-f-]{36}");
    JsonObject shard = status.getJsonArray("shards").getJsonObject(0);
    assertThat(shard.getInt("revision")).isEqualTo((int) revision);
    assertThat(shard.getInt("diskBytes")).isPositive();
    assertThat(status.getInt("uptimeSeconds")).isNotNegative();
  }

  @ParameterizedTest
  @ValueSource(strings = {"started", "live", "ready"})
  void health_isUp(String kind) {
    JsonObject health = service.get("/health/" + kind).send().expect(200).json();
    assertThat(health.getString("status")).isEqualTo("UP");
    assertThat(health.getJsonArray("checks").toString()).contains("kvstore-" + kind);
  }

  @Test
  void metrics_haveTheNamesThatDashboardsUse() {
    Set<String> names =
        service
            .get("/metrics")
            .send()
            .expect(200)
            .text()
            .lines()
            .filter(line -> line.startsWith("kvstore_"))
            .map(line -> line.replaceFirst("[{ ].*", ""))
            .collect(Collectors.toSet());
    assertThat(names)
        .contains(
            "kvstore_writes_acknowledged_total",
            "kvstore_commits_total",
            "kvstore_wal_syncs_total",
            "kvstore_wal_written_bytes_total",
            "kvstore_write_queue_depth",
            "kvstore_held_requests",
            "kvstore_disk_free_bytes",
            "kvstore_revision",
            "kvstore_keys",
            "kvstore_table_bytes",
            "kvstore_cache_hits_total",
            "kvstore_cache_misses_total",
            "kvstore_cache_bytes",
            "kvstore_memtable_bytes",
            "kvstore_pinned_views");
  }

  @Test
  void metrics_countWrites() {
    double before = service.metric("kvstore_writes_acknowledged_total");
    double syncs = service.metric("kvstore_wal_syncs_total");
    String key = target(prefix() + "counted");
    for (int i = 0; i < 5; i++) {
      service.put(key).body("x").send();
    }
    assertThat(service.metric("kvstore_writes_acknowledged_total")).isEqualTo(before + 5);
    assertThat(service.metric("kvstore_wal_syncs_total")).isGreaterThan(syncs);
  }

  @Test
  void openApi_describesTheContract() {
    Answer document =
        service.get("/openapi").header("Accept", "application/json").send().expect(200);
    JsonObject paths = document.json().getJsonObject("paths");
    assertThat(paths.keySet())
        .contains("/v1/kv", "/v1/kv/{key}", "/v1/status", "/put", "/get", "/delete")
        .doesNotContain("/v1/held/key", "/v1/kv/key");
    assertThat(document.text()).contains("application/problem+json", "Idempotency-Key");
    assertThat(service.get("/openapi/ui/").send().status()).isEqualTo(200);
  }

  @Test
  void options_namesTheMethods() {
    Answer entry = service.request("OPTIONS", target("any")).send();
    assertThat(entry.status()).isEqualTo(200);
    assertThat(entry.header("Allow")).contains("GET", "PUT", "DELETE", "HEAD");
  }
}
