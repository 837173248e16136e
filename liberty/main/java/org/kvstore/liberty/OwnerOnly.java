package org.kvstore.liberty;

import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Permissions of what nobody else may read, where the file system knows such. */
final class OwnerOnly {
  private OwnerOnly() {}

  static FileAttribute<?>[] directory(Path path) {
    return attributes(path, "rwx------");
  }

  static FileAttribute<?>[] file(Path path) {
    return attributes(path, "rw-------");
  }

  static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static FileAttribute<?>[] attributes(Path path, String permissions) {
    if (!isPosix(path)) {
      return new FileAttribute<?>[0];
    }
    return new FileAttribute<?>[] {
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
    };
  }
}
