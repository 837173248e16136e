package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Scrape;

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
  void metrics_areOfTheTypesThatTheirNamesSay() {
    Scrape scrape = Scrape.of(service);
    assertThat(scrape.types())
        .hasSizeGreaterThan(40)
        .allSatisfy(
            (name, type) ->
                assertThat(type.equals("counter")).as(name).isEqualTo(name.endsWith("_total")));
    assertThat(scrape.samples())
        .allSatisfy(
            sample ->
                assertThat(scrape.types())
                    .containsKey(
                        scrape.types().containsKey(sample.name())
                            ? sample.name()
                            : sample.name().replaceFirst("_(bucket|sum|count)$", "")));
  }

  @Test
  void histograms_addUp() {
    service.put(target(prefix() + "a")).body("").send();
    Scrape scrape = Scrape.of(service);
    assertThat(scrape.samples())
        .filteredOn(sample -> sample.name().endsWith("_count") && !sample.name().startsWith("jvm"))
        .hasSizeGreaterThan(3)
        .allSatisfy(
            count -> {
              String name = count.name().replaceFirst("_count$", "_bucket");
              List<Double> buckets = scrape.values(name, count.labels());
              assertThat(buckets).isSorted().endsWith(count.value());
            });
  }

  @Test
  void requests_areCountedByOperationAndStatus() {
    String key = target(prefix() + "a");
    Map<String, RawRequest> requests =
        Map.of(
            "operation=\"put\",status=\"2xx\"", service.put(key).body(""),
            "operation=\"get\",status=\"4xx\"", service.get(key + "/none"),
            "operation=\"wait\",status=\"4xx\"",
                service.get(key + "/none").header("Prefer", "wait=1"),
            "operation=\"delete_range\",status=\"2xx\"",
                service.delete("/v1/kv?prefix=" + prefix()),
            "operation=\"list\",status=\"2xx\"", service.get("/v1/kv?limit=1"),
            "operation=\"export\",status=\"2xx\"",
                service.get("/v1/kv?prefix=none").header("Accept", "application/x-ndjson"),
            "operation=\"history\",status=\"4xx\"", service.get("/v1/history/a/"));
    String count = "kvstore_request_duration_seconds_count";
    requests.forEach(
        (labels, request) -> {
          double before = Scrape.of(service).value(count, labels);
          request.send();
          await()
              .untilAsserted(
                  () ->
                      assertThat(Scrape.of(service).value(count, labels))
                          .as(labels)
                          .isEqualTo(before + 1));
        });
  }

  @Test
  void watch_isCountedWhenItOpens() throws IOException {
    String labels = "operation=\"watch\",status=\"2xx\"";
    double before = Scrape.of(service).value("kvstore_request_duration_seconds_count", labels);
    try (RawConnection watch = service.get("/v1/watch?prefix=" + prefix()).open()) {
      watch.readHead("watch");
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          Scrape.of(service)
                              .value("kvstore_request_duration_seconds_count", labels))
                      .isEqualTo(before + 1));
      assertThat(service.metric("kvstore_watches")).isPositive();
    }
  }

  @Test
  void dashboard_showsMetricsThatThereAre() throws IOException {
    service.put(target(prefix() + "a")).body("").send();
    String dashboard = Files.readString(liberty("grafana/kvstore.json"));
    assertThat(Answer.json(dashboard).getJsonArray("panels")).hasSizeGreaterThan(20);
    assertThat(ofAServer(metricsIn(dashboard))).hasSizeGreaterThan(20).isSubsetOf(exported());
  }

  @Test
  void alerts_areAboutMetricsThatThereAre() throws IOException {
    service.put(target(prefix() + "a")).body("").send();
    String alerts = Files.readString(liberty("prometheus/alerts.yml"));
    assertThat(ofAServer(metricsIn(alerts))).hasSizeGreaterThan(10).isSubsetOf(exported());
  }

  @Test
  void dashboard_showsWhatAlertsAreAbout() throws IOException {
    Set<String> shown = metricsIn(Files.readString(liberty("grafana/kvstore.json")));
    assertThat(shown)
        .containsAll(metricsIn(Files.readString(liberty("prometheus/alerts.yml"))))
        .contains("kvstore_requests_refused_total", "kvstore_request_queue_seconds");
  }

  @Test
  void alerts_areEachExplainedByTheRunbook() throws IOException {
    String alerts = Files.readString(liberty("prometheus/alerts.yml"));
    List<String> names = found("- alert: (\\w+)", alerts);
    List<String> sections =
        found("(?m)^## (Kvstore\\w+)$", Files.readString(liberty("../src/docs/runbook.md")));
    assertThat(names).hasSizeGreaterThan(10).doesNotHaveDuplicates().isEqualTo(sections);
    assertThat(found("runbook_url: \"src/docs/runbook.md#(\\w+)\"", alerts))
        .isEqualTo(names.stream().map(name -> name.toLowerCase(Locale.ROOT)).toList());
  }

  /** Families that the service alone makes, by the names that a query uses. */
  private static Set<String> metricsIn(String text) {
    return Set.copyOf(found("\\b((?:kvstore|jvm|process)_[a-z0-9_]+)", text));
  }

  /** Those of a cluster only its nodes have, see ClusterIT. */
  private static Set<String> ofAServer(Set<String> metrics) {
    return metrics.stream()
        .filter(name -> !name.startsWith("kvstore_cluster_"))
        .collect(Collectors.toSet());
  }

  private Set<String> exported() {
    return Scrape.of(service).samples().stream()
        .map(Scrape.Sample::name)
        .collect(Collectors.toSet());
  }

  private static List<String> found(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(match -> match.group(1)).toList();
  }

  private static Path liberty(String file) {
    return Path.of(System.getProperty("it.readme")).resolveSibling("liberty").resolve(file);
  }

  @Test
  void metrics_countWrites() {
    double before = service.metric("kvstore_writes_acknowledged_total");
    double syncs = service.metric("kvstore_wal_syncs_total");
    String key = target(prefix() + "counted");
    for (int i = 0; i < 5; i++) {
      service.put(key).body("x").send();
    }
    assertThat(service.metric("kvstore_writes_acknowledged_total"))
        .isGreaterThanOrEqualTo(before + 5);
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
    JsonObject components = document.json().getJsonObject("components");
    JsonObject schemes = components.getJsonObject("securitySchemes");
    assertThat(schemes.getJsonObject("bearer").getString("scheme")).isEqualTo("bearer");
    assertThat(schemes.getJsonObject("clientCertificate").getString("type")).isEqualTo("mutualTLS");
    assertThat(
            components
                .getJsonObject("responses")
                .getJsonObject("TooManyRequests")
                .getJsonObject("headers"))
        .containsKeys("Retry-After", "RateLimit", "RateLimit-Policy");
    assertThat(service.get("/openapi/ui/").send().status()).isEqualTo(200);
  }

  @Test
  void options_namesTheMethods() {
    Answer entry = service.request("OPTIONS", target("any")).send();
    assertThat(entry.status()).isEqualTo(200);
    assertThat(entry.header("Allow")).contains("GET", "PUT", "DELETE", "HEAD");
  }
}
