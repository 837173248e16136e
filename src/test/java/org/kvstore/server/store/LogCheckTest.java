package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.store.LogCheck.Damage;

/** Logs made by hand: what a crash leaves of the last write passes, other damage is named. */
class LogCheckTest {
  private static final int BLOCK = 32 << 10;
  private static final int PAGE = 4 << 10;
  private static final int HEADER = 7;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private final Random random = new Random(Long.getLong("seed", 5));

  @BeforeEach
  void makeManifest() throws IOException {
    Files.writeString(directory.resolve("CURRENT"), "MANIFEST-000001\n");
    Files.createFile(directory.resolve("MANIFEST-000001"));
  }

  @Test
  void wholeLogs_areIntact() throws IOException {
    new Log().add(1, 3, 100).add(4, 1, 3 * BLOCK).add(5, 2, 100).write("000004");
    new Log().add(7, 1, 50).write("000009");
    new Log().write("000010");

    assertThat(LogCheck.damages(directory)).isEmpty();
  }

  @Test
  void lastRecordLacksPages_passes() throws IOException {
    Log log = new Log().add(1, 3, 5_000);
    int synced = log.size();
    log.add(4, 1, 2 * BLOCK);
    for (int page = synced / PAGE; page <= log.size() / PAGE; page++) {
      Path file = log.write("000004");
      FileTrees.zero(file, Math.max(synced, page * PAGE), Math.min((page + 1) * PAGE, log.size()));

      assertThat(LogCheck.damages(directory)).as("page %d", page).isEmpty();
    }
  }

  @Test
  void lastRecordLacksItsFewBytesOnAPage_passes() throws IOException {
    for (int beyond = 1; beyond <= HEADER; beyond++) {
      Log log = new Log().add(1, 3, 1_000);
      log.add(4, 1, 2 * PAGE + beyond - log.size() - HEADER);
      Path file = log.write("000004");
      FileTrees.zero(file, 2 * PAGE, log.size());

      assertThat(LogCheck.damages(directory)).as("%d bytes", beyond).isEmpty();
    }
  }

  @Test
  void lastRecordIsCutOff_passes() throws IOException {
    Log log = new Log().add(1, 3, 1_000);
    int synced = log.size();
    log.add(4, 1, BLOCK);
    for (int size = synced; size < log.size(); size += 100) {
      FileTrees.truncate(log.write("000004"), size);

      assertThat(LogCheck.damages(directory)).as("%d bytes", size).isEmpty();
    }
  }

  @Test
  void earlierRecordLacksAPage_isNamed() throws IOException {
    Log log = new Log().add(1, 3, 500);
    int from = log.size();
    Path file = log.add(4, 1, 2 * BLOCK).add(5, 1, 500).write("000004");
    FileTrees.zero(file, PAGE, 2 * PAGE);

    assertThat(LogCheck.damages(directory))
        .containsExactly(new Damage(file, "is damaged at byte " + from));
  }

  @Test
  void bitOfTheLastRecordTurnedOver_isNamed() throws IOException {
    Log log = new Log().add(1, 3, 500);
    int from = log.size();
    log.add(4, 1, 5_000);
    for (int i = 0; i < 200; i++) {
      Path file = log.write("000004");
      FileTrees.flipBit(file, from + random.nextInt(log.size() - from), random.nextInt(8));

      assertThat(LogCheck.damages(directory))
          .containsExactly(new Damage(file, "is damaged at byte " + from));
    }
  }

  @Test
  void logThatEndsEarly_passesIfTheNextGoesOnThere() throws IOException {
    lackingItsLastRecord("000004");
    new Log().write("000005");
    new Log().add(4, 1, 100).write("000006");

    assertThat(LogCheck.damages(directory)).isEmpty();
  }

  @Test
  void logThatEndsEarly_isNamedIfTheNextGoesOnFurtherOn() throws IOException {
    Path file = lackingItsLastRecord("000004");
    new Log().add(5, 1, 100).write("000006");

    assertThat(LogCheck.damages(directory)).extracting(Damage::file).isEqualTo(List.of(file));
  }

  @Test
  void headOfARecordInTwoBlocks_isRead() throws IOException {
    Log log = new Log();
    log.add(1, 3, BLOCK - 2 * HEADER - 5).add(4, 2, 100);
    int from = log.size();
    Path file = log.add(6, 1, PAGE).write("000004");
    FileTrees.zero(file, from, log.size());
    new Log().add(6, 1, 100).write("000005");
    assertThat(LogCheck.damages(directory)).isEmpty();

    new Log().add(7, 1, 100).write("000005");
    assertThat(LogCheck.damages(directory)).extracting(Damage::file).isEqualTo(List.of(file));
  }

  private Path lackingItsLastRecord(String number) throws IOException {
    Log log = new Log().add(1, 3, 100);
    int from = log.size();
    Path file = log.add(4, 1, PAGE).write(number);
    FileTrees.zero(file, from, log.size());
    return file;
  }

  /** A log as RocksDB writes it. */
  private final class Log {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    int size() {
      return bytes.size();
    }

    /** Adds a record of some bytes that begin with its sequence number and number of rows. */
    Log add(long sequence, int rows, int size) {
      byte[] record = new byte[size];
      random.nextBytes(record);
      ByteBuffer.wrap(record).order(ByteOrder.LITTLE_ENDIAN).putLong(sequence).putInt(rows);
      for (int from = 0; from < size; ) {
        int room = BLOCK - bytes.size() % BLOCK - HEADER;
        if (room < 0) {
          bytes.writeBytes(new byte[room + HEADER]);
          room = BLOCK - HEADER;
        }
        int to = Math.min(size, from + room);
        addPart(record, from, to);
        from = to;
      }
      return this;
    }

    private void addPart(byte[] record, int from, int to) {
      boolean begins = from == 0;
      boolean ends = to == record.length;
      int type = begins ? (ends ? 1 : 2) : (ends ? 4 : 3);
      ByteBuffer part = ByteBuffer.allocate(HEADER + to - from).order(ByteOrder.LITTLE_ENDIAN);
      part.putShort(4, (short) (to - from))
          .put(6, (byte) type)
          .put(HEADER, record, from, to - from);
      CRC32C checksum = new CRC32C();
      checksum.update(part.array(), 6, part.capacity() - 6);
      part.putInt(0, Integer.rotateRight((int) checksum.getValue(), 15) + 0xA282EAD8);
      bytes.writeBytes(part.array());
    }

    Path write(String number) throws IOException {
      return Files.write(directory.resolve(number + ".log"), bytes.toByteArray());
    }
  }
}
