package org.kvstore.server.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Checks write-ahead logs before RocksDB replays them, in the format that it documents: blocks of
 * 32 KiB, in them records of checksum, length, type and payload.
 *
 * <p>RocksDB's own check is not enough: it does not say which file is damaged; in the last block it
 * takes a damaged length for a record that a crash cut off, and with it drops acknowledged writes;
 * and some damaged headers make it search without end. A log that a crash cut off passes; it ends
 * in a record that is not all there, with no other behind it.
 */
final class LogCheck {
  private static final int BLOCK = 32 << 10;
  private static final int HEADER = 7;
  private static final int MASK = 0xA282EAD8;

  private LogCheck() {}

  /**
   * Checks all logs of a database.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE, naming the damaged file
   */
  static void requireIntact(Path directory) throws IOException {
    try (DirectoryStream<Path> logs = Files.newDirectoryStream(directory, "*.log")) {
      for (Path log : logs) {
        long damage = firstDamage(log);
        if (damage >= 0) {
          throw DataDirectory.refusal(
              log,
              "is damaged at byte " + damage,
              "Restore the data directory from a backup",
              null);
        }
      }
    }
  }

  /** Where a log is damaged, or -1. */
  private static long firstDamage(Path log) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(log)) {
      long size = channel.size();
      for (long base = 0; base < size; base += BLOCK) {
        block.clear().limit((int) Math.min(BLOCK, size - base));
        while (block.hasRemaining() && channel.read(block, base + block.position()) >= 0) {
          // Reads on.
        }
        block.flip();
        int damage = damageInBlock(block, base + BLOCK >= size);
        if (damage >= 0) {
          return base + damage;
        }
      }
    }
    return -1;
  }

  private static int damageInBlock(ByteBuffer block, boolean last) {
    int at = 0;
    while (block.limit() - at >= HEADER) {
      if (isRecord(block, at)) {
        at += HEADER + length(block, at);
      } else if (last && isCutOff(block, at)) {
        return -1;
      } else {
        return at;
      }
    }
    return -1;
  }

  private static boolean isCutOff(ByteBuffer block, int at) {
    int rest = block.limit() - at - HEADER;
    if (length(block, at) <= rest || hasChecksumOf(block, at, rest)) {
      return false;
    }
    for (int behind = at + 1; behind <= block.limit() - HEADER; behind++) {
      if (isRecord(block, behind)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isRecord(ByteBuffer block, int at) {
    int length = length(block, at);
    return at + HEADER + length <= block.limit() && hasChecksumOf(block, at, length);
  }

  private static boolean hasChecksumOf(ByteBuffer block, int at, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(block.array(), at + HEADER - 1, 1 + length);
    return block.getInt(at) == Integer.rotateRight((int) checksum.getValue(), 15) + MASK;
  }

  private static int length(ByteBuffer block, int at) {
    return Short.toUnsignedInt(block.getShort(at + 4));
  }
}
