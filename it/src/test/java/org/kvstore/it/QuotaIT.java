package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A quota that is reached: puts are refused, the rest goes on, and puts resume by themselves. */
class QuotaIT {
  private static final long QUOTA = 16 << 20;
  private static final int VALUE = 500_000;

  private final Random random = new Random(1);

  @Test
  void quotaReached_refusesPutsOnly_untilWhatWasDeletedIsCompacted() {
    Map<String, String> variables = Map.of("KV_QUOTA_BYTES", "16MiB", "KV_CACHE_SIZE", "16MiB");
    try (ServerProcess server = ServerProcess.ready(ServerProcess.directory("quota"), variables)) {
      Service service = server.service();
      service.put(target("small")).body("v").send().expect(201);
      fill(service);

      // The data is rewritten once then, and there may be room for one more.
      soon(() -> assertRefusedAndShown(service));
      assertThat(service.get(target("small")).send().expect(200).text()).isEqualTo("v");
      service.delete(target("small")).send().expect(204);

      service.delete("/v1/kv?prefix=data/").send().expect(200);
      service.post("/v1/admin/compact").send().expect(200);
      soon(() -> assertThat(storage(service).getBoolean("full")).isFalse());
      put(service, "data/again").expect(201);
      assertThat(service.metric("kvstore_storage_full")).isZero();
      assertThat(service.metric("kvstore_used_bytes")).isLessThan(QUOTA);
    }
  }

  private void fill(Service service) {
    for (int i = 0; put(service, "data/" + i).status() == 201; i++) {
      assertThat(i).as("puts within the quota").isLessThan((int) (QUOTA / VALUE));
    }
  }

  private Answer put(Service service, String key) {
    byte[] value = new byte[VALUE];
    random.nextBytes(value);
    Answer answer = service.put(target(key)).body(value).send();
    assertThat(answer.status()).isIn(201, 204, 507);
    return answer;
  }

  private void assertRefusedAndShown(Service service) {
    Answer refusal = put(service, "data/more").expect(ErrorCode.STORAGE_FULL);
    assertThat(refusal.json().getString("detail")).contains("kv.quota.bytes");
    JsonObject storage = storage(service);
    assertThat(storage.getBoolean("full")).isTrue();
    assertThat(storage.getJsonNumber("quotaBytes").longValue()).isEqualTo(QUOTA);
    assertThat(storage.getJsonNumber("usedBytes").longValue()).isGreaterThan(QUOTA / 2);
    assertThat(service.metric("kvstore_storage_full")).isEqualTo(1);
    assertThat(service.metric("kvstore_quota_bytes")).isEqualTo(QUOTA);
    JsonObject ready = service.get("/health/ready").send().expect(200).json();
    JsonObject detail = ready.getJsonArray("checks").getJsonObject(0).getJsonObject("data");
    assertThat(detail.getBoolean("quotaReached")).isTrue();
    assertThat(detail.getJsonNumber("quotaBytes").longValue()).isEqualTo(QUOTA);
  }

  private static JsonObject storage(Service service) {
    return service.get("/v1/status").send().expect(200).json().getJsonObject("storage");
  }

  private static void soon(ThrowingRunnable assertion) {
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(200))
        .untilAsserted(assertion);
  }
}
