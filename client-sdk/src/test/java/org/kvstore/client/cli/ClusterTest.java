package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.client.FakeServer;

/** The program with several servers, and what it says of a cluster. */
class ClusterTest {
  private static final String DOCUMENT =
      """
      {"clusterId":"shop",
       "nodes":[
        {"id":"n1","url":"http://one:8080","raftAddress":"one:9090","alive":true,"self":true},
        {"id":"n2","raftAddress":"two:9090","alive":false,"self":false}],
       "shards":[
        {"number":0,"leader":"n1","term":3,"quorum":true,"replicas":[
          {"node":"n1","role":"leader","appliedIndex":42,"lag":0},
          {"node":"n2","role":"follower","appliedIndex":40,"lag":2}]},
        {"number":1,"term":4,"quorum":false,"replicas":[]}],
       "system":{"number":0,"leader":"n1","term":1,"quorum":true,"replicas":[]}}
      """;

  private final FakeServer server = new FakeServer();

  @AfterEach
  void close() {
    server.close();
  }

  private Run kv(String servers, String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "--server";
    all[1] = servers;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return Run.of(new byte[0], all);
  }

  private static String nobody() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return "http://127.0.0.1:" + socket.getLocalPort();
    }
  }

  @Test
  void severalServers_anyThatAnswersWillDo() throws IOException {
    String servers = nobody() + ", " + server.uri() + "," + nobody();
    assertThat(kv(servers, "put", "a", "one").exitCode()).isZero();
    Run run = kv(servers, "get", "a");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualTo("one");
  }

  @Test
  void severalServers_noneAnswers_isCode5_whenTheTimeIsOver() throws IOException {
    Run run = kv(nobody() + "," + nobody(), "put", "a", "x", "--timeout", "1s");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.err()).contains("unavailable").hasLineCount(1);
  }

  @Test
  void cluster_printsNodesAndShards() {
    server.answerNext(200, "application/json", DOCUMENT);
    Run run = kv(server.uri().toString(), "cluster");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines().map(line -> line.strip().replaceAll(" +", " ")))
        .contains(
            "cluster shop",
            "n1* yes http://one:8080 one:9090",
            "n2 no - two:9090",
            "system n1 1 yes",
            "0 n1 3 yes n1 (0), n2 (2)",
            "1 - 4 no");
  }

  @Test
  void cluster_asJson_isTheDocument() {
    server.answerNext(200, "application/json", DOCUMENT);
    assertThat(kv(server.uri().toString(), "cluster", "--json").out())
        .contains("\"clusterId\":\"shop\"", "\"quorum\":false");
  }

  @Test
  void cluster_ofASingleServer_isCode3() {
    Run run = kv(server.uri().toString(), "cluster");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(run.err()).contains("no node of a cluster");
  }
}
