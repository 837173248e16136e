package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.support.WriteLoad;
import org.kvstore.it.support.WriteLoad.History;
import org.kvstore.it.support.WriteLoad.Write;

/**
 * SIGTERM while many clients write: what the server accepted it has answered before it ended. So
 * nothing is there that nobody was told of, and a client without an answer may simply send again.
 */
class DrainIT {
  private static final int CLIENTS = 32;
  private static final int LEAST_WRITES = 2_000;

  @Test
  void stop_whileClientsWrite_everyAcceptedWriteIsAnswered() throws Exception {
    Path data = ServerProcess.directory("drain");
    List<History> histories;
    try (ServerProcess server = ServerProcess.ready(data);
        WriteLoad load =
            new WriteLoad(server.service(), "drain/", CLIENTS, Seed.random("DrainIT").nextLong())) {
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> load.acknowledged() >= LEAST_WRITES);
      server.stop();
      histories = load.histories();
    }
    try (ServerProcess server = ServerProcess.ready(data)) {
      histories.forEach(history -> check(server.service(), history));
    }
  }

  private static void check(Service service, History history) {
    history
        .newest()
        .forEach(
            (key, write) -> {
              Answer read = service.get(target(key)).send().expect(200);
              assertThat(read.text()).isEqualTo(write.value());
              assertThat(read.header("KV-Version")).isEqualTo("" + history.count(key));
            });
    Write open = history.unanswered();
    if (!open.key().isEmpty() && !history.newest().containsKey(open.key())) {
      service.get(target(open.key())).send().expect(404);
    }
  }
}
