package org.kvstore.server.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Checks write-ahead logs and the manifest, which is a log too, before RocksDB replays them, in the
 * format that it documents: blocks of 32 KiB, in them records of checksum, length, type and
 * payload.
 *
 * <p>RocksDB's own check is not enough: it does not say which file is damaged; in the last block it
 * takes a damaged length for a record that a crash cut off, and with it drops acknowledged writes;
 * and some damaged headers make it search without end.
 *
 * <p>Every record is synced before the next one is written, see {@link Database#write}. So what a
 * crash leaves of a write that was not acknowledged is the last record of the last log: it may be
 * cut off, or lack sectors, which read as zeros. That passes, as long as no other record begins
 * behind it and the next log, if the store was opened since, goes on where this one ends. Damage
 * that happens to look the same cannot be told from it.
 */
final class LogCheck {
  private static final Pattern LOG = Pattern.compile("[0-9]+\\.log");
  private static final int BLOCK = 32 << 10;
  private static final int PAGE = 4 << 10;
  private static final int SECTOR = 512;
  private static final int HEADER = 7;
  private static final int TYPE = 6;
  private static final int MASK = 0xA282EAD8;

  /** A record begins with its sequence number and its number of rows. */
  private static final int BATCH_HEAD = Long.BYTES + Integer.BYTES;

  /** Records that are whole, or one of several parts. */
  private static final int FULL = 1;

  private static final int FIRST = 2;
  private static final int MIDDLE = 3;
  private static final int LAST = 4;

  private final Path file;
  private final FileChannel channel;
  private final long size;
  private final ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);

  /** What is known of the head of the record that was begun last. */
  private final ByteBuffer batch = ByteBuffer.allocate(BATCH_HEAD).order(ByteOrder.LITTLE_ENDIAN);

  /** Whether the log ends within a record. */
  private boolean endsEarly;

  /** The sequence numbers that the log begins with and goes on with; -1 without records. */
  private long first = -1;

  private long next = -1;

  private LogCheck(Path file, FileChannel channel) throws IOException {
    this.file = file;
    this.channel = channel;
    size = channel.size();
  }

  /** A file, and what is wrong with it. */
  record Damage(Path file, String what) {}

  /**
   * Checks the manifest and all logs of a database.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE, naming the damaged file
   */
  static void requireIntact(Path directory) throws IOException {
    List<Damage> damages = damages(directory);
    if (!damages.isEmpty()) {
      Damage damage = damages.get(0);
      throw DataDirectory.refusal(
          damage.file(), damage.what(), "Restore the data directory from a backup", null);
    }
  }

  /**
   * What is wrong with the manifest and the logs of a database.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when there is no manifest
   */
  static List<Damage> damages(Path directory) throws IOException {
    List<Damage> damages = new ArrayList<>();
    check(manifest(directory), damages);
    LogCheck before = null;
    for (Path log : logs(directory)) {
      LogCheck check = check(log, damages);
      if (check.first >= 0) {
        if (before != null && before.endsEarly && check.first != before.next) {
          damages.add(new Damage(before.file, "is damaged at its end: the next log is further on"));
        }
        before = check;
      }
    }
    return damages;
  }

  /** The logs in the order in which they were written. */
  static List<Path> logs(Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> LOG.matcher(name(file)).matches())
          .sorted(Comparator.comparingLong(LogCheck::number))
          .toList();
    }
  }

  private static long number(Path log) {
    String name = name(log);
    return Long.parseLong(name.substring(0, name.indexOf('.')));
  }

  private static String name(Path file) {
    return String.valueOf(file.getFileName());
  }

  /** The manifest that is in use. */
  private static Path manifest(Path directory) throws IOException {
    Path current = directory.resolve("CURRENT");
    String name = Files.readString(current, StandardCharsets.ISO_8859_1);
    Path manifest =
        directory.resolve(name.matches("MANIFEST-[0-9]+\n") ? name.strip() : "MANIFEST");
    if (!Files.exists(manifest)) {
      throw DataDirectory.refusal(
          current,
          "is damaged, or the file that it names is missing: " + manifest,
          "Restore the data directory from a backup",
          null);
    }
    return manifest;
  }

  private static LogCheck check(Path log, List<Damage> damages) throws IOException {
    try (FileChannel channel = FileChannel.open(log)) {
      LogCheck check = new LogCheck(log, channel);
      long damage = check.firstDamage();
      if (damage >= 0) {
        damages.add(new Damage(log, "is damaged at byte " + damage));
      }
      return check;
    }
  }

  /** Where the log is damaged, or -1. */
  private long firstDamage() throws IOException {
    for (long base = 0; base < size; base += BLOCK) {
      read(base);
      int damage = damageInBlock(base + BLOCK >= size);
      if (damage >= 0) {
        endsEarly = true;
        return lacksSectors(damage) && !hasRecordBegunBehind(damage, base) ? -1 : base + damage;
      }
    }
    return -1;
  }

  private void read(long base) throws IOException {
    block.clear().limit((int) Math.min(BLOCK, size - base));
    while (block.hasRemaining() && channel.read(block, base + block.position()) >= 0) {
      // Reads on.
    }
    block.flip();
  }

  private int damageInBlock(boolean last) {
    int at = 0;
    while (block.limit() - at >= HEADER) {
      if (isRecord(at)) {
        follow(at);
        at += HEADER + length(at);
      } else if (last && isCutOff(at)) {
        endsEarly = true;
        return -1;
      } else {
        return at;
      }
    }
    return -1;
  }

  /** Takes the sequence numbers from a record, whose head may be in several parts. */
  private void follow(int at) {
    int type = block.get(at + TYPE);
    if (type < FULL || type > LAST) {
      return;
    }
    if (type == FULL || type == FIRST) {
      batch.clear();
    }
    batch.put(block.array(), at + HEADER, Math.min(length(at), batch.remaining()));
    endsEarly = type == FIRST || type == MIDDLE;
    if (!endsEarly && !batch.hasRemaining()) {
      long sequence = batch.getLong(0);
      first = first < 0 ? sequence : first;
      next = sequence + Integer.toUnsignedLong(batch.getInt(Long.BYTES));
    }
  }

  private boolean isCutOff(int at) {
    int rest = block.limit() - at - HEADER;
    if (length(at) <= rest || hasChecksumOf(at, rest)) {
      return false;
    }
    for (int behind = at + 1; behind <= block.limit() - HEADER; behind++) {
      if (isRecord(behind)) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a sector of a record is zero, as far as it belongs to it. A few zeros at its end may be
   * its own, unless they are all that a page holds of it.
   */
  private boolean lacksSectors(int at) {
    int end = Math.min(block.limit(), Math.max(at + HEADER + length(at), at + SECTOR));
    for (int from = at; from < end; from = nextSector(from)) {
      int to = Math.min(nextSector(from), block.limit());
      boolean tells = from == at || to - from >= HEADER || from % PAGE == 0;
      if (tells && isZero(from, to)) {
        return true;
      }
    }
    return false;
  }

  private static int nextSector(int at) {
    return (at / SECTOR + 1) * SECTOR;
  }

  private boolean isZero(int from, int to) {
    for (int at = from; at < to; at++) {
      if (block.get(at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Where damage is, and at the end, a record may begin anywhere; else one leads to the next. */
  private boolean hasRecordBegunBehind(int damage, long base) throws IOException {
    if (findsRecordBegun(damage + 1, true)) {
      return true;
    }
    for (long next = base + BLOCK; next < size; next += BLOCK) {
      read(next);
      if (findsRecordBegun(0, next + BLOCK >= size)) {
        return true;
      }
    }
    return false;
  }

  private boolean findsRecordBegun(int from, boolean anywhere) {
    for (int at = from; at <= block.limit() - HEADER; ) {
      boolean isRecord = isRecord(at);
      if (isRecord && block.get(at + TYPE) != MIDDLE && block.get(at + TYPE) != LAST) {
        return true;
      }
      if (!isRecord && !anywhere) {
        return false;
      }
      at += isRecord ? HEADER + length(at) : 1;
    }
    return false;
  }

  private boolean isRecord(int at) {
    int length = length(at);
    return at + HEADER + length <= block.limit() && hasChecksumOf(at, length);
  }

  private boolean hasChecksumOf(int at, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(block.array(), at + TYPE, 1 + length);
    return block.getInt(at) == Integer.rotateRight((int) checksum.getValue(), 15) + MASK;
  }

  private int length(int at) {
    return Short.toUnsignedInt(block.getShort(at + 4));
  }
}
