package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class HeapLimitTest {
  private static final long PLENTY = 1_000_000;

  @Test
  void mebibytes_growWithTheShards() {
    assertThat(HeapLimit.mebibytes(1, PLENTY)).isEqualTo(272);
    assertThat(HeapLimit.mebibytes(16, PLENTY)).isEqualTo(512);
    assertThat(HeapLimit.mebibytes(1024, PLENTY)).isEqualTo(16_640);
  }

  @Test
  void mebibytes_areAQuarterOfTheMemoryAtTheMost_andTheBaseAtTheLeast() {
    assertThat(HeapLimit.mebibytes(1024, 4096)).isEqualTo(1024);
    assertThat(HeapLimit.mebibytes(16, 300)).isEqualTo(256);
  }

  @Test
  void option_ofAShardedNode_limitsItsHeap() {
    assertThat(HeapLimit.option(Map.of("KV_SHARDS", "1"))).contains("-Xmx272m");
  }

  @Test
  void option_ofNoShards_isNone() {
    assertThat(HeapLimit.option(Map.of())).isEmpty();
    assertThat(HeapLimit.option(Map.of("KV_SHARDS", "many"))).isEmpty();
    assertThat(HeapLimit.option(Map.of("KV_SHARDS", "-3"))).isEmpty();
  }
}
