package org.kvstore.server.store;

import java.nio.charset.StandardCharsets;
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

  /** Why a group is to be passed over; null when it is to be applied. */
  @Nullable EntryResult refusal(Serial serial) {
    byte[] row = database.get(Table.META, database.newest(), name(serial));
    if (row == null) {
      return null;
    }
    Decoder numbers = new Decoder(row);
    Serial last = new Serial(serial.sender(), numbers.fixed64(), numbers.fixed64());
    if (serial.isAfter(last)) {
      return null;
    }
    return serial.life() < last.life()
        ? new EntryResult.Outdated(last.life())
        : new EntryResult.Repeated();
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
        name(serial),
        new Encoder(2 * Long.BYTES).fixed64(serial.life()).fixed64(serial.number()).toArray());
  }

  private static byte[] name(Serial serial) {
    return (SENDER + serial.sender()).getBytes(StandardCharsets.UTF_8);
  }
}
