package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ServerAddressTest {
  @Test
  void of_emptyEnvironment_isLoopback() {
    assertThat(ServerAddress.of(Map.of()))
        .hasToString("http://127.0.0.1:8080 and https://127.0.0.1:8443");
  }

  @Test
  void of_portThatIsNoNumber_namesTheVariable() {
    assertThatThrownBy(() -> ServerAddress.of(Map.of("KV_HTTP_PORT", "x")))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("KV_HTTP_PORT");
  }

  @Test
  void own_everyInterface_isReachedOnLoopback() {
    assertThat(new ServerAddress("0.0.0.0", 80, -1).own())
        .containsExactly(URI.create("http://127.0.0.1:80"));
  }

  @Test
  void own_closedHttp_isHttps() {
    assertThat(new ServerAddress("::1", -1, 443).own())
        .containsExactly(URI.create("https://[::1]:443"));
  }

  @Test
  void checkFree_portInUse_namesThePortAndTheVariable() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerAddress address = new ServerAddress("127.0.0.1", -1, other.getLocalPort());

      assertThatThrownBy(address::checkFree)
          .isInstanceOf(StartupException.class)
          .hasMessageContaining(Integer.toString(other.getLocalPort()))
          .hasMessageContaining("KV_HTTPS_PORT");
    }
  }
}
