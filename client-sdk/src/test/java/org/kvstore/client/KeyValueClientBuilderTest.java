package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the builder takes and what it refuses. */
class KeyValueClientBuilderTest {
  private static final URI SERVER = URI.create("http://127.0.0.1:8080");

  @ParameterizedTest
  @ValueSource(
      strings = {"ftp://x", "x", "http://127.0.0.1:8080,x", "http://127.0.0.1:8080,", ",http://x"})
  void connect_whatIsNoServer_isRefused(String servers) {
    assertThatThrownBy(() -> KeyValueClient.connect(servers))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void totalTimeout_isBounded_asKeysAreForgotten() {
    KeyValueClientBuilder builder = KeyValueClient.builder(SERVER);
    Duration most = KeyValueClientBuilder.MAX_TOTAL_TIMEOUT;
    assertThat(builder.totalTimeout(most)).isSameAs(builder);
    assertThatThrownBy(() -> builder.totalTimeout(most.plusMillis(1)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> builder.totalTimeout(Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void nodeRefresh_isASecondAtLeast() {
    KeyValueClientBuilder builder = KeyValueClient.builder(SERVER);
    assertThatThrownBy(() -> builder.nodeRefresh(Duration.ofMillis(999)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void sameAddressTwice_isOneAddress() {
    try (FakeCluster cluster = new FakeCluster(1)) {
      FakeNode only = cluster.node(0);
      try (KeyValueClient kv = KeyValueClient.connect(only.uri() + "," + only.uri() + "/")) {
        kv.put("a", "x");
      }
      assertThat(only.requests()).singleElement().extracting(FakeNode.Request::name).isNull();
    }
  }
}
