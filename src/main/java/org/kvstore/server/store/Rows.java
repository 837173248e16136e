package org.kvstore.server.store;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.crypto.DataKey;
import org.kvstore.server.crypto.Sealer;
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
 * changes    revision, key                event, with its time and the entry's value
 * versions   key, 0, MAX - revision       1 if the key exists afterwards
 * deadlines  time, key                    nothing
 * </pre>
 *
 * In an encrypted database the value and its type are sealed, together with the key and with all
 * numbers of the entry: none of them can be exchanged for another one. Format 2 says so.
 *
 * <p>A key holds no zero byte, so a zero ends it without changing the order of keys; and the newest
 * version of a key comes first.
 */
final class Rows {
  private static final int FORMAT = 1;
  private static final int SEALED = 2;

  /** Bytes by which sealing makes a row longer, at the most. */
  static final int SEAL = 48;

  /** Bytes of a row of changes before its entry, at the most. */
  static final int CHANGE_HEAD = 3 + 2 * Encoder.LONGEST_VARIABLE;

  /** Bytes of an entry before its content, at the most. */
  private static final int NUMBERS = 1 + 6 * Encoder.LONGEST_VARIABLE;

  private static final int REVISION_TAIL = 1 + Long.BYTES;
  private static final Event.Reason[] REASONS = Event.Reason.values();

  private Rows() {}

  static byte[] currentKey(Key key) {
    return key.utf8().toArray();
  }

  static byte[] currentValue(Entry entry) {
    int size = NUMBERS + entry.contentType().length() + entry.value().size();
    return content(numbers(new Encoder(size).fixed8(FORMAT), entry), entry).toArray();
  }

  /** The same, sealed when there is a sealer. */
  static byte[] currentValue(Entry entry, @Nullable Sealer sealer) {
    if (sealer == null) {
      return currentValue(entry);
    }
    byte[] numbers = numbers(new Encoder(NUMBERS).fixed8(SEALED), entry).toArray();
    int size = 8 + entry.contentType().length() + entry.value().size();
    byte[] content = content(new Encoder(size), entry).toArray();
    byte[] sealed = sealer.seal(associated(numbers, entry.key()), content);
    return new Encoder(numbers.length + sealed.length).raw(numbers).raw(sealed).toArray();
  }

  private static Encoder numbers(Encoder row, Entry entry) {
    return row.variable(entry.createRevision())
        .variable(entry.modRevision())
        .variable(entry.version())
        .variable(entry.modifiedAt())
        .variable(entry.expiresAt())
        .variable(entry.lease());
  }

  private static Encoder content(Encoder row, Entry entry) {
    return row.sized(entry.contentType()).raw(entry.value());
  }

  /** What is not secret of an entry, but sealed with its value. */
  private static byte[] associated(byte[] numbers, Key key) {
    return new Encoder(1 + numbers.length + key.utf8().size())
        .fixed8('e')
        .raw(numbers)
        .raw(key.utf8())
        .toArray();
  }

  static Entry currentEntry(Key key, byte[] row) {
    return currentEntry(key, row, null);
  }

  /** The same, of an encrypted database when there is a key. */
  static Entry currentEntry(Key key, byte[] row, @Nullable DataKey dataKey) {
    return readEntry(new Decoder(row), key, dataKey);
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

  /** All of an entry but its value and type, which are not decrypted and so not vouched for. */
  static Entry entryHead(Key key, byte[] row, @Nullable DataKey dataKey) {
    return readNumbers(new Decoder(row), key, dataKey);
  }

  static byte[] changeKey(long revision, Key key) {
    return new Encoder(Long.BYTES + key.utf8().size()).fixed64(revision).raw(key.utf8()).toArray();
  }

  /**
   * The row of an event.
   *
   * @param entry the stored form of its entry; empty for a delete
   */
  static byte[] changeValue(Event event, byte[] entry) {
    return new Encoder(CHANGE_HEAD + entry.length)
        .fixed8(FORMAT)
        .fixed8(event.isPut() ? 1 : 0)
        .variable(event.previous())
        .variable(event.time())
        .fixed8(event.reason().ordinal())
        .raw(entry)
        .toArray();
  }

  static Event changeEvent(byte[] rowKey, byte[] row, @Nullable DataKey dataKey) {
    Key key = keyOfChange(rowKey);
    Decoder decoder = new Decoder(row).expectVersion(FORMAT);
    boolean isPut = decoder.fixed8() == 1;
    long previous = decoder.variable();
    long time = decoder.variable();
    Event.Reason reason = REASONS[decoder.fixed8()];
    Entry entry = isPut ? readEntry(decoder, key, dataKey) : null;
    long revision = revisionOfChange(rowKey);
    if (dataKey != null && entry != null && entry.modRevision() != revision) {
      throw Sealed.altered();
    }
    return new Event(revision, previous, time, reason, key, entry);
  }

  /** The same without the entry's value and type, of the first {@link #CHANGE_HEAD} bytes. */
  static ChangeHead changeHead(byte[] row) {
    Decoder decoder = new Decoder(row).expectVersion(FORMAT);
    return new ChangeHead(decoder.fixed8() == 1, decoder.variable(), decoder.variable());
  }

  /**
   * What a row of changes begins with.
   *
   * @param isPut whether the key exists after it
   * @param previous the revision of the entry that it replaced or deleted, or 0
   * @param time when it was made: milliseconds since the epoch
   */
  record ChangeHead(boolean isPut, long previous, long time) {}

  /** Where the changes of a revision and of those after it begin. */
  static byte[] changeStart(long revision) {
    return new Encoder(Long.BYTES).fixed64(revision).toArray();
  }

  static long revisionOfChange(byte[] rowKey) {
    return new Decoder(rowKey).fixed64();
  }

  static Key keyOfChange(byte[] rowKey) {
    return Key.ofStored(Arrays.copyOfRange(rowKey, Long.BYTES, rowKey.length));
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
    return new byte[] {FORMAT, (byte) (event.isPut() ? 1 : 0)};
  }

  /** Whether the key exists with a version; else it was deleted by it. */
  static boolean existsInVersion(byte[] row) {
    return new Decoder(row).expectVersion(FORMAT).fixed8() == 1;
  }

  /** The row of changes that a row of versions points at. */
  static byte[] changeKeyOfVersion(byte[] rowKey) {
    return changeKey(revisionOfVersion(rowKey), keyOfVersion(rowKey));
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

  private static Entry readEntry(Decoder row, Key key, @Nullable DataKey dataKey) {
    int begin = row.at();
    Entry head = readNumbers(row, key, dataKey);
    Decoder content =
        dataKey == null ? row : Sealed.open(row, dataKey, associated(row.since(begin), key));
    String contentType = content.sizedText();
    return new Entry(
        key,
        content.rest(),
        contentType,
        head.createRevision(),
        head.modRevision(),
        head.version(),
        head.modifiedAt(),
        head.expiresAt(),
        head.lease());
  }

  private static Entry readNumbers(Decoder row, Key key, @Nullable DataKey dataKey) {
    row.expectVersion(dataKey == null ? FORMAT : SEALED);
    return new Entry(
        key,
        Bytes.EMPTY,
        "",
        row.variable(),
        row.variable(),
        row.variable(),
        row.variable(),
        row.variable(),
        row.variable());
  }
}
