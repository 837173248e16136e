package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** A whole range as one stream: one point in time, in constant memory. */
class ExportIT extends Deployed {
  private static final int SMALL = 20_000;
  private static final int LARGE = 300;
  private static final int MEBIBYTE = 1 << 20;

  private final String prefix = prefix();

  @Test
  void export_isALineAKey() {
    service.put(target(prefix + "a")).header("Content-Type", "text/plain").body("h\u00E9\n").send();
    service.put(target(prefix + "b?")).body(new byte[] {(byte) 0xFF}).send().expect(201);
    service.put(target(prefix + "c") + "?ttl=1h").body("").send().expect(201);
    Answer export = export(prefix).send().expect(200);
    assertThat(export.header("Content-Type")).startsWith("application/x-ndjson");
    assertThat(export.text()).endsWith("\n");

    var lines = export.text().lines().map(Answer::json).toList();
    assertThat(lines).hasSize(3).allMatch(line -> line.getString("op").equals("put"));
    assertThat(lines.get(0).getString("value")).isEqualTo("h\u00E9\n");
    assertThat(lines.get(0).getString("contentType")).isEqualTo("text/plain");
    assertThat(Base64.getDecoder().decode(lines.get(1).getString("valueBase64")))
        .isEqualTo(new byte[] {(byte) 0xFF});
    assertThat(lines.get(2).getString("expiresAt")).endsWith("Z");
    assertThat(lines.get(2).getString("value")).isEmpty();
  }

  @Test
  void entryOnALease_isExportedUntilTheLeaseEnds_andImportedWithoutIt() {
    JsonObject lease = grant("1h");
    String at = target(prefix + "a");
    service.put(at + "?lease=" + lease.getString("id")).body("x").send().expect(201);

    String exported = export(prefix).send().expect(200).text();
    JsonObject line = Answer.json(exported);
    assertThat(line.getString("expiresAt")).isEqualTo(lease.getString("expiresAt"));
    assertThat(line.containsKey("lease")).isFalse();

    service.delete("/v1/leases/" + lease.getString("id")).send().expect(204);
    service.get(at).send().expect(ErrorCode.NOT_FOUND);
    assertThat(importing(exported).getInt("status")).isEqualTo(201);
    Answer imported = service.get(at).send().expect(200);
    assertThat(imported.findHeader("KV-Lease")).isEmpty();
    assertThat(imported.header("KV-Expires-At")).isEqualTo(lease.getString("expiresAt"));
  }

  @Test
  void entryOnALease_importedAfterTheLeaseHasEnded_isGoneWithinASecond() {
    JsonObject lease = grant("1s");
    String at = target(prefix + "a");
    service.put(at + "?lease=" + lease.getString("id")).body("x").send().expect(201);
    String exported = export(prefix).send().expect(200).text();
    await().until(() -> service.get(at).send().status() == 404);

    assertThat(importing(exported).getInt("status")).isEqualTo(201);

    await().atMost(Duration.ofSeconds(4)).until(() -> service.get(at).send().status() == 404);
  }

  private JsonObject grant(String ttl) {
    return service
        .post("/v1/leases")
        .header("Content-Type", "application/json")
        .body("{\"ttl\":\"%s\"}".formatted(ttl))
        .send()
        .expect(201)
        .json();
  }

  private JsonObject importing(String line) {
    return service
        .post("/v1/batch")
        .header("Content-Type", "application/x-ndjson")
        .body(line)
        .send()
        .expect(200)
        .json();
  }

  @Test
  void exportOfNothing_isEmpty_andOfBadParametersAProblem() {
    assertThat(export(prefix).send().expect(200).body()).isEmpty();
    service
        .get("/v1/kv?limit=5")
        .header("Accept", "application/x-ndjson")
        .send()
        .expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void export_isOnePointInTime_whileEverythingIsRewritten() throws Exception {
    Bulk.put(service, SMALL, this::small, "before");
    RawRequest request = export(prefix);
    int count = 0;
    try (RawConnection connection = request.open()) {
      connection.readHead(request.line()).expect(200);
      StringBuilder text = new StringBuilder(text(connection.chunk()));
      Bulk.put(service, SMALL / 4, i -> small(SMALL - 1 - i), "after");
      Bulk.put(service, 10, i -> prefix + "999999-" + i, "new");
      service.delete(target(small(SMALL / 2))).send().expect(204);
      for (byte[] chunk = connection.chunk(); chunk.length > 0; chunk = connection.chunk()) {
        text.append(text(chunk));
      }
      List<String> keys =
          text.toString()
              .lines()
              .map(Answer::json)
              .peek(line -> assertThat(line.getString("value")).isEqualTo("before"))
              .map(line -> line.getString("key"))
              .toList();
      count = keys.size();
      assertThat(keys)
          .containsExactlyElementsOf(IntStream.range(0, SMALL).mapToObj(this::small).toList());
    }
    assertThat(count).isEqualTo(SMALL);
  }

  @Test
  void exportLargerThanTheHeap_isStreamed_toASlowReader() throws Exception {
    Bulk.put(service, LARGE, i -> prefix + i, "x".repeat(MEBIBYTE));
    assertThat(service.metric("jvm_memory_max_bytes{area=\"heap\"}"))
        .isLessThan(LARGE * (double) MEBIBYTE);
    RawRequest request = export(prefix);
    long bytes = 0;
    try (RawConnection connection = request.open()) {
      connection.readHead(request.line()).expect(200);
      for (byte[] chunk = connection.chunk(); chunk.length > 0; chunk = connection.chunk()) {
        bytes += chunk.length;
        if (bytes >> 26 != (bytes - chunk.length) >> 26) {
          service.get(target(prefix + "0")).send().expect(200);
        }
      }
    }
    assertThat(bytes).isGreaterThan(LARGE * (long) MEBIBYTE);
    service.delete("/v1/kv?prefix=" + parameter(prefix)).send().expect(200);
  }

  @Test
  void exportThatIsNotReadToTheEnd_givesItsPlaceBack() throws IOException {
    service.put(target(prefix + "a")).body("x".repeat(MEBIBYTE)).send().expect(201);
    for (int i = 0; i < 40; i++) {
      try (RawConnection connection = export(prefix).open()) {
        connection.readHead("GET").expect(200);
      }
    }
    export(prefix).send().expect(200);
    await().atMost(Duration.ofSeconds(60)).until(() -> service.metric("kvstore_pinned_views") == 0);
  }

  private RawRequest export(String of) {
    return service.get("/v1/kv?prefix=" + parameter(of)).header("Accept", "application/x-ndjson");
  }

  private String small(int i) {
    return prefix + "%06d".formatted(i);
  }

  private static String text(byte[] chunk) {
    return new String(chunk, StandardCharsets.US_ASCII);
  }
}
