package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;
import org.kvstore.it.support.WriteLoad;
import org.kvstore.it.support.WriteLoad.History;
import org.kvstore.it.support.WriteLoad.Write;

/**
 * {@code kill -9} while many clients write: every acknowledged write is there, none is applied
 * twice. With {@code -Plong}, as the crash test does the same and more. More rounds: {@code
 * -Dcycles=50}; the same again: {@code -Dseed=...}.
 */
@EnabledIfSystemProperty(named = "long", matches = "true")
class KillIT {
  private static final int CLIENTS = 24;
  private static final int LEAST_WRITES = 2_000;

  private final Set<Long> revisions = new HashSet<>();
  private long highest;

  @Test
  void acknowledgedWrites_surviveKill() throws Exception {
    int cycles = Integer.getInteger("cycles", 3);
    Random random = Seed.random("KillIT");
    System.out.printf("KillIT: cycles=%d%n", cycles);
    Path data = ServerProcess.directory("kill");
    ServerProcess server = ServerProcess.ready(data);
    try {
      for (int cycle = 0; cycle < cycles; cycle++) {
        List<History> histories = writeAndKill(server, cycle, random);
        server = ServerProcess.ready(data);
        check(server.service(), histories);
      }
    } finally {
      server.close();
    }
  }

  private List<History> writeAndKill(ServerProcess server, int cycle, Random random)
      throws Exception {
    String prefix = "cycle-%d/".formatted(cycle);
    int writes = LEAST_WRITES + random.nextInt(LEAST_WRITES);
    try (WriteLoad load = new WriteLoad(server.service(), prefix, CLIENTS, random.nextLong())) {
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> load.acknowledged() >= writes);
      server.kill();
      System.out.printf("KillIT: cycle=%d acknowledged=%d%n", cycle, load.acknowledged());
      return load.histories();
    }
  }

  private void check(Service service, List<History> histories) {
    for (History history : histories) {
      Write open = history.unanswered();
      history
          .newest()
          .forEach(
              (key, write) -> {
                Answer read = service.get(target(key)).send().expect(200);
                boolean isOpen = key.equals(open.key());
                String value = read.text();
                assertThat(value.equals(write.value()) || (isOpen && value.equals(open.value())))
                    .as("%s has %s; acknowledged %s, open %s", key, value, write, open)
                    .isTrue();
                long version = Long.parseLong(read.header("KV-Version"));
                long answered = history.count(key);
                assertThat(version)
                    .as("writes of %s", key)
                    .isEqualTo(value.equals(write.value()) ? answered : answered + 1);
              });
      for (long revision : history.revisions()) {
        assertThat(revisions.add(revision)).as("revision %d is new", revision).isTrue();
        highest = Math.max(highest, revision);
      }
    }
    histories.stream()
        .filter(h -> !h.unanswered().key().isEmpty())
        .forEach(h -> repeat(service, h));
    long next = service.put(target("next")).body("").send().revision();
    assertThat(next).isGreaterThan(highest);
    revisions.add(next);
    highest = next;
  }

  /** A write whose outcome is unknown is repeated under its name: it has been applied once. */
  private void repeat(Service service, History history) {
    Write open = history.unanswered();
    Answer first = open.repeat(service);
    Answer second = open.repeat(service);
    assertThat(first.status()).as("%s", first).isIn(201, 204);
    assertThat(second.etag()).isEqualTo(first.etag());
    Answer read = service.get(target(open.key())).send().expect(200);
    assertThat(read.text()).isEqualTo(open.value());
    assertThat(read.etag()).isEqualTo(first.etag());
    assertThat(read.header("KV-Version")).isEqualTo("" + (history.count(open.key()) + 1));
    revisions.add(first.revision());
    highest = Math.max(highest, first.revision());
  }
}
