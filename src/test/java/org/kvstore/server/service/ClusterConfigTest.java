package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.Member;

class ClusterConfigTest {
  @Test
  void replicationFactor_isThree_unlessItIsTold() {
    assertThat(read(Map.of()).factor()).isEqualTo(3);
    assertThat(read(Map.of("kv.replication-factor", " 5 ")).factor()).isEqualTo(5);
    assertThat(read(Map.of("kv.replication-factor", "1")).factor()).isEqualTo(1);
    assertThat(read(Map.of("kv.replication-factor", "7")).factor()).isEqualTo(7);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "8", "-1", "three", "03", "1.5"})
  void replicationFactor_thatIsNone_isRefused(String value) {
    assertThatThrownBy(() -> read(Map.of("kv.replication-factor", value)))
        .isInstanceOf(KeyValueException.class)
        .hasMessage("kv.replication-factor is '" + value + "'; allowed is a number from 1 to 7.");
  }

  @Test
  void nodeThatTheMembersDoNotName_joinsThem_whereItSaysItIs() {
    ClusterConfig config =
        read(Map.of("kv.cluster.node", "n4", "kv.cluster.address", "host4:9084"));

    assertThat(config.joins()).isTrue();
    assertThat(config.members())
        .containsExactly(new Member("n1", "127.0.0.1:9081"), new Member("n4", "host4:9084"));
    assertThat(read(Map.of("kv.cluster.address", "127.0.0.1:9081")).joins()).isFalse();
  }

  @Test
  void nodeThatTheMembersDoNotName_andThatDoesNotSayWhereItIs_isRefused() {
    assertThatThrownBy(() -> read(Map.of("kv.cluster.node", "n4")))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("kv.cluster.node is 'n4'")
        .hasMessageContaining("kv.cluster.address");
    assertThatThrownBy(() -> read(Map.of("kv.cluster.node", "n4", "kv.cluster.address", "host4")))
        .hasMessageContaining("kv.cluster.address is 'host4'");
    assertThatThrownBy(() -> read(Map.of("kv.cluster.address", "127.0.0.1:9082")))
        .hasMessageContaining("the same as in kv.cluster.members");
  }

  @Test
  void joining_thatIsNeitherTrueNorFalse_isRefused_besideAnAddressToo() {
    for (String address : new String[] {"", "host4:9084"}) {
      String node = address.isEmpty() ? "n1" : "n4";
      assertThatThrownBy(
              () ->
                  read(
                      Map.of(
                          "kv.cluster.node", node,
                          "kv.cluster.address", address,
                          "kv.cluster.join", "yes")))
          .isInstanceOf(KeyValueException.class)
          .hasMessage("kv.cluster.join is 'yes'; allowed is true or false.");
    }
  }

  private static ClusterConfig read(Map<String, String> more) {
    Map<String, String> all = new HashMap<>();
    all.put("kv.cluster.node", "n1");
    all.put("kv.cluster.members", "n1=127.0.0.1:9081");
    all.putAll(more);
    return ClusterConfig.read(name -> Optional.ofNullable(all.get(name))).orElseThrow();
  }
}
