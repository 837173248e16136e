package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.ServerProcess;

/** A line of a batch is on record once, however often it had to be submitted. */
@Timeout(240)
class BatchAuditIT {
  private static final int LINES = 200;

  @TempDir Path folder;

  @Test
  void linesThatWaitForRoom_areOnRecordOnce_asTheyEnded() throws IOException {
    try (ServerProcess server =
        ServerProcess.ready(
            ServerProcess.directory("audit-batch"),
            Map.of(
                "KV_AUDIT_LOG",
                folder.resolve("audit.log").toString(),
                "KV_LIMITS_PENDING_WRITES",
                "1"))) {
      String lines =
          IntStream.range(0, LINES)
              .mapToObj("{\"op\":\"put\",\"key\":\"k%03d\",\"value\":\"v\"}\n"::formatted)
              .collect(Collectors.joining());

      Answer results =
          server
              .service()
              .post("/v1/batch")
              .header("Content-Type", "application/x-ndjson")
              .body(lines)
              .send()
              .expect(200);

      assertThat(results.text().lines().map(line -> Answer.json(line).getInt("status")))
          .hasSize(LINES)
          .containsOnly(201);
    }
    List<JsonObject> records =
        Files.readAllLines(folder.resolve("audit.log.0")).stream().map(Answer::json).toList();
    assertThat(records)
        .extracting(record -> record.getString("target") + ' ' + record.getString("outcome"))
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, LINES).mapToObj("k%03d DONE"::formatted).toList());
  }
}
