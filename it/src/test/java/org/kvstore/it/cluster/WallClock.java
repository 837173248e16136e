package org.kvstore.it.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;

/**
 * The wall clock of a node, which can be put forward and back while it runs. It takes libfaketime,
 * of the Debian package of that name; monotonic time goes on as it is.
 */
final class WallClock {
  private static final Path LIBRARIES = Path.of("/usr/lib");
  private static final String LIBRARY = "faketime/libfaketimeMT.so.1";

  private final Path file;

  /** Keeps what it is in a file. */
  WallClock(Path file) {
    this.file = file;
    set(0);
  }

  /** Whether this machine has the library. */
  static boolean isThere() {
    return library().isPresent();
  }

  /** What a process has to be started with. */
  Map<String, String> variables() {
    return library()
        .map(
            library ->
                Map.of(
                    "LD_PRELOAD",
                    library.toString(),
                    "FAKETIME_TIMESTAMP_FILE",
                    file.toString(),
                    "NO_FAKE_STAT",
                    "1",
                    "FAKETIME_CACHE_DURATION",
                    "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC",
                    "1",
                    // Else each timed wait of Java is over at once, and all of them spin.
                    "FAKETIME_FORCE_MONOTONIC_FIX",
                    "0"))
        .orElse(Map.of());
  }

  /** Sets it so many seconds fast, within a second. */
  void set(int seconds) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".next");
      Files.writeString(next, "%+d%n".formatted(seconds));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Optional<Path> library() {
    try (DirectoryStream<Path> architectures = Files.newDirectoryStream(LIBRARIES)) {
      for (Path architecture : architectures) {
        Path library = architecture.resolve(LIBRARY);
        if (Files.exists(library)) {
          return Optional.of(library);
        }
      }
      return Optional.empty();
    } catch (IOException none) {
      return Optional.empty();
    }
  }
}
