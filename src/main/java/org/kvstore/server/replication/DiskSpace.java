package org.kvstore.server.replication;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Watches the free space of the disk that the data is on. Writes that grow are refused below a
 * floor, so that flushes and compactions, and with them deletes, still have room to work in.
 *
 * <p>The file system is asked at most every {@value #CHECK_MILLIS} ms. The limit on pending bytes
 * is far below any sensible floor, so what is admitted between two checks fits.
 */
public final class DiskSpace {
  private static final long CHECK_MILLIS = 50;

  private final FileStore disk;
  private final long floor;
  private volatile long checkedAt;
  private volatile long free = Long.MAX_VALUE;

  /**
   * @param path a file or directory on the disk
   * @param floor bytes that are to stay free
   */
  public DiskSpace(Path path, long floor) {
    this.floor = floor;
    try {
      disk = Files.getFileStore(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    check(System.nanoTime());
  }

  /** Whether less than the floor is free. */
  public boolean isLow() {
    return freeBytes() < floor;
  }

  /** Free space: bytes, as of the last {@value #CHECK_MILLIS} ms. */
  public long freeBytes() {
    long now = System.nanoTime();
    if (now - checkedAt > CHECK_MILLIS * 1_000_000) {
      check(now);
    }
    return free;
  }

  private void check(long now) {
    checkedAt = now;
    try {
      free = disk.getUsableSpace();
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The free disk space cannot be read.")
          .withCause(e);
    }
  }
}
