package org.kvstore.server.replication;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Watches the free space of the disk that the data is on, and the data's quota of it. Writes that
 * grow are refused beyond the quota, and below a floor of free space, so that flushes and
 * compactions, and with them deletes, still have room to work in.
 *
 * <p>The file system is asked at most every {@value #CHECK_MILLIS} ms. What is committed between
 * two checks is far below any sensible floor.
 */
public final class DiskSpace {
  private static final long CHECK_MILLIS = 50;

  private final FileStore disk;
  private final long floor;
  private final Quota quota;
  private volatile long checkedAt;
  private volatile long free = Long.MAX_VALUE;

  /**
   * @param path a file or directory on the disk
   * @param floor bytes that are to stay free
   */
  public DiskSpace(Path path, long floor) {
    this(path, floor, Quota.none());
  }

  /** The same with a quota. */
  public DiskSpace(Path path, long floor, Quota quota) {
    this.floor = floor;
    this.quota = quota;
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

  /** Whether writes that grow are refused. */
  public boolean isFull() {
    return isLow() || quota.isReached();
  }

  /** Why writes that grow are refused now, or null. */
  @Nullable KeyValueException refusal() {
    try {
      if (isLow()) {
        return KeyValueException.of(
            ErrorCode.STORAGE_FULL, "The disk has less free space than the configured floor.");
      }
    } catch (KeyValueException unknown) {
      return unknown;
    }
    return quota.isReached()
        ? KeyValueException.of(
                ErrorCode.STORAGE_FULL, "The data has reached its quota, kv.quota.bytes.")
            .withLimit(quota.bytes())
        : null;
  }

  /** What the data may take of the disk. */
  public Quota quota() {
    return quota;
  }

  /** What is to stay free: bytes. */
  public long floor() {
    return floor;
  }

  /**
   * Makes sure that the floor stays free when so many bytes are written.
   *
   * @throws KeyValueException STORAGE_FULL
   */
  public void requireRoomFor(long bytes) {
    if (freeBytes() - bytes < floor) {
      throw KeyValueException.of(
          ErrorCode.STORAGE_FULL, "It does not fit above the configured floor of free disk space.");
    }
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
