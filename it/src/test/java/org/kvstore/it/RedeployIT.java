package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.time.Duration;
import java.util.Objects;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.junit5.ArquillianExtension;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/** The application is replaced in a running server: the store is closed and opened, in order. */
@ExtendWith(ArquillianExtension.class)
class RedeployIT {
  private static final String APPLICATION = "redeployed";
  private static final int TIMES = 3;

  private final Service service = new Service(Integer.getInteger("it.http.port"));
  private final String key = target("RedeployIT/" + System.nanoTime());

  @ArquillianResource private @Nullable Deployer injected;

  @Deployment(name = APPLICATION, managed = false, testable = false)
  static WebArchive kvstore() {
    return Deployed.kvstore();
  }

  @EnabledIfSystemProperty(named = "long", matches = "true")
  @Test
  void data_areIntactAfterRedeployments() throws Exception {
    Deployer deployer = Objects.requireNonNull(injected);
    deployer.deploy(APPLICATION);
    try {
      Answer put = service.put(key).body("kept").send().expect(201);
      for (int i = 0; i < TIMES; i++) {
        RawRequest held = service.get(key + "-missing").header("Prefer", "wait=600");
        try (RawConnection connection = held.open()) {
          await()
              .atMost(Duration.ofSeconds(30))
              .until(() -> service.metric("kvstore_held_requests") == 1);
          deployer.undeploy(APPLICATION);
          deployer.deploy(APPLICATION);
        }
        Answer read = service.get(key).send().expect(200);
        assertThat(read.text()).isEqualTo("kept");
        assertThat(read.etag()).isEqualTo(put.etag());
        service.put(key + "-" + i).body("new").send().expect(201);
        service.get("/health/ready").send().expect(200);
      }
    } finally {
      deployer.undeploy(APPLICATION);
    }
  }
}
