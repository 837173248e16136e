package org.kvstore.it.crash;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;

/** The recovery of a store as its files show it: RocksDB begins a new {@code LOG} when it opens. */
final class Recovery {
  private final Path data;
  private final long nanos;
  private final Optional<Object> before;
  private long began;

  /**
   * Of the next server on a data directory.
   *
   * @param progress how long it goes on before it counts as under way
   */
  Recovery(Path data, Duration progress) {
    this.data = data;
    nanos = progress.toNanos();
    before = log();
  }

  boolean isUnderWay() {
    if (began == 0 && log().filter(now -> !before.equals(Optional.of(now))).isPresent()) {
      began = System.nanoTime();
    }
    return began != 0 && System.nanoTime() - began >= nanos;
  }

  private Optional<Object> log() {
    try (Stream<Path> files = Files.walk(data)) {
      return files.filter(file -> file.endsWith("LOG")).findFirst().flatMap(Recovery::identity);
    } catch (IOException | UncheckedIOException filesChangeMeanwhile) {
      return Optional.empty();
    }
  }

  private static Optional<Object> identity(Path file) {
    try {
      return Optional.ofNullable(Files.readAttributes(file, "unix:ino").get("ino"));
    } catch (IOException renamedMeanwhile) {
      return Optional.empty();
    }
  }
}
