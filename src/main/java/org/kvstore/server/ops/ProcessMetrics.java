package org.kvstore.server.ops;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.MemoryUsage;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/**
 * The process and its Java, under the names that Prometheus' own libraries use. What only Linux
 * tells is missing elsewhere.
 */
final class ProcessMetrics {
  private static final Path SELF = Path.of("/proc/self");
  private static final String RESIDENT = "VmRSS:";

  private ProcessMetrics() {}

  static void write(Exposition out) {
    ProcessHandle.current()
        .info()
        .totalCpuDuration()
        .ifPresent(
            cpu -> out.counter("process_cpu_seconds_total", "CPU time that was used.", exact(cpu)));
    out.gauge(
        "process_start_time_seconds",
        "When the process began, since the epoch.",
        ManagementFactory.getRuntimeMXBean().getStartTime() / 1_000);
    if (Files.isDirectory(SELF)) {
      linux(out);
    }
    memory(out);
    collections(out);
    out.gauge(
        "jvm_threads_current",
        "Threads that live.",
        ManagementFactory.getThreadMXBean().getThreadCount());
  }

  private static BigDecimal exact(Duration duration) {
    return BigDecimal.valueOf(duration.toNanos(), 9);
  }

  private static void linux(Exposition out) {
    try (Stream<String> lines = Files.lines(SELF.resolve("status"));
        Stream<Path> open = Files.list(SELF.resolve("fd"))) {
      lines
          .filter(line -> line.startsWith(RESIDENT))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1_024)
          .forEach(
              bytes ->
                  out.gauge(
                      "process_resident_memory_bytes", "Memory of the process in RAM.", bytes));
      out.gauge("process_open_fds", "Open files and sockets.", open.count());
    } catch (IOException unreadable) {
      // A sandbox may hide them: then they are missing, as they are elsewhere.
    }
  }

  private static void memory(Exposition out) {
    areas(out, "jvm_memory_used_bytes", "Memory that Java uses.", MemoryUsage::getUsed);
    areas(out, "jvm_memory_committed_bytes", "Memory that Java holds.", MemoryUsage::getCommitted);
    areas(
        out, "jvm_memory_max_bytes", "Memory that Java may use; -1 for any.", MemoryUsage::getMax);
    out.begin("gauge", "jvm_buffer_pool_used_bytes", "Memory of buffers outside the heap.");
    for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
      out.sample(
          "jvm_buffer_pool_used_bytes",
          "pool=\"%s\"".formatted(pool.getName()),
          Long.toString(pool.getMemoryUsed()));
    }
  }

  private static void areas(
      Exposition out, String name, String help, ToLongFunction<MemoryUsage> figure) {
    MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
    out.begin("gauge", name, help)
        .sample(name, "area=\"heap\"", value(memory.getHeapMemoryUsage(), figure))
        .sample(name, "area=\"nonheap\"", value(memory.getNonHeapMemoryUsage(), figure));
  }

  private static String value(MemoryUsage usage, ToLongFunction<MemoryUsage> figure) {
    return Long.toString(figure.applyAsLong(usage));
  }

  private static void collections(Exposition out) {
    out.begin("summary", "jvm_gc_collection_seconds", "Pauses to collect garbage.");
    each(out, "_sum", gc -> BigDecimal.valueOf(gc.getCollectionTime(), 3).toPlainString());
    each(out, "_count", gc -> Long.toString(gc.getCollectionCount()));
  }

  private static void each(
      Exposition out, String suffix, Function<GarbageCollectorMXBean, String> figure) {
    for (GarbageCollectorMXBean gc : ManagementFactory.getGarbageCollectorMXBeans()) {
      out.sample(
          "jvm_gc_collection_seconds" + suffix,
          "gc=\"%s\"".formatted(gc.getName()),
          figure.apply(gc));
    }
  }
}
