package org.kvstore.server.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Directories of data that other users of the machine may not enter. */
final class OwnerOnly {
  private OwnerOnly() {}

  /** Makes a directory that is missing, and those above it; who has made it may open it again. */
  static void create(Path directory) throws IOException {
    Files.createDirectories(directory);
    if (Files.getFileStore(directory).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwx------"));
    }
  }
}
