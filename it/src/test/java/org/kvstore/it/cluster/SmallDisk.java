package org.kvstore.it.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** A disk that can be filled, where mounting one is permitted; else a directory. */
final class SmallDisk implements AutoCloseable {
  private static final int CHUNK = 1 << 20;

  /** Less than what the node wants to stay free. */
  private static final long LEFT = 24L << 20;

  private final Path directory;
  private final boolean isMounted;

  SmallDisk(Path directory) {
    this.directory = directory;
    isMounted =
        Commands.run("mount", "-t", "tmpfs", "-o", "size=512m", "tmpfs", directory.toString());
  }

  boolean isMounted() {
    return isMounted;
  }

  /** Fills it to the brim, or so far that a node of its own accord writes no more. */
  void fill(Random random) {
    long left = random.nextBoolean() ? 0 : LEFT;
    try (OutputStream out = Files.newOutputStream(ballast())) {
      byte[] chunk = new byte[CHUNK];
      while (Files.getFileStore(directory).getUsableSpace() > left) {
        out.write(chunk);
      }
    } catch (IOException isFull) {
      // As it was to be.
    }
  }

  /** Makes room again. */
  void free() {
    try {
      Files.deleteIfExists(ballast());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (isMounted) {
      Commands.run("umount", directory.toString());
    }
  }

  private Path ballast() {
    return directory.resolve("ballast");
  }
}
