package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;

/**
 * The form of a {@link Read}, and of its answer, on the way between two nodes. Both begin with a
 * version byte: nodes of one cluster may differ in version for a while.
 */
public final class ReadForm {
  private static final int FORMAT = 1;
  private static final int HEAD_BYTES = 64;
  private static final int ANSWER = 1;
  private static final int FAILURE = 2;
  private static final int REVERSED = 1;
  private static final int KEYS_ONLY = 2;
  private static final Event.Reason[] REASONS = Event.Reason.values();

  private static final Form<Optional<Entry>> ENTRY =
      new Form<>(
          (row, found) -> {
            row.fixed8(found.isPresent() ? 1 : 0);
            found.ifPresent(entry -> OutcomeRows.entry(row, entry));
          },
          row -> row.fixed8() == 0 ? Optional.empty() : Optional.of(OutcomeRows.entry(row)));

  private static final Form<List<Optional<Entry>>> ENTRIES =
      new Form<>(
          (row, found) -> writeAll(row, found, ENTRY.write()), row -> all(row, ENTRY.read()));

  private static final Form<Optional<Lease>> LEASE =
      new Form<>(
          (row, found) -> {
            row.fixed8(found.isPresent() ? 1 : 0);
            found.ifPresent(lease -> OutcomeRows.lease(row, lease));
          },
          row -> row.fixed8() == 0 ? Optional.empty() : Optional.of(OutcomeRows.lease(row)));

  private static final Form<Page> PAGE = new Form<>(ReadForm::writePage, ReadForm::page);

  private static final Form<Store.Count> COUNT =
      new Form<>(
          (row, count) -> row.variable(count.keys()).variable(count.revision()),
          row -> new Store.Count(row.variable(), row.variable()));

  private static final Form<History> HISTORY =
      new Form<>(
          (row, history) -> {
            writeAll(row, history.versions(), ReadForm::writeEvent);
            row.variable(history.next());
          },
          row -> new History(all(row, ReadForm::event), row.variable()));

  private static final Form<List<Key>> KEYS =
      new Form<>(
          (row, keys) -> writeAll(row, keys, (to, key) -> to.sized(key.utf8())),
          row -> all(row, of -> new Key(of.sizedBytes())));

  private static final Form<Changes> CHANGES =
      new Form<>(
          (row, changes) -> {
            writeAll(row, changes.events(), ReadForm::writeEvent);
            row.variable(changes.upTo());
          },
          row -> new Changes(all(row, ReadForm::event), row.variable()));

  private static final Form<Long> NUMBER =
      new Form<>((row, number) -> row.variable(number), Decoder::variable);

  private ReadForm() {}

  /** The form of one kind of answer. */
  private record Form<T>(BiConsumer<Encoder, T> write, Function<Decoder, T> read) {}

  /** A read as a message. */
  public static byte[] of(Read<?> read) {
    Encoder row = new Encoder(HEAD_BYTES).fixed8(FORMAT);
    if (read instanceof Read.Get get) {
      row.fixed8(1).sized(get.key().utf8());
    } else if (read instanceof Read.GetAt get) {
      row.fixed8(2).sized(get.key().utf8()).variable(get.revision());
    } else if (read instanceof Read.PageOf page) {
      writeQuery(row.fixed8(3), page.query());
    } else if (read instanceof Read.CountOf count) {
      writeRange(row.fixed8(4), count.range()).variable(count.revision());
    } else if (read instanceof Read.HistoryOf history) {
      row.fixed8(5).sized(history.key().utf8());
      row.variable(history.from()).variable(history.limit());
    } else if (read instanceof Read.LeaseOf lease) {
      row.fixed8(6).variable(lease.id());
    } else if (read instanceof Read.KeysOf keys) {
      row.fixed8(7).variable(keys.lease());
    } else if (read instanceof Read.ChangesAfter changes) {
      row.fixed8(8).variable(changes.after());
      row.variable(changes.events()).variable(changes.bytes());
    } else if (read instanceof Read.Before before) {
      writeAll(row.fixed8(11), before.events(), ReadForm::writeChange).variable(before.bytes());
    } else {
      row.fixed8(10);
    }
    return row.toArray();
  }

  /**
   * The read of a message.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static Read<?> read(byte[] message) {
    Decoder row = new Decoder(message).expectVersion(FORMAT);
    int kind = row.fixed8();
    return switch (kind) {
      case 1 -> new Read.Get(new Key(row.sizedBytes()));
      case 2 -> new Read.GetAt(new Key(row.sizedBytes()), row.variable());
      case 3 -> new Read.PageOf(query(row));
      case 4 -> new Read.CountOf(range(row), row.variable());
      case 5 -> new Read.HistoryOf(new Key(row.sizedBytes()), row.variable(), (int) row.variable());
      case 6 -> new Read.LeaseOf(row.variable());
      case 7 -> new Read.KeysOf(row.variable());
      case 8 -> new Read.ChangesAfter(row.variable(), (int) row.variable(), row.variable());
      case 10 -> new Read.Newest();
      case 11 -> new Read.Before(all(row, ReadForm::change), row.variable());
      default -> throw new IllegalStateException("There is no read of kind " + kind + ".");
    };
  }

  /** What was read, as a message. */
  public static <T> byte[] answer(Read<T> read, T answer) {
    Encoder row = new Encoder(HEAD_BYTES).fixed8(FORMAT).fixed8(ANSWER);
    form(read).write().accept(row, answer);
    return row.toArray();
  }

  /** What a read failed with, as a message. */
  public static byte[] failure(KeyValueException failure) {
    Encoder row = new Encoder(HEAD_BYTES).fixed8(FORMAT).fixed8(FAILURE);
    row.sized(failure.code().name()).sized(String.valueOf(failure.getMessage()));
    String field = failure.field();
    row.sized(field == null ? "" : field);
    writeNumber(row, failure.limit());
    writeNumber(row, failure.currentRevision());
    return row.toArray();
  }

  /**
   * What a message says was read.
   *
   * @param read what was asked
   * @throws KeyValueException what the read failed with
   * @throws IllegalStateException when it is of an unknown format
   */
  public static <T> T answer(Read<T> read, byte[] message) {
    Decoder row = new Decoder(message).expectVersion(FORMAT);
    if (row.fixed8() == ANSWER) {
      return form(read).read().apply(row);
    }
    throw failure(row);
  }

  private static KeyValueException failure(Decoder row) {
    KeyValueException failure =
        KeyValueException.of(ErrorCode.valueOf(row.sizedText()), row.sizedText());
    String field = row.sizedText();
    failure = field.isEmpty() ? failure : failure.withField(field);
    Long limit = number(row);
    failure = limit == null ? failure : failure.withLimit(limit);
    Long revision = number(row);
    return revision == null ? failure : failure.withCurrentRevision(revision);
  }

  @SuppressWarnings("unchecked") // Each kind is paired with the form of its own answers.
  private static <T> Form<T> form(Read<T> read) {
    return (Form<T>) formOf(read);
  }

  private static Form<?> formOf(Read<?> read) {
    if (read instanceof Read.Get || read instanceof Read.GetAt) {
      return ENTRY;
    }
    if (read instanceof Read.Before) {
      return ENTRIES;
    }
    if (read instanceof Read.PageOf) {
      return PAGE;
    }
    if (read instanceof Read.CountOf) {
      return COUNT;
    }
    if (read instanceof Read.HistoryOf) {
      return HISTORY;
    }
    if (read instanceof Read.LeaseOf) {
      return LEASE;
    }
    if (read instanceof Read.KeysOf) {
      return KEYS;
    }
    return read instanceof Read.ChangesAfter ? CHANGES : NUMBER;
  }

  private static void writeQuery(Encoder row, ListQuery query) {
    writeRange(row, query.range());
    row.fixed8((query.descending() ? REVERSED : 0) | (query.keysOnly() ? KEYS_ONLY : 0));
    row.variable(query.limit()).variable(query.maxBytes());
    writeBytes(row, query.delimiter());
    row.sized(query.prefix()).variable(query.revision());
    writeBytes(row, query.after());
  }

  private static ListQuery query(Decoder row) {
    KeyRange range = range(row);
    int is = row.fixed8();
    return new ListQuery(
        range,
        (is & REVERSED) != 0,
        (int) row.variable(),
        row.variable(),
        (is & KEYS_ONLY) != 0,
        bytes(row),
        row.sizedBytes(),
        row.variable(),
        bytes(row));
  }

  private static Encoder writeRange(Encoder row, KeyRange range) {
    return writeBytes(row.sized(range.start()), range.end());
  }

  private static KeyRange range(Decoder row) {
    return new KeyRange(row.sizedBytes(), bytes(row));
  }

  private static void writePage(Encoder row, Page page) {
    writeAll(row, page.entries(), OutcomeRows::entry);
    writeAll(row, page.prefixes(), Encoder::sized);
    writeBytes(row.variable(page.revision()), page.last());
  }

  private static Page page(Decoder row) {
    return new Page(
        all(row, OutcomeRows::entry), all(row, Decoder::sizedBytes), row.variable(), bytes(row));
  }

  private static void writeEvent(Encoder row, Event event) {
    Entry entry = event.entry();
    row.variable(event.revision()).variable(event.previous()).variable(event.time());
    row.fixed8(event.reason().ordinal()).fixed8(entry == null ? 0 : 1);
    if (entry == null) {
      row.sized(event.key().utf8());
    } else {
      OutcomeRows.entry(row, entry);
    }
  }

  private static Event event(Decoder row) {
    long revision = row.variable();
    long previous = row.variable();
    long time = row.variable();
    Event.Reason reason = REASONS[row.fixed8()];
    Entry entry = row.fixed8() == 0 ? null : OutcomeRows.entry(row);
    Key key = entry == null ? new Key(row.sizedBytes()) : entry.key();
    return new Event(revision, previous, time, reason, key, entry);
  }

  /** What an event is known by. */
  private static void writeChange(Encoder row, Event event) {
    row.sized(event.key().utf8()).variable(event.revision()).variable(event.previous());
  }

  private static Event change(Decoder row) {
    return Read.Before.at(new Key(row.sizedBytes()), row.variable(), row.variable());
  }

  private static <T> Encoder writeAll(Encoder row, List<T> all, BiConsumer<Encoder, T> write) {
    row.variable(all.size());
    all.forEach(each -> write.accept(row, each));
    return row;
  }

  private static <T> List<T> all(Decoder row, Function<Decoder, T> read) {
    List<T> all = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      all.add(read.apply(row));
    }
    return all;
  }

  private static Encoder writeBytes(Encoder row, @Nullable Bytes bytes) {
    row.fixed8(bytes == null ? 0 : 1);
    return bytes == null ? row : row.sized(bytes);
  }

  private static @Nullable Bytes bytes(Decoder row) {
    return row.fixed8() == 0 ? null : row.sizedBytes();
  }

  private static void writeNumber(Encoder row, @Nullable Long number) {
    row.fixed8(number == null ? 0 : 1);
    if (number != null) {
      row.variable(number);
    }
  }

  private static @Nullable Long number(Decoder row) {
    return row.fixed8() == 0 ? null : row.variable();
  }
}
