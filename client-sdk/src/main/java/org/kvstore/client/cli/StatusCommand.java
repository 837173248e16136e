package org.kvstore.client.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.kvstore.api.StatusDocument;
import org.kvstore.client.KeyValueClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code kv status}: the state of the service. */
@Command(name = "status", description = "Prints the state of the service.", sortOptions = false)
final class StatusCommand implements Callable<Integer> {
  private static final String FIELD = "%-12s%s%n";
  private static final String ROW = "%5s  %12s  %12s  %12s  %12s%n";

  @ParentCommand private Kv kv;

  @Option(names = "--json", description = "Print it as JSON.")
  private boolean json;

  @SuppressWarnings("NullAway.Init") // set by picocli
  StatusCommand() {}

  @Override
  public Integer call() throws IOException {
    StatusDocument status;
    try (KeyValueClient client = kv.connect()) {
      status = client.status();
    }
    if (json) {
      kv.streams().out().println(Json.write(status));
      return ExitCode.OK;
    }
    print(status, kv.streams().out());
    return ExitCode.OK;
  }

  private static void print(StatusDocument status, PrintStream out) {
    out.printf(FIELD, "version", status.version());
    out.printf(FIELD, "mode", status.mode());
    out.printf(FIELD, "store", status.storeId());
    out.printf(FIELD, "members", String.join(", ", status.members()));
    out.printf(FIELD, "uptime", uptime(Duration.ofSeconds(status.uptimeSeconds())));
    Double ratio = status.cacheHitRatio();
    String hits = ratio == null ? "-" : String.format(Locale.ROOT, "%.1f %%", ratio * 100);
    out.printf(FIELD, "cache hits", hits);
    StatusDocument.Storage storage = status.storage();
    if (storage != null) {
      out.printf(FIELD, "storage", describe(storage));
    }
    out.println();
    out.printf(ROW, "SHARD", "REVISION", "COMPACTED", "KEYS", "DISK");
    for (StatusDocument.Shard shard : status.shards()) {
      out.printf(
          ROW,
          shard.id(),
          shard.revision(),
          shard.compactedRevision(),
          shard.keys(),
          size(shard.diskBytes()));
    }
  }

  private static String describe(StatusDocument.Storage storage) {
    Long quota = storage.quotaBytes();
    return "%s used%s, %s free on the disk%s"
        .formatted(
            size(storage.usedBytes()),
            quota == null ? "" : " of " + size(quota),
            size(storage.freeBytes()),
            storage.full() ? ": FULL, puts are refused" : "");
  }

  private static String uptime(Duration time) {
    return "%dd %02d:%02d:%02d"
        .formatted(time.toDays(), time.toHoursPart(), time.toMinutesPart(), time.toSecondsPart());
  }

  /** Bytes in the largest binary unit that keeps a whole number before the point. */
  static String size(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = bytes;
    int unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    String pattern = unit == 0 ? "%.0f %s" : "%.1f %s";
    return String.format(Locale.ROOT, pattern, value, units[unit]);
  }
}
