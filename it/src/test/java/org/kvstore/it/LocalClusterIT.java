package org.kvstore.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.it.support.LauncherProcess;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** One command starts a cluster on this machine, as its help says. */
@Timeout(900)
class LocalClusterIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  @Test
  void nodes_startTogether_loseOne_stop_andGoOnWithTheirData() throws IOException {
    Path data = ServerProcess.directory("local-cluster");
    int port = freePorts();
    try (LauncherProcess cluster = start(data, port)) {
      cluster.awaitLog("3 of 3 nodes are ready.");
      assertThat(cluster.log())
          .contains("n1 is ready: http://127.0.0.1:" + port)
          .contains("n2 is ready: http://127.0.0.1:" + (port + 1))
          .contains("n3 is ready: http://127.0.0.1:" + (port + 2))
          .containsPattern(
              "Try: curl -X PUT -d hello http://127[.]0[.]0[.]1:[0-9]+/v1/kv/greeting");
      write(port, "greeting", "hello");
      read(port + 2, "greeting", "hello");

      ProcessHandle second = cluster.child("/n2/");
      second.destroyForcibly();
      cluster.awaitLog("n2 has ended by itself, with 137");
      write(port + 2, "farewell", "bye");
      read(port, "farewell", "bye");

      List<ProcessHandle> left = cluster.children();
      assertThat(left).hasSize(2);
      cluster.stop();
      assertThat(left).noneMatch(ProcessHandle::isAlive);
      assertThat(cluster.log()).doesNotContain("n1 has ended", "n3 has ended", "cannot be read");
    }
    try (LauncherProcess again = start(data, port)) {
      again.awaitLog("3 of 3 nodes are ready.");
      read(port + 1, "greeting", "hello");
      read(port + 1, "farewell", "bye");

      List<ProcessHandle> left = again.children();
      again.kill();
      await().atMost(PATIENCE).until(() -> left.stream().noneMatch(ProcessHandle::isAlive));
    }
  }

  @Test
  void portOfAnotherProcess_isNamed_beforeAnythingStarts() throws IOException {
    Path data = ServerProcess.directory("local-cluster");
    int port = freePorts();
    try (ServerSocket taken = new ServerSocket(port + 1, 1, InetAddress.getByName("127.0.0.1"));
        LauncherProcess cluster = start(data, port)) {
      assertThat(cluster.exitCode()).isEqualTo(1);
      assertThat(cluster.log())
          .contains("cannot listen on port " + taken.getLocalPort())
          .contains("of n2; see --port");
      assertThat(data).doesNotExist();
    }
  }

  @Test
  void nodeThatOthersReach_withoutCertificates_endsAtOnceAndSaysWhy() {
    try (LauncherProcess node =
        LauncherProcess.start(
            Map.of(
                "KV_CLUSTER_NODE", "n1",
                "KV_CLUSTER_MEMBERS", "n1=127.0.0.1:9081",
                "KV_CLUSTER_HOST", "0.0.0.0",
                "KV_DATA_DIR", ServerProcess.directory("unguarded").toString()))) {
      assertThat(node.exitCode()).isEqualTo(1);
      assertThat(node.log())
          .contains("the node listens on 0.0.0.0 (see KV_CLUSTER_HOST)")
          .contains("KV_CLUSTER_TLS_CERTIFICATE");
    }
  }

  private static LauncherProcess start(Path data, int port) {
    return LauncherProcess.start(
        Map.of("KV_SHARDS", "3"),
        "cluster",
        "--port",
        Integer.toString(port),
        "--data",
        data.toString());
  }

  /** A node that has lost its leader says so until another one is elected. */
  private static void write(int port, String key, String value) {
    await()
        .atMost(PATIENCE)
        .until(() -> new Service(port).put(target(key)).body(value).send().status() / 100 == 2);
  }

  private static void read(int port, String key, String value) {
    await()
        .atMost(PATIENCE)
        .untilAsserted(
            () ->
                assertThat(new Service(port).get(target(key)).send().expect(200).body())
                    .isEqualTo(value.getBytes(UTF_8)));
  }

  /** The first of three, which have three more 1000 above them; free a moment ago. */
  private static int freePorts() throws IOException {
    for (int port = 20_000; port < 30_000; port += 3) {
      if (areFree(port) && areFree(port + 1000)) {
        return port;
      }
    }
    throw new IOException("no six ports are free");
  }

  private static boolean areFree(int first) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket one = new ServerSocket(first, 1, loopback);
        ServerSocket two = new ServerSocket(first + 1, 1, loopback);
        ServerSocket three = new ServerSocket(first + 2, 1, loopback)) {
      return one.isBound() && two.isBound() && three.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
