package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Application;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;

/** The application is replaced in a running server: the store is closed and opened, in order. */
class RedeployIT extends Deployed {
  private static final int TIMES = 3;

  private final String key = target(prefix() + "key");

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void data_areIntactAfterRedeployments() throws Exception {
    Answer put = service.put(key).body("kept").send().expect(201);
    for (int i = 0; i < TIMES; i++) {
      RawRequest held = service.get(key + "-missing").header("Prefer", "wait=600");
      try (RawConnection connection = held.open()) {
        await()
            .atMost(Duration.ofSeconds(30))
            .until(() -> service.metric("kvstore_held_requests") == 1);
        Application.undeploy();
        Application.deploy();
      }
      Answer read = service.get(key).send().expect(200);
      assertThat(read.text()).isEqualTo("kept");
      assertThat(read.etag()).isEqualTo(put.etag());
      service.put(key + "-" + i).body("new").send().expect(201);
      service.get("/health/ready").send().expect(200);
    }
  }
}
