package org.kvstore.liberty;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Where one running server writes its logs, work area and temporary files: the first of {@code
 * run-0}, {@code run-1}, ... that no living server uses. It is kept, because a server that finds
 * its earlier work area starts in half the time.
 *
 * <p>Two file locks guard it. This process holds {@code launcher.lock}; the server holds {@code
 * server.lock}, which outlives a killed launcher until the server has stopped too.
 */
final class RunDirectory implements AutoCloseable {
  static final String SERVER_LOCK = "server.lock";

  /**
   * The server's own temporary files: the system's directory may forbid to run the native library
   * that is unpacked there, and keeps what a killed server leaves behind.
   */
  static final String TEMPORARY = "tmp";

  private static final int MOST = 1000;

  private final Path path;
  private final FileChannel lock;

  private RunDirectory(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  static RunDirectory claim(Path root) {
    try {
      Files.createDirectories(root);
      for (int i = 0; i < MOST; i++) {
        Path path = ownerOnly(root.resolve("run-" + i));
        FileChannel lock = tryLock(path.resolve("launcher.lock"));
        if (lock != null) {
          if (isFree(path.resolve(SERVER_LOCK))) {
            FileTree.delete(path.resolve(TEMPORARY));
            Files.createDirectory(path.resolve(TEMPORARY));
            return new RunDirectory(path, lock);
          }
          lock.close();
        }
      }
      throw new IOException("all " + MOST + " run directories are in use");
    } catch (IOException e) {
      throw new StartupException("cannot use a run directory in " + root, e);
    }
  }

  /** What Liberty writes here of a request that fails has its headers in it, tokens and all. */
  private static Path ownerOnly(Path path) throws IOException {
    try {
      return Files.createDirectory(path, OwnerOnly.directory(path));
    } catch (FileAlreadyExistsException e) {
      return path;
    }
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }

  private static boolean isFree(Path file) throws IOException {
    try (FileChannel lock = tryLock(file)) {
      return lock != null;
    }
  }

  /** The open and locked file, or null when another process has it locked. */
  static @Nullable FileChannel tryLock(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    FileLock lock = channel.tryLock();
    if (lock != null) {
      return channel;
    }
    channel.close();
    return null;
  }
}
