package org.kvstore.server.shard;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.DataDirectory;

/** Whose a data directory is. */
class ClusterMarkTest {
  private static final ClusterMark NODE = new ClusterMark("orders", "n1", "host1:9081", 16);

  @TempDir Path parent;

  @Test
  void directory_ofTheSameNode_isTaken() {
    open(NODE);

    assertThatCode(() -> open(NODE)).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @CsvSource({
    "prices, n1, 16, kv.cluster.id is 'prices'",
    "orders, n2, 16, kv.cluster.node is 'n2'",
    "orders, n1, 8, kv.shards is 8"
  })
  void directory_ofAnother_isRefused_andSaysWhose(
      String cluster, String node, int shards, String but) {
    open(NODE);

    assertThatThrownBy(() -> open(new ClusterMark(cluster, node, NODE.address(), shards)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("of node n1 of cluster orders with 16 shards, but " + but);
  }

  @Test
  void directory_thatWasCopied_isRefusedAtAnotherAddress() {
    open(NODE);

    assertThatThrownBy(() -> open(new ClusterMark("orders", "n1", "host7:9081", 16)))
        .hasMessageContaining("of node n1 at host1:9081, and this one is at host7:9081")
        .hasMessageContaining("kv cluster remove n1");
  }

  @Test
  void address_mayBeCorrected_beforeTheNodeHasBegun() {
    open(NODE);
    ClusterMark corrected = new ClusterMark("orders", "n1", "host7:9081", 16);

    open(corrected, false);

    assertThatThrownBy(() -> open(NODE)).hasMessageContaining("of node n1 at host7:9081");
    assertThatCode(() -> open(corrected)).doesNotThrowAnyException();
  }

  @Test
  void directory_ofANode_isNoSingleServers() {
    open(NODE);

    assertThatThrownBy(() -> open(null)).hasMessageContaining("kv.cluster.node is not set");
  }

  @Test
  void directory_ofASingleServer_isNoNodes() {
    open(null);

    assertThatThrownBy(() -> open(NODE)).hasMessageContaining("that of a single server");
  }

  @Test
  void mark_thatIsDamaged_isRefused() throws IOException {
    open(NODE);
    Path file = parent.resolve("data/shards/CLUSTER");
    Files.writeString(file, Files.readString(file).replace("shards 16", "shards 17"));

    assertThatThrownBy(() -> open(NODE)).hasMessageContaining("is damaged");
  }

  private void open(@Nullable ClusterMark mark) {
    open(mark, true);
  }

  private void open(@Nullable ClusterMark mark, boolean hasBegun) {
    try (DataDirectory directory = DataDirectory.open(parent.resolve("data"))) {
      ClusterMark.require(directory, mark, hasBegun);
      directory.initialised();
    }
  }
}
