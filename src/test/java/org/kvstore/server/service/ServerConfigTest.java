package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.store.StoreOptions;

class ServerConfigTest {
  /** What Java says of -Xmx256m. */
  private static final long USUAL_HEAP = 228L << 20;

  @Test
  void read_withoutProperties_givesTheDefaults() {
    ServerConfig config = ServerConfig.read(name -> Optional.empty(), USUAL_HEAP);

    assertThat(config.store()).isEqualTo(StoreOptions.defaults(Path.of("data")));
    assertThat(config.limits()).isEqualTo(Limits.DEFAULT);
    assertThat(config.quotaBytes()).as("no quota").isZero();
  }

  @Test
  void read_inASmallHeap_keepsLessOnIt() {
    ServerConfig small = ServerConfig.read(name -> Optional.empty(), 64 << 20);
    assertThat(small.store().entryCacheBytes()).isEqualTo(6 << 20);
    assertThat(small.limits().recentBytes()).isEqualTo(1 << 20);
    assertThat(small.limits().pendingBytes()).isEqualTo(8 << 20);

    ServerConfig tiny = ServerConfig.read(name -> Optional.empty(), 40 << 20);
    assertThat(tiny.store().entryCacheBytes()).isZero();
    assertThat(tiny.limits().recentBytes()).isZero();
  }

  @Test
  void read_eachKindOfProperty_takesItsValue() {
    ServerConfig config =
        read(
            Map.of(
                "kv.data.dir", "/var/lib/kv",
                "kv.cache.size", "64MiB",
                "kv.quota.bytes", "10GiB",
                "kv.limits.value-bytes", "2MiB",
                "kv.limits.exports", "3",
                "kv.limits.write-wait", "PT2S"));

    assertThat(config.store().directory()).isEqualTo(Path.of("/var/lib/kv"));
    assertThat(config.store().cacheBytes()).isEqualTo(64 << 20);
    assertThat(config.store().writeBufferBytes()).isEqualTo(32 << 20);
    assertThat(config.quotaBytes()).isEqualTo(10L << 30);
    assertThat(config.limits().valueBytes()).isEqualTo(2 << 20);
    assertThat(config.limits().exports()).isEqualTo(3);
    assertThat(config.limits().writeWait()).isEqualTo(Duration.ofSeconds(2));
  }

  @ParameterizedTest
  @CsvSource({
    "kv.cache.size, 15MiB",
    "kv.cache.size, much",
    "kv.quota.bytes, -1",
    "kv.limits.value-bytes, 0",
    "kv.limits.value-bytes, 65MiB",
    "kv.limits.exports, 0",
    "kv.limits.exports, -1",
    "kv.limits.write-wait, 0s",
    "kv.limits.write-wait, 11m",
    "kv.limits.held-requests, many",
    "kv.backup.dir, data/backups",
    "kv.idempotency.memory, 8d"
  })
  void read_valueThatIsNotAllowed_namesPropertyValueAndWhatIsAllowed(String name, String value) {
    assertThatThrownBy(() -> read(Map.of(name, value)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageStartingWith(name + " is '" + value + "'; allowed is ");
  }

  @Test
  void read_aNodesValues_fitIntoAnEntryOfItsLog() {
    Map<String, String> node =
        Map.of("kv.cluster.node", "n1", "kv.cluster.members", "n1=127.0.0.1:9081");

    assertThat(readWith(node, "7MiB").limits().valueBytes()).isEqualTo(7 << 20);
    assertThatThrownBy(() -> readWith(node, "8MiB"))
        .isInstanceOf(KeyValueException.class)
        .hasMessageStartingWith(
            "kv.limits.value-bytes is '8MiB'; allowed is a size from 1 to 7340032 bytes");
    assertThat(readWith(Map.of(), "8MiB").limits().valueBytes()).isEqualTo(8 << 20);
  }

  private static ServerConfig readWith(Map<String, String> properties, String valueBytes) {
    Map<String, String> all = new HashMap<>(properties);
    all.put("kv.limits.value-bytes", valueBytes);
    return read(all);
  }

  private static ServerConfig read(Map<String, String> properties) {
    Function<String, Optional<String>> lookup = name -> Optional.ofNullable(properties.get(name));
    return ServerConfig.read(lookup);
  }
}
