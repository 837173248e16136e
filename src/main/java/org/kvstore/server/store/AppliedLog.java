package org.kvstore.server.store;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.model.Serial;

/**
 * What a store knows of the replicated log that it follows: how far it has been applied, and which
 * group of each sender was the last. Written with the batch of each entry.
 */
final class AppliedLog {
  private static final byte[] POSITION = "applied".getBytes(StandardCharsets.US_ASCII);

  private static final String SENDER = "sender/";

  private final Database database;

  AppliedLog(Database database) {
    this.database = database;
  }

  /** The last entry that was applied. */
  LogPosition position() {
    byte[] row = database.get(Table.META, database.newest(), POSITION);
    if (row == null) {
      return LogPosition.NONE;
    }
    Decoder position = new Decoder(row);
    return new LogPosition(position.fixed64(), position.fixed64());
  }

  /**
   * Why groups of one entry are passed over, by their places in it; those that are not there are to
   * be applied.
   */
  Map<Integer, GroupResult> refusals(List<LogEntry.Group> groups) {
    Map<Integer, GroupResult> refusals = new HashMap<>();
    Map<String, Serial> newest = new HashMap<>();
    for (int at = 0; at < groups.size(); at++) {
      Serial serial = groups.get(at).serial();
      Serial last = newest.get(serial.sender());
      GroupResult refusal = refusal(serial, last == null ? last(serial.sender()) : last);
      if (refusal == null) {
        newest.put(serial.sender(), serial);
      } else {
        refusals.put(at, refusal);
      }
    }
    return refusals;
  }

  private @Nullable Serial last(String sender) {
    byte[] row = database.get(Table.META, database.newest(), name(sender));
    if (row == null) {
      return null;
    }
    Decoder numbers = new Decoder(row);
    return new Serial(sender, numbers.fixed64(), numbers.fixed64());
  }

  private static @Nullable GroupResult refusal(Serial serial, @Nullable Serial last) {
    if (last == null || serial.isAfter(last)) {
      return null;
    }
    return serial.life() < last.life()
        ? new GroupResult.Outdated(last.life())
        : new GroupResult.Repeated();
  }

  static void write(Staging staging, LogPosition position) {
    staging.put(
        Table.META,
        POSITION,
        new Encoder(2 * Long.BYTES).fixed64(position.term()).fixed64(position.index()).toArray());
  }

  static void write(Staging staging, Serial serial) {
    staging.put(
        Table.META,
        name(serial.sender()),
        new Encoder(2 * Long.BYTES).fixed64(serial.life()).fixed64(serial.number()).toArray());
  }

  /** Whether a row of the table is one of those. */
  static boolean isOfTheLog(byte[] key) {
    byte[] sender = name("");
    return Arrays.equals(key, POSITION)
        || (key.length >= sender.length
            && Arrays.equals(key, 0, sender.length, sender, 0, sender.length));
  }

  private static byte[] name(String sender) {
    return (SENDER + sender).getBytes(StandardCharsets.UTF_8);
  }
}
