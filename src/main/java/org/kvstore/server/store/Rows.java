package org.kvstore.server.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;

/**
 * The disk format of the tables: how rows are keyed and what they hold. Each value begins with a
 * version byte. Numbers in row keys are big endian, so that rows sort by them.
 *
 * <pre>
 * current    key                          entry
 * changes    revision, index              event, with its time and the entry's value
 * versions   key, 0, MAX - revision       index in changes, 1 if the key exists afterwards
 * deadlines  time, key                    nothing
 * </pre>
 *
 * A key holds no zero byte, so a zero ends it without changing the order of keys; and the newest
 * version of a key comes first.
 */
final class Rows {
  private static final int FORMAT = 1;
  private static final int REVISION_TAIL = 1 + Long.BYTES;
  private static final Event.Reason[] REASONS = Event.Reason.values();

  private Rows() {}

  static byte[] currentKey(Key key) {
    return key.utf8().toArray();
  }

  static byte[] currentValue(Entry entry) {
    return writeEntry(new Encoder(48 + entry.contentType().length() + entry.value().size()), entry)
        .toArray();
  }

  static Entry currentEntry(Key key, byte[] row) {
    return readEntry(new Decoder(row), key);
  }

  /** All of an entry but its value, to hold many of them in memory. */
  static Entry withoutValue(Entry entry) {
    return new Entry(
        entry.key(),
        Bytes.EMPTY,
        entry.contentType(),
        entry.createRevision(),
        entry.modRevision(),
        entry.version(),
        entry.modifiedAt(),
        entry.expiresAt(),
        entry.lease());
  }

  static byte[] changeKey(long revision, int index) {
    return new Encoder(12).fixed64(revision).fixed32(index).toArray();
  }

  static byte[] changeValue(Event event) {
    Key key = event.key();
    Entry entry = event.entry();
    int size = 64 + key.utf8().size() + (entry == null ? 0 : 64 + entry.value().size());
    Encoder row =
        new Encoder(size)
            .fixed8(FORMAT)
            .fixed8(event.reason().ordinal())
            .variable(event.time())
            .sized(key.utf8())
            .fixed8(entry == null ? 0 : 1);
    return (entry == null ? row : writeEntry(row, entry)).toArray();
  }

  static Event changeEvent(byte[] rowKey, byte[] row) {
    Decoder keyPart = new Decoder(rowKey);
    long revision = keyPart.fixed64();
    int index = keyPart.fixed32();
    Decoder decoder = new Decoder(row).expectVersion(FORMAT);
    Event.Reason reason = REASONS[decoder.fixed8()];
    long time = decoder.variable();
    Key key = new Key(decoder.sizedBytes());
    Entry entry = decoder.fixed8() == 0 ? null : readEntry(decoder, key);
    return new Event(revision, index, time, reason, key, entry);
  }

  /** Where the changes of a revision and of those after it begin. */
  static byte[] changeStart(long revision) {
    return new Encoder(Long.BYTES).fixed64(revision).toArray();
  }

  static long revisionOfChange(byte[] rowKey) {
    return new Decoder(rowKey).fixed64();
  }

  static byte[] versionKey(Bytes key, long revision) {
    return new Encoder(key.size() + REVISION_TAIL)
        .raw(key)
        .fixed8(0)
        .fixed64(Long.MAX_VALUE - revision)
        .toArray();
  }

  /** The key of a row of versions, without the revision. */
  static Key keyOfVersion(byte[] rowKey) {
    return Key.ofStored(Arrays.copyOf(rowKey, rowKey.length - REVISION_TAIL));
  }

  static long revisionOfVersion(byte[] rowKey) {
    return Long.MAX_VALUE - new Decoder(rowKey, rowKey.length - Long.BYTES).fixed64();
  }

  static byte[] versionValue(Event event) {
    return new Encoder(6)
        .fixed8(FORMAT)
        .fixed8(event.isPut() ? 1 : 0)
        .variable(event.index())
        .toArray();
  }

  /** The row of changes that a row of versions points at; null when the key was deleted by it. */
  static byte @Nullable [] changeKeyOfVersion(byte[] rowKey, byte[] row) {
    Decoder decoder = new Decoder(row).expectVersion(FORMAT);
    boolean exists = decoder.fixed8() == 1;
    return exists ? changeKey(revisionOfVersion(rowKey), (int) decoder.variable()) : null;
  }

  /** The place of a version's change among those of its revision. */
  static int indexOfVersion(byte[] row) {
    Decoder decoder = new Decoder(row).expectVersion(FORMAT);
    decoder.fixed8();
    return (int) decoder.variable();
  }

  static byte[] deadlineKey(long time, Key key) {
    return new Encoder(Long.BYTES + key.utf8().size()).fixed64(time).raw(key.utf8()).toArray();
  }

  /** Where the deadlines at and after a time begin. */
  static byte[] deadlineStart(long time) {
    return new Encoder(Long.BYTES).fixed64(time).toArray();
  }

  static long timeOfDeadline(byte[] rowKey) {
    return new Decoder(rowKey).fixed64();
  }

  static Key keyOfDeadline(byte[] rowKey) {
    return Key.ofStored(Arrays.copyOfRange(rowKey, Long.BYTES, rowKey.length));
  }

  static Encoder writeEntry(Encoder row, Entry entry) {
    return row.fixed8(FORMAT)
        .variable(entry.createRevision())
        .variable(entry.modRevision())
        .variable(entry.version())
        .variable(entry.modifiedAt())
        .variable(entry.expiresAt())
        .variable(entry.lease())
        .sized(entry.contentType())
        .raw(entry.value());
  }

  static Entry readEntry(Decoder row, Key key) {
    row.expectVersion(FORMAT);
    long createRevision = row.variable();
    long modRevision = row.variable();
    long version = row.variable();
    long modifiedAt = row.variable();
    long expiresAt = row.variable();
    long lease = row.variable();
    String contentType = row.sizedText();
    return new Entry(
        key,
        row.rest(),
        contentType,
        createRevision,
        modRevision,
        version,
        modifiedAt,
        expiresAt,
        lease);
  }
}
