package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.InTurn;
import org.kvstore.it.support.Ports;
import org.kvstore.it.support.ServerProcess;

/** A node that is started on data which is not its own. */
@InTurn
class StaleDataIT {
  private final int port = Ports.free(InetAddress.getLoopbackAddress(), 1)[0];
  private final Path data = ServerProcess.directory("stale");

  /** A setting that does not fit the data, and what is said of it. */
  private record Misfit(String variable, String value, String said) {}

  @Test
  void dataOfAnotherCluster_orOfOtherShards_isRefused_leftAlone_andSaidSo() {
    try (ServerProcess own = ServerProcess.ready(data, variables(Map.of()))) {
      own.service().put(target("a")).body("1").send().expect(201);
    }
    for (Misfit misfit :
        List.of(
            new Misfit("KV_CLUSTER_ID", "other", "kv.cluster.id is 'other'"),
            new Misfit("KV_SHARDS", "5", "kv.shards is 5"))) {
      Map<String, String> wrong = variables(Map.of(misfit.variable(), misfit.value()));
      try (ServerProcess stranger = ServerProcess.answering(data, wrong)) {
        String whose = "of node n1 of cluster kvstore with 4 shards, but " + misfit.said();
        assertThat(stranger.service().get("/health/ready").send().expect(503).text())
            .contains(whose);
        assertThat(stranger.log()).contains(whose);
        String detail =
            stranger.service().get("/v1/cluster").send().expect(ErrorCode.UNAVAILABLE).text();
        assertThat(detail).contains(whose);
      }
    }
    try (ServerProcess own = ServerProcess.ready(data, variables(Map.of()))) {
      assertThat(own.service().get(target("a")).send().expect(200).text()).isEqualTo("1");
    }
  }

  private Map<String, String> variables(Map<String, String> more) {
    Map<String, String> variables = new TreeMap<>();
    variables.put("KV_CLUSTER_NODE", "n1");
    variables.put("KV_CLUSTER_MEMBERS", "n1=127.0.0.1:" + port);
    variables.put("KV_SHARDS", "4");
    variables.put("KV_HTTPS_PORT", "-1");
    variables.putAll(more);
    return variables;
  }
}
