package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.KeyValueException;

/** A node that cannot start. */
class EngineStartTest {
  @TempDir Path directory;

  @Test
  void portOfTheNodeIsTaken_nothingIsLeftOpen_andItStartsOnceThePortIsFree() throws IOException {
    int port;
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = other.getLocalPort();

      assertThatThrownBy(() -> open(port))
          .isInstanceOf(KeyValueException.class)
          .hasMessageContaining("cannot listen");
    }

    // The stores are locked as long as they are open, by this process too.
    try (OpenEngine engine = open(port)) {
      assertThat(engine.handle().require().shards().all()).hasSize(3);
    }
  }

  private OpenEngine open(int port) {
    return OpenEngine.in(
        directory,
        Map.of(
            "kv.cluster.node", "n1",
            "kv.cluster.members", "n1=127.0.0.1:" + port,
            "kv.shards", "2"));
  }
}
