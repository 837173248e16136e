package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The nodes of a cluster on one machine are the same at each start. */
class LocalNodesTest {
  @TempDir Path directory;

  @Test
  void nodes_havePortsInARow_andDirectoriesOfTheirOwn() throws IOException {
    assertThat(LocalNodes.of(directory, Optional.empty(), 8080))
        .containsExactly(
            new LocalNode("n1", 8080, 9080, directory.resolve("n1")),
            new LocalNode("n2", 8081, 9081, directory.resolve("n2")),
            new LocalNode("n3", 8082, 9082, directory.resolve("n3")));
  }

  @Test
  void highPorts_haveTheOthersBelowThem() throws IOException {
    assertThat(LocalNodes.of(directory, Optional.of(5), 65_531))
        .extracting(LocalNode::raftPort)
        .containsExactly(64_531, 64_532, 64_533, 64_534, 64_535);
    assertThatThrownBy(() -> LocalNodes.of(directory, Optional.of(5), 65_532))
        .hasMessageContaining("too high");
  }

  @Test
  void laterStart_hasTheSameNodes_wherePortsOfClientsMayDiffer() throws IOException {
    LocalNodes.keep(directory, LocalNodes.of(directory, Optional.of(5), 8080));

    List<LocalNode> later = LocalNodes.of(directory, Optional.empty(), 7000);

    assertThat(later).extracting(LocalNode::port).containsExactly(7000, 7001, 7002, 7003, 7004);
    assertThat(later).extracting(LocalNode::raftPort).containsExactly(9080, 9081, 9082, 9083, 9084);
    assertThatThrownBy(() -> LocalNodes.of(directory, Optional.of(3), 8080))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("has the data of 5 nodes, not of 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 6})
  void numbersThatMakeNoSense_areRefused(int nodes) {
    assertThatThrownBy(() -> LocalNodes.of(directory, Optional.of(nodes), 8080))
        .hasMessageContaining("--nodes is " + nodes);
  }

  @Test
  void damagedList_isNamed() throws IOException {
    Files.writeString(directory.resolve("raft-ports"), "9080\nx\n");

    assertThatThrownBy(() -> LocalNodes.of(directory, Optional.empty(), 8080))
        .hasMessageContaining("raft-ports is not a list of ports");
  }

  @Test
  void node_isToldWhoTheOthersAre_andWhatConcernsOneOnly() throws IOException {
    List<LocalNode> nodes = LocalNodes.of(directory, Optional.of(3), 8080);

    Map<String, String> variables =
        nodes.get(1).variables(nodes, Map.of("KV_AUDIT_LOG", "logs/audit.log"));

    assertThat(variables)
        .containsEntry("KV_CLUSTER_NODE", "n2")
        .containsEntry(
            "KV_CLUSTER_MEMBERS", "n1=127.0.0.1:9080,n2=127.0.0.1:9081,n3=127.0.0.1:9082")
        .containsEntry(
            "KV_CLUSTER_URLS",
            "n1=http://127.0.0.1:8080,n2=http://127.0.0.1:8081,n3=http://127.0.0.1:8082")
        .containsEntry("KV_HTTP_PORT", "8081")
        .containsEntry("KV_HTTPS_PORT", "-1")
        .containsEntry("KV_HOST", "127.0.0.1")
        .containsEntry("KV_CLUSTER_HOST", "127.0.0.1")
        .containsEntry("KV_DATA_DIR", directory.resolve("n2").toString())
        .containsEntry("KV_AUDIT_LOG", "logs/n2-audit.log")
        .containsEntry("KV_LOG_LEVEL", "ERROR")
        .doesNotContainKey("KV_ACCESS_LOG");
  }

  @Test
  void logLevelOfTheUser_stays() throws IOException {
    List<LocalNode> nodes = LocalNodes.of(directory, Optional.of(1), 8080);

    assertThat(nodes.get(0).variables(nodes, Map.of("KV_LOG_LEVEL", "INFO")))
        .doesNotContainKey("KV_LOG_LEVEL");
  }

  @Test
  void portOfAnotherProcess_isNamed() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      int port = taken.getLocalPort();

      assertThatThrownBy(() -> new LocalNode("n2", port, -1, directory).checkFree())
          .isInstanceOf(StartupException.class)
          .hasMessageContaining("cannot listen on port %d of 127.0.0.1".formatted(port))
          .hasMessageContaining("of n2; see --port");
      assertThatThrownBy(() -> new LocalNode("n2", -1, port, directory).checkFree())
          .hasMessageContaining("at which n2 hears the other nodes");
    }
  }
}
