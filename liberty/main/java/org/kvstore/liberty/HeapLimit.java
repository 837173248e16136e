package org.kvstore.liberty;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Optional;

/**
 * How large the heap of a node with many shards may become, unless {@code KV_JAVA_OPTIONS} says it:
 * each shard has the newest part of its log, its appenders and its own caches there, and each log a
 * buffer outside, of which Java allows as much as of heap.
 */
final class HeapLimit {
  static final int BASE_MEBIBYTES = 256;
  static final int MEBIBYTES_A_SHARD = 16;

  private static final int MEBIBYTE_BITS = 20;

  private HeapLimit() {}

  /** The option for it; none where jvm.options has what is right, or where the number is none. */
  static Optional<String> option(Map<String, String> environment) {
    return shards(environment)
        .filter(shards -> shards > 0)
        .map(shards -> "-Xmx%dm".formatted(mebibytes(shards, memory())));
  }

  /** Never more than a quarter of what the machine, or the container, has; but the base, always. */
  static long mebibytes(int shards, long memory) {
    long wanted = BASE_MEBIBYTES + (long) MEBIBYTES_A_SHARD * shards;
    return Math.max(BASE_MEBIBYTES, Math.min(wanted, memory / 4));
  }

  private static Optional<Integer> shards(Map<String, String> environment) {
    try {
      return Optional.ofNullable(environment.get("KV_SHARDS")).map(Integer::valueOf);
    } catch (NumberFormatException e) {
      return Optional.empty(); // the server itself refuses it, and says why
    }
  }

  private static long memory() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize()
        >> MEBIBYTE_BITS;
  }
}
