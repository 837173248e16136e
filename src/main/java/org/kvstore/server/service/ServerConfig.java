package org.kvstore.server.service;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.kvstore.api.Durations;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Retention;
import org.kvstore.server.store.StoreOptions;

/**
 * The configuration of the service, read once at start. Each property {@code kv.some.name} may be
 * given as the environment variable {@code KV_SOME_NAME}.
 *
 * @param store how the store is opened
 * @param limits every bound
 * @param history what is kept of the past
 * @param quotaBytes what the data may take of the disk: bytes; 0 for as much as there is
 * @param backupRate how fast a backup is sent, at the most: bytes a second
 * @param backupDirectory where copies are made on the server's own disk; empty for nowhere
 * @param security whether clients have to say who they are
 * @param audit whether and where it is written down what they do
 * @param front what the HTTP face allows
 * @param cluster what the node is told of its cluster; empty for a server that is no node
 */
public record ServerConfig(
    StoreOptions store,
    Limits limits,
    Retention history,
    long quotaBytes,
    long backupRate,
    Optional<Path> backupDirectory,
    SecurityConfig security,
    AuditConfig audit,
    FrontConfig front,
    Optional<ClusterConfig> cluster) {

  /** As a browser writes one: in small letters, and without a path (RFC 6454 section 6.2). */
  private static final Pattern ORIGIN = Pattern.compile("https?://[a-z0-9.:\\[\\]-]+");

  /** A backup as fast as that takes little from writes (it/bench/backup). */
  private static final long BACKUP_RATE = 100L << 20;

  /** What the platform itself takes of the heap, with room to collect garbage in. */
  private static final long PLATFORM_HEAP = 48L << 20;

  /**
   * Reads and checks all properties, for the heap that there is.
   *
   * @see #read(Function, long)
   */
  public static ServerConfig read(Function<String, Optional<String>> config) {
    return read(config, Runtime.getRuntime().maxMemory());
  }

  /**
   * Reads and checks all properties. In a heap that is smaller than usual, what is kept on it is
   * less by default too.
   *
   * @param config the value of a property by its name, or empty
   * @param heap largest size of the heap: bytes
   * @throws KeyValueException UNAVAILABLE, naming the property, its value and what is allowed
   */
  static ServerConfig read(Function<String, Optional<String>> config, long heap) {
    long spare = Math.max(0, heap - PLATFORM_HEAP);
    StoreOptions store = StoreOptions.defaults(Path.of("data"));
    Limits limits = Limits.DEFAULT;
    Path directory =
        value(config, "kv.data.dir", store.directory(), ServerConfig::path, "a directory");
    long cache = size(config, "kv.cache.size", store.cacheBytes(), 16L << 20, 1L << 40);
    return new ServerConfig(
        new StoreOptions(
            directory,
            cache,
            size(config, "kv.write-buffer.size", cache / 2, 8L << 20, cache),
            size(
                config,
                "kv.entry-cache.size",
                Math.min(store.entryCacheBytes(), spare / 8 * 3),
                0,
                1L << 36),
            number(config, "kv.open-files", store.openFiles(), 50, 1_000_000),
            size(config, "kv.disk.floor", store.freeDiskFloor(), 0, 1L << 50),
            EncryptionKeys.read(config),
            false),
        limits(config, limits, spare),
        new Retention(
            time(config, "kv.history.max-age", Retention.DEFAULT.age(), Duration.ofDays(36_500)),
            number(
                config, "kv.history.max-revisions", Retention.DEFAULT.revisions(), 0, 999_999_999)),
        size(config, "kv.quota.bytes", 0, 0, 1L << 50),
        size(config, "kv.backup.rate", BACKUP_RATE, 1 << 20, 1L << 40),
        value(
            config,
            "kv.backup.dir",
            Optional.empty(),
            text -> path(text).filter(folder -> !isWithin(folder, directory)).map(Optional::of),
            "a directory that is not within kv.data.dir"),
        SecurityConfig.read(config),
        new AuditConfig(
            value(
                config,
                "kv.audit-log",
                Optional.empty(),
                text -> path(text).map(Optional::of),
                "a file"),
            (long) number(config, "kv.audit-log.max-megabytes", 100, 1, 100_000) << 20,
            number(config, "kv.audit-log.max-files", 10, 1, 1_000)),
        front(config),
        ClusterConfig.read(config));
  }

  private static FrontConfig front(Function<String, Optional<String>> config) {
    return new FrontConfig(
        value(
            config,
            "kv.cors.origins",
            Set.of(),
            ServerConfig::origins,
            "a list of origins such as https://app.example.com, or *"),
        number(config, "kv.limits.caller-requests", 0, 0, 1_000_000),
        size(config, "kv.limits.caller-bytes", 0, 0, 1L << 36));
  }

  private static Optional<Set<String>> origins(String text) {
    Set<String> origins =
        Arrays.stream(text.split(",", -1)).map(String::strip).collect(Collectors.toSet());
    return Optional.of(origins)
        .filter(
            all ->
                all.equals(Set.of("*")) || all.stream().allMatch(o -> ORIGIN.matcher(o).matches()));
  }

  private static Limits limits(
      Function<String, Optional<String>> config, Limits limits, long spare) {
    long largest = ClusterConfig.isNode(config) ? ClusterConfig.MOST_VALUE_BYTES : 64L << 20;
    int valueBytes = (int) size(config, "kv.limits.value-bytes", limits.valueBytes(), 1, largest);
    // The queue has to take the largest value and transaction, whatever else waits in it.
    long leastPending = Math.max(2L * limits.transactionBytes(), 2L * valueBytes);
    return new Limits(
        valueBytes,
        number(config, "kv.limits.pending-writes", limits.pendingWrites(), 1, 1_000_000),
        size(
            config,
            "kv.limits.pending-bytes",
            Math.max(Math.min(limits.pendingBytes(), spare / 2), leastPending),
            leastPending,
            1L << 32),
        size(
            config,
            "kv.limits.answer-bytes",
            Math.min(limits.answerBytes(), spare / 5),
            0,
            1L << 32),
        time(config, "kv.limits.body-wait", limits.bodyWait(), Duration.ofHours(1)),
        number(config, "kv.limits.group-writes", limits.groupWrites(), 1, 100_000),
        time(config, "kv.limits.write-wait", limits.writeWait(), Duration.ofMinutes(10)),
        time(config, "kv.limits.queue-delay", limits.queueDelay(), Duration.ofMinutes(10)),
        number(config, "kv.limits.held-requests", limits.heldRequests(), 0, 1_000_000),
        time(config, "kv.limits.held-wait", limits.heldWait(), Duration.ofHours(1)),
        number(config, "kv.limits.exports", limits.exports(), 1, 1_000),
        limits.pageKeys(),
        size(config, "kv.limits.page-bytes", limits.pageBytes(), 1 << 10, 1L << 30),
        number(config, "kv.limits.range-delete-keys", limits.rangeDeleteKeys(), 1, 100_000),
        number(config, "kv.limits.lease-keys", limits.leaseKeys(), 1, 100_000),
        number(config, "kv.limits.batches", limits.batches(), 1, 1_000),
        limits.batchWindow(),
        limits.transactionOperations(),
        limits.transactionBytes(),
        number(config, "kv.limits.watches", limits.watches(), 0, 1_000_000),
        size(config, "kv.watch.memory", Math.min(limits.recentBytes(), spare / 16), 0, 1L << 32),
        time(config, "kv.watch.progress", limits.progressInterval(), Duration.ofSeconds(15)),
        time(config, "kv.idempotency.memory", limits.requestMemory(), Duration.ofDays(7)));
  }

  private static int number(
      Function<String, Optional<String>> config, String name, int otherwise, int least, int most) {
    return value(
        config,
        name,
        otherwise,
        text ->
            text.matches("[0-9]{1,9}")
                ? Optional.of(Integer.valueOf(text)).filter(n -> n >= least && n <= most)
                : Optional.empty(),
        "a number from %d to %d".formatted(least, most));
  }

  private static long size(
      Function<String, Optional<String>> config,
      String name,
      long otherwise,
      long least,
      long most) {
    return value(
        config,
        name,
        otherwise,
        text -> Quantities.bytes(text).filter(n -> n >= least && n <= most),
        "a size from %d to %d bytes, such as 64MiB".formatted(least, most));
  }

  private static Duration time(
      Function<String, Optional<String>> config, String name, Duration otherwise, Duration most) {
    return value(
        config,
        name,
        otherwise,
        text ->
            Durations.parse(text)
                .filter(time -> time.compareTo(Duration.ZERO) > 0 && time.compareTo(most) <= 0),
        "a duration above 0 and at most %s, such as 30s".formatted(most));
  }

  private static Optional<Path> path(String text) {
    try {
      return Optional.of(Path.of(text));
    } catch (InvalidPathException notAPath) {
      return Optional.empty();
    }
  }

  private static boolean isWithin(Path path, Path directory) {
    return path.toAbsolutePath().normalize().startsWith(directory.toAbsolutePath().normalize());
  }

  private static <T> T value(
      Function<String, Optional<String>> config,
      String name,
      T otherwise,
      Function<String, Optional<T>> parse,
      String allowed) {
    Optional<String> text = config.apply(name).map(String::strip);
    if (text.isEmpty()) {
      return otherwise;
    }
    return parse
        .apply(text.get())
        .orElseThrow(
            () ->
                KeyValueException.of(
                    ErrorCode.UNAVAILABLE,
                    "%s is '%s'; allowed is %s.".formatted(name, text.get(), allowed)));
  }
}
