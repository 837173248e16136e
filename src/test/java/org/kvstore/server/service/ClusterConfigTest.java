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

  private static ClusterConfig read(Map<String, String> more) {
    Map<String, String> all = new HashMap<>(more);
    all.put("kv.cluster.node", "n1");
    all.put("kv.cluster.members", "n1=127.0.0.1:9081");
    return ClusterConfig.read(name -> Optional.ofNullable(all.get(name))).orElseThrow();
  }
}
