package org.kvstore.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.support.Service.target;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.LauncherProcess;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * One command starts a cluster on this machine, as its help says; what the README says to do with
 * it is pasted literally into a shell.
 */
@Timeout(900)
@InTurn
class LocalClusterIT {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final String SHARDS = "3";

  /** Its name, as the README gives it elsewhere. */
  private static final String KV = "kv() { java -jar client-sdk/target/kv.jar \"$@\"; }\n";

  @Test
  void nodes_startTogether_loseOne_stop_andGoOnWithTheirData() throws Exception {
    Path data = ServerProcess.directory("local-cluster");
    int port = freePorts();
    Path work = workingDirectory();
    List<String> blocks = Readme.blocks("Several nodes");
    assertThat(blocks).hasSize(3);
    assertThat(blocks.get(0)).isEqualTo("java -jar liberty/target/kvstore.jar cluster\n");
    try (LauncherProcess cluster = start(data, port)) {
      cluster.awaitLog("3 of 3 nodes are ready.");
      assertThat(cluster.log())
          .contains("n1 is ready: http://127.0.0.1:" + port)
          .contains("n2 is ready: http://127.0.0.1:" + (port + 1))
          .contains("n3 is ready: http://127.0.0.1:" + (port + 2))
          .containsPattern(
              "Try: curl -X PUT -d hello http://127[.]0[.]0[.]1:[0-9]+/v1/kv/greeting");
      assertThat(Readme.run(at(port, blocks.get(1)), work)).containsSubsequence("hello", "hello");

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
  void nodes_startByHand_inTerminals_andAFourthComes() throws Exception {
    int port = freePorts();
    Path work = workingDirectory();
    List<String> terminals =
        Readme.found("Several nodes", Pattern.compile("(?s)\n\n```\n(.*?)```"));
    String variables = at(port, terminals.get(0));
    List<String> founders = at(port, terminals.get(1)).lines().toList();
    String fourth = at(port, terminals.get(2)).strip();
    assertThat(founders).hasSize(3).allMatch(line -> line.startsWith("KV_CLUSTER_NODE=n"));
    assertThat(fourth).startsWith("KV_CLUSTER_NODE=n4");
    List<LauncherProcess> nodes = new ArrayList<>();
    try {
      for (String line : founders) {
        nodes.add(LauncherProcess.inTerminal(work, variables, line));
      }
      nodes.forEach(node -> node.awaitLog(" is ready: "));
      write(port, "farewell", "bye");
      nodes.add(LauncherProcess.inTerminal(work, variables, fourth));
      awaitStarted(port + 3);

      List<String> blocks = Readme.blocks("Several nodes");
      String changes = KV + at(port, urlOfAll(blocks.get(1))) + "\n" + at(port, blocks.get(2));
      assertThat(Readme.run(changes, work)).contains("n4");

      nodes.get(3).awaitLog(" is ready: ");
      read(port + 3, "farewell", "bye");
    } finally {
      nodes.forEach(LauncherProcess::close);
    }
  }

  /** It answers, and waits to be made a member. */
  private static void awaitStarted(int port) {
    await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() -> new Service(port).get("/health/ready").send().status() == 503);
  }

  private static String urlOfAll(String block) {
    return block
        .lines()
        .filter(line -> line.startsWith("export KV_URL="))
        .findFirst()
        .orElseThrow();
  }

  /** The README's ports are those that are free here. */
  private static String at(int port, String block) {
    String own = block;
    for (int node = 0; node < 4; node++) {
      own =
          own.replace("127.0.0.1:808" + node, "127.0.0.1:" + (port + node))
              .replace("127.0.0.1:908" + node, "127.0.0.1:" + (port + 1000 + node))
              .replace("KV_HTTP_PORT=808" + node, "KV_HTTP_PORT=" + (port + node));
    }
    return own;
  }

  /** Where the README's paths lead to what was built. */
  private static Path workingDirectory() throws IOException {
    Path work = ServerProcess.directory("local-work");
    Path jar = Files.createDirectories(work.resolve("client-sdk/target")).resolve("kv.jar");
    Files.createSymbolicLink(jar, Path.of(System.getProperty("it.cli")));
    Path server = Files.createDirectories(work.resolve("liberty/target")).resolve("kvstore.jar");
    Files.createSymbolicLink(server, Path.of(System.getProperty("it.launcher")));
    return work;
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
        Map.of("KV_SHARDS", SHARDS),
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

  /** The first of four, which have four more 1000 above them; free a moment ago. */
  private static int freePorts() {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    while (true) {
      int port = Ports.draw();
      if (Ports.take(loopback, port, 4) && Ports.take(loopback, port + 1000, 4)) {
        return port;
      }
    }
  }
}
