package org.kvstore.server.security;

import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Lines in files that rotate. A line is with the operating system when its call returns, and whole:
 * what a failed write has left of one is cut off. After a failure the next line opens the file
 * anew.
 */
final class RotatingFile implements Closeable {
  private final IntFunction<Path> part;
  private final long maxBytes;
  private final int maxFiles;

  /** The newest part, and how long it is; guarded by the monitor. */
  private @Nullable FileOutputStream newest;

  private long size;

  /**
   * @param part the files by their numbers, 0 for the newest
   * @param maxBytes how long a part gets before the next one begins
   * @param maxFiles parts that are kept
   */
  RotatingFile(IntFunction<Path> part, long maxBytes, int maxFiles) {
    this.part = part;
    this.maxBytes = maxBytes;
    this.maxFiles = maxFiles;
  }

  /** Adds a line. */
  synchronized void append(String line) throws IOException {
    byte[] bytes = (line + '\n').getBytes(StandardCharsets.UTF_8);
    try {
      newest().write(bytes);
      size += bytes.length;
    } catch (IOException e) {
      giveUp(e);
      throw e;
    }
  }

  private FileOutputStream newest() throws IOException {
    FileOutputStream current = newest == null ? open() : newest;
    if (size < maxBytes) {
      return current;
    }
    close();
    rotate();
    return open();
  }

  private FileOutputStream open() throws IOException {
    Path path = part.apply(0);
    long length = Files.exists(path) ? Files.size(path) : 0;
    FileOutputStream opened = new FileOutputStream(path.toFile(), true);
    newest = opened;
    size = length;
    return opened;
  }

  private void rotate() throws IOException {
    Files.deleteIfExists(part.apply(maxFiles - 1));
    for (int i = maxFiles - 1; i > 0; i--) {
      if (Files.exists(part.apply(i - 1))) {
        Files.move(part.apply(i - 1), part.apply(i), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private void giveUp(IOException failure) {
    FileOutputStream broken = newest;
    newest = null;
    if (broken == null) {
      return;
    }
    try (broken) {
      if (broken.getChannel().size() > size) {
        broken.getChannel().truncate(size);
      }
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
  }

  @Override
  public synchronized void close() throws IOException {
    FileOutputStream open = newest;
    newest = null;
    if (open != null) {
      open.close();
    }
  }
}
