package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.FakeServer;

/** The program with several servers, and what it says of a cluster. */
class ClusterTest {
  private static final String JSON = "application/json";

  private static final String FORM =
      """
      {"clusterId":"shop",
       "nodes":[
        {"id":"n1","url":"http://one:8080","raftAddress":"one:9090","alive":true,"self":true},
        {"id":"n2","raftAddress":"two:9090","alive":false,"self":false,"drained":true}],
       "shards":[
        {"number":0,"leader":"n1","term":3,"quorum":true,"replicas":[
          {"node":"n1","role":"leader","appliedIndex":42,"lag":0},
          {"node":"n2","role":"follower","appliedIndex":40,"lag":2}]},
        {"number":1,"term":4,"quorum":false,"replicas":[],
          "problem":"The replica of shard 1 on node n1 takes no part."}],
       "system":{"number":2,"leader":"n1","term":1,"quorum":true,"replicas":[]}MOVES}
      """;

  private static final String DOCUMENT = FORM.replace("MOVES", "");

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
            "n1* yes no http://one:8080 one:9090",
            "n2 no yes - two:9090",
            "system n1 1 yes",
            "0 n1 3 yes n1 (0), n2 (2)",
            "1 - 4 no",
            "The replica of shard 1 on node n1 takes no part.")
        .doesNotContain("SHARD TO COME TO GO");
  }

  @Test
  void cluster_withMoves_printsWhatIsToComeAndGo() {
    answer(
        200,
        moving(
            "{\"shard\":1,\"add\":[\"n2\"],\"remove\":[\"n1\",\"n3\"]}",
            "{\"shard\":2,\"add\":[],\"remove\":[\"n3\"]}"));
    Run run = kv(server.uri().toString(), "cluster");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out().lines().map(line -> line.strip().replaceAll(" +", " ")))
        .endsWith("SHARD TO COME TO GO", "1 n2 n1, n3", "system - n3");
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

  @Test
  void add_printsHowFarItIs_untilNoShardWaitsForTheNode() {
    answer(200, DOCUMENT);
    answer(202, moving(coming(0), coming(1)));
    answer(503, "{}");
    answer(200, moving(coming(1)));
    answer(200, DOCUMENT);
    Run run = kv(server.uri().toString(), "cluster", "add", "n2=two:9090");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualTo("n2: 1 of 3 shards\nn2: 2 of 3 shards\nn2: 3 of 3 shards\n");
    assertThat(server.requests())
        .startsWith("GET /v1/cluster", "POST /v1/admin/cluster/nodes", "GET /v1/cluster")
        .hasSize(5);
    assertThat(server.bodies().get(1)).isEqualTo("{\"id\":\"n2\",\"raftAddress\":\"two:9090\"}");
  }

  @Test
  void add_ofWhatIsThere_isDoneAtOnce() {
    answer(200, DOCUMENT);
    answer(202, DOCUMENT);
    Run run = kv(server.uri().toString(), "cluster", "add", "n2=two:9090");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualTo("n2: 3 of 3 shards\n");
    assertThat(server.requests()).hasSize(2);
  }

  @Test
  void add_whenTheTimeIsOver_isCode5_andSaysThatItGoesOn() {
    answer(200, DOCUMENT);
    answer(202, moving(coming(0)));
    answer(200, moving(coming(0)));
    answer(200, moving(coming(0)));
    Run run = kv(server.uri().toString(), "cluster", "add", "n2=two:9090", "--timeout", "2s");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.out()).isEqualTo("n2: 2 of 3 shards\n");
    assertThat(run.err()).contains("n2: 2 of 3 shards", "goes on").hasLineCount(1);
  }

  @Test
  void addAndRemove_withNoWait_returnWhenTheyAreAnswered() {
    answer(202, moving(coming(0)));
    answer(202, moving(coming(0)));
    Run added = kv(server.uri().toString(), "cluster", "add", "n2=two:9090", "--no-wait");
    Run removed = kv(server.uri().toString(), "cluster", "remove", "n2", "--no-wait");
    assertThat(added.exitCode()).isZero();
    assertThat(removed.exitCode()).isZero();
    assertThat(added.out() + removed.out()).isEmpty();
    assertThat(server.requests())
        .containsExactly("POST /v1/admin/cluster/nodes", "DELETE /v1/admin/cluster/nodes/n2");
  }

  @Test
  void remove_goesOn_wherePartOfItIsDoneAlready() {
    answer(200, moving(going(1)));
    server.failNext(ErrorCode.NOT_FOUND);
    answer(200, DOCUMENT);
    Run run = kv(server.uri().toString(), "cluster", "remove", "n3");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualTo("n3: 2 of 3 shards\nn3: 3 of 3 shards\n");
  }

  @Test
  void change_thatIsRefused_isTheCodeOfTheRefusal() {
    answer(200, DOCUMENT);
    server.failNext(ErrorCode.PRECONDITION_FAILED);
    Run room = kv(server.uri().toString(), "cluster", "add", "n8=eight:9090");
    assertThat(room.exitCode()).isEqualTo(ExitCode.PRECONDITION_FAILED);
    answer(200, DOCUMENT);
    server.failNext(ErrorCode.NOT_FOUND);
    Run unknown = kv(server.uri().toString(), "cluster", "remove", "n8");
    assertThat(unknown.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(room.err()).contains("because").hasLineCount(1);
  }

  @Test
  void remove_isNotWatchedByTheNodeItself_whereAnotherAnswers() {
    try (FakeServer leaving = new FakeServer()) {
      // The change is asked of either.
      for (int i = 0; i < 4; i++) {
        leaving.answerNext(200, JSON, DOCUMENT.replace("n1", "n3"));
      }
      answer(200, moving(going(0)));
      answer(202, moving(going(0)));
      answer(200, DOCUMENT);
      Run run = kv(leaving.uri() + "," + server.uri(), "cluster", "remove", "n3");
      assertThat(run.exitCode()).isZero();
      assertThat(run.out()).endsWith("n3: 2 of 3 shards\nn3: 3 of 3 shards\n");
    }
  }

  @Test
  void change_ofTheOnlyNodeThatIsAsked_isWrongUsage() {
    answer(200, DOCUMENT);
    Run run = kv(server.uri().toString(), "cluster", "remove", "n1");
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).contains("n1 itself is asked");
    assertThat(server.requests()).containsExactly("GET /v1/cluster");
  }

  @Test
  void change_ofASingleServer_isCode3() {
    for (String[] change :
        new String[][] {
          {"cluster", "add", "n2=two:9090"},
          {"cluster", "add", "n2=two:9090", "--no-wait"},
          {"cluster", "remove", "n2"},
          {"cluster", "drain", "n2"},
          {"cluster", "undrain", "n2"},
          {"cluster", "rebalance"}
        }) {
      assertThat(kv(server.uri().toString(), change).exitCode())
          .as(String.join(" ", change))
          .isEqualTo(ExitCode.NOT_FOUND);
    }
  }

  @Test
  void add_withoutAnAddress_orAnId_isWrongUsage() {
    for (String member : new String[] {"n2", "=two:9090", "N2=two:9090"}) {
      Run run = kv(server.uri().toString(), "cluster", "add", member, "--no-wait");
      assertThat(run.exitCode()).as(member).isEqualTo(ExitCode.USAGE);
    }
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void drain_printsHowFarItIs_untilTheNodeLeadsNothing_beItAskedItself() {
    String givesUpSome = DOCUMENT.replace("{\"number\":0,\"leader\":\"n1\"", "{\"number\":0");
    answer(200, DOCUMENT);
    answer(200, DOCUMENT);
    answer(503, "{}");
    answer(200, givesUpSome);
    answer(200, DOCUMENT.replace("\"leader\":\"n1\"", "\"leader\":\"n2\""));
    Run run = kv(server.uri().toString(), "cluster", "drain", "n1");
    assertThat(run.exitCode()).isZero();
    assertThat(run.out()).isEqualTo("n1: 1 of 3 shards\nn1: 2 of 3 shards\nn1: 3 of 3 shards\n");
    assertThat(server.requests())
        .startsWith("GET /v1/cluster", "PUT /v1/admin/cluster/nodes/n1/drain", "GET /v1/cluster")
        .hasSize(5);
  }

  @Test
  void drain_whenTheTimeIsOver_isCode5_andSaysThatItGoesOn() {
    for (int i = 0; i < 4; i++) {
      answer(200, DOCUMENT);
    }
    Run run = kv(server.uri().toString(), "cluster", "drain", "n1", "--timeout", "2s");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.err()).contains("n1: 1 of 3 shards", "goes on").hasLineCount(1);
  }

  @Test
  void drain_ofNoMember_isCode3() {
    answer(200, DOCUMENT);
    server.failNext(ErrorCode.NOT_FOUND);
    assertThat(kv(server.uri().toString(), "cluster", "drain", "n2").exitCode())
        .isEqualTo(ExitCode.NOT_FOUND);
  }

  @Test
  void drainUndrainAndRebalance_ask() {
    for (int i = 0; i < 3; i++) {
      answer(200, DOCUMENT);
    }
    Run drained = kv(server.uri().toString(), "cluster", "drain", "n1", "--no-wait");
    assertThat(drained.exitCode()).isZero();
    assertThat(drained.out()).isEmpty();
    assertThat(kv(server.uri().toString(), "cluster", "undrain", "n2").exitCode()).isZero();
    assertThat(kv(server.uri().toString(), "cluster", "rebalance").exitCode()).isZero();
    assertThat(server.requests())
        .containsExactly(
            "PUT /v1/admin/cluster/nodes/n1/drain",
            "DELETE /v1/admin/cluster/nodes/n2/drain",
            "POST /v1/admin/cluster/rebalance");
  }

  private void answer(int status, String document) {
    server.answerNext(status, JSON, document);
  }

  private static String moving(String... moves) {
    return FORM.replace("MOVES", ",\"moves\":[" + String.join(",", moves) + "]");
  }

  private static String coming(int shard) {
    return "{\"shard\":%d,\"add\":[\"n2\"],\"remove\":[]}".formatted(shard);
  }

  private static String going(int shard) {
    return "{\"shard\":%d,\"add\":[],\"remove\":[\"n3\"]}".formatted(shard);
  }
}
