package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** The packaged server, stopped in order and started again; and two of them on one directory. */
class RestartIT {
  private static final String KEY = target("kept/key \u00E9");

  @Test
  void everything_isThereAfterARestart() {
    Path data = ServerProcess.directory("restart");
    Answer put;
    Answer named;
    long deleted;
    String expiry;
    String listed;
    try (ServerProcess server = ServerProcess.ready(data)) {
      Service service = server.service();
      put = service.put(KEY).header("Content-Type", "text/plain").body("kept").send().expect(201);
      IntStream.range(0, 300)
          .forEach(i -> service.put(target("many/" + i)).body("v" + i).send().expect(201));
      service.put(target("gone")).body("x").send().expect(201);
      service.delete(target("gone")).send().expect(204);
      named = namedPut(service).expect(201);
      expiry = service.put(target("ttl") + "?ttl=1h").body("").send().header("KV-Expires-At");
      service.put(target("short") + "?ttl=2s").body("").send().expect(201);
      deleted = service.put(target("last")).body("").send().revision();
      listed = service.get("/v1/kv?prefix=many/&limit=1000").send().expect(200).text();
      server.stop();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      Service service = server.service();
      Answer read = service.get(KEY).send().expect(200);
      assertThat(read.text()).isEqualTo("kept");
      assertThat(read.etag()).isEqualTo(put.etag());
      assertThat(read.header("Content-Type")).isEqualTo("text/plain");
      assertThat(service.get("/v1/kv?prefix=many/&limit=1000").send().json().get("entries"))
          .isEqualTo(Answer.json(listed).get("entries"));
      service.get(target("gone")).send().expect(ErrorCode.NOT_FOUND);
      assertThat(service.get(target("ttl")).send().header("KV-Expires-At")).isEqualTo(expiry);
      org.awaitility.Awaitility.await()
          .until(() -> service.get(target("short")).send().status() == 404);
      assertThat(namedPut(service).expect(201).etag()).isEqualTo(named.etag());
      assertThat(service.put(KEY).body("new").send().expect(204).revision()).isGreaterThan(deleted);
    }
  }

  @Test
  void secondProcess_onTheSameDirectory_isNotReadyAndDoesNoHarm() {
    Path data = ServerProcess.directory("shared");
    try (ServerProcess first = ServerProcess.ready(data)) {
      first.service().put(KEY).body("mine").send().expect(201);
      try (ServerProcess second = ServerProcess.answering(data)) {
        String health = second.service().get("/health/ready").send().expect(503).text();
        assertThat(health).contains("DOWN", data.resolve("LOCK").toString(), "another process");
        assertThat(second.log()).contains(data.resolve("LOCK").toString(), "KV_DATA_DIR");
        for (RawRequest request :
            List.of(
                second.service().get(KEY),
                second.service().put(KEY).body("theirs"),
                second.service().get("/v1/kv"),
                second.service().get("/v1/status"))) {
          Answer refused = request.send().expect(ErrorCode.UNAVAILABLE);
          assertThat(refused.header("Retry-After")).isNotBlank();
        }
        second.service().get("/health/live").send().expect(200);
      }
      assertThat(first.service().get(KEY).send().expect(200).text()).isEqualTo("mine");
      first.service().put(KEY).body("still mine").send().expect(204);
    }
  }

  private static Answer namedPut(Service service) {
    return service.put(target("named")).header("Idempotency-Key", "n-1").body("once").send();
  }
}
