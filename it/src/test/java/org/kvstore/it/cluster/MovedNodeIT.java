package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A node that comes back at another address, under its name, as a pod does, is found there. */
@InTurn
class MovedNodeIT {
  private static final int SIZE = 3;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Path directory = ServerProcess.directory("moved");
  private final Path hosts = directory.resolve("hosts");
  private final ServerProcess[] processes = new ServerProcess[SIZE];
  private int[] raft;
  private int[] http;

  @BeforeEach
  void start() throws IOException {
    raft = Ports.free(InetAddress.getLoopbackAddress(), SIZE);
    http = Ports.free(InetAddress.getLoopbackAddress(), SIZE);
    Files.createDirectories(directory);
    name("127.0.0.1");
    for (int node = 0; node < SIZE; node++) {
      processes[node] = ServerProcess.started(data(node), variables(node));
    }
    for (ServerProcess process : processes) {
      process.awaitReady();
    }
  }

  @AfterEach
  void stop() {
    Arrays.stream(processes).forEach(ServerProcess::close);
  }

  @Test
  void nodeThatComesBackAtAnotherAddress_isFoundByItsName() throws IOException {
    service(0).put("/v1/kv/a").body("before").send().expect(201);
    processes[2].stop();
    name("127.0.0.2");

    processes[2] = ServerProcess.started(data(2), variables(2));
    processes[2].awaitReady();

    service(0).put("/v1/kv/a").body("after").send().expect(204);
    assertThat(service(2).get("/v1/kv/a").send().text()).isEqualTo("after");
    // It counts for the majority again.
    processes[1].stop();
    await().atMost(PATIENCE).until(() -> put("alone").equals(Optional.of(204)));
    assertThat(service(2).get("/v1/kv/a").send().text()).isEqualTo("alone");
  }

  private Optional<Integer> put(String value) {
    return Node.ask(service(0), service(0).put("/v1/kv/a").body(value)).map(Answer::status);
  }

  private Service service(int node) {
    return new Service(http[node]);
  }

  private Path data(int node) {
    return directory.resolve("n" + node).resolve("data");
  }

  /** Gives names to all; the last node is at an address of its own. */
  private void name(String last) throws IOException {
    List<String> addresses = List.of("127.0.0.1", "127.0.0.1", last);
    String lines =
        "127.0.0.1 localhost\n"
            + IntStream.range(0, SIZE)
                .mapToObj(node -> addresses.get(node) + " " + host(node) + "\n")
                .collect(Collectors.joining());
    // As a whole: the nodes read it again and again.
    Path written = Files.writeString(directory.resolve("hosts.new"), lines, StandardCharsets.UTF_8);
    Files.move(written, hosts, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String host(int node) {
    return "kvstore-" + node + ".kvstore-nodes";
  }

  private Map<String, String> variables(int node) {
    Map<String, String> variables = new HashMap<>();
    variables.put("KV_CLUSTER_NODE", "n" + node);
    variables.put(
        "KV_CLUSTER_MEMBERS",
        IntStream.range(0, SIZE)
            .mapToObj(each -> "n%d=%s:%d".formatted(each, host(each), raft[each]))
            .collect(Collectors.joining(",")));
    // The launcher does not know these names.
    variables.put("KV_CLUSTER_HOST", node < SIZE - 1 ? "127.0.0.1" : lastAddress());
    variables.put("KV_SHARDS", "4");
    variables.put(ServerProcess.HTTP_PORT, Integer.toString(http[node]));
    variables.put("KV_HTTPS_PORT", "-1");
    variables.put("KV_JAVA_OPTIONS", ServerProcess.QUICK_START + " -Djdk.net.hosts.file=" + hosts);
    return variables;
  }

  /** As the file says it. */
  private String lastAddress() {
    try {
      return Files.readAllLines(hosts).get(SIZE).split(" ", 2)[0];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
