package org.kvstore.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/** The token of an application, by MicroProfile Config. */
final class ConfiguredToken {
  private static final String FILE = "kvstore.token-file";
  private static final String TOKEN = "kvstore.token";

  private ConfiguredToken() {}

  /** The configuration, or null where there is none, as in plain Java. */
  static @Nullable Config config() {
    try {
      return ConfigProvider.getConfig();
    } catch (IllegalStateException | LinkageError absent) {
      return null;
    }
  }

  /** The token, or null when none is configured. A file is read each time: tokens are rotated. */
  static @Nullable Supplier<String> of(Config config) {
    Optional<String> file = config.getOptionalValue(FILE, String.class);
    if (file.isPresent()) {
      Path path = Path.of(file.get());
      return () -> read(path);
    }
    return config.getOptionalValue(TOKEN, String.class).isPresent()
        ? () -> config.getOptionalValue(TOKEN, String.class).orElse("").strip()
        : null;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new UncheckedIOException("The token of " + FILE + " cannot be read: " + file, e);
    }
  }
}
