package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;

/**
 * Counts keys, and reads one page of a listing from a view, folding keys under common prefixes
 * where asked to.
 */
final class Lister {
  private static final int COUNT_STEP = 10_000;

  private final ListQuery query;
  private final List<Entry> entries = new ArrayList<>();
  private final List<Bytes> prefixes = new ArrayList<>();
  private long bytes;
  private @Nullable Bytes last;

  private Lister(ListQuery query) {
    this.query = query;
  }

  static Page page(View view, ListQuery query) {
    long revision = query.revision() == 0 ? view.revision() : query.revision();
    return new Lister(query).read(view, revision);
  }

  private Page read(View view, long revision) {
    KeyRange rest = rest();
    if (rest.isEmpty()) {
      return new Page(entries, prefixes, revision, null);
    }
    try (EntryWalk walk = view.walk(rest, query.descending(), revision)) {
      while (walk.isValid() && hasRoom()) {
        take(walk);
      }
      return new Page(entries, prefixes, revision, walk.isValid() ? last : null);
    }
  }

  private boolean hasRoom() {
    return entries.size() + prefixes.size() < query.limit() && bytes < query.maxBytes();
  }

  private void take(EntryWalk walk) {
    Bytes folded = fold(walk.key());
    if (folded == null) {
      Entry entry = query.keysOnly() ? Rows.withoutValue(walk.entry()) : walk.entry();
      entries.add(entry);
      bytes += entry.key().utf8().size() + entry.value().size();
      last = walk.key();
      walk.next();
      return;
    }
    prefixes.add(folded);
    bytes += folded.size();
    last = folded;
    Bytes behind = query.descending() ? folded : folded.afterPrefix();
    // No key is above a prefix of 0xFF bytes only, which valid UTF-8 never is.
    walk.skipTo(behind == null ? folded : behind);
  }

  /** The part of the range that the pages before have left over. */
  private KeyRange rest() {
    Bytes after = query.after();
    if (after == null) {
      return query.range();
    }
    if (query.descending()) {
      return query.range().below(after);
    }
    Bytes behind = fold(after) == null ? after.successor() : after.afterPrefix();
    return query.range().from(behind == null ? after : behind);
  }

  /** The prefix that a key is folded under, its delimiter included; null when it is not folded. */
  private @Nullable Bytes fold(Bytes key) {
    Bytes delimiter = query.delimiter();
    if (delimiter == null) {
      return null;
    }
    int at = key.indexOf(delimiter, query.prefix().size());
    return at < 0 ? null : key.prefix(at + delimiter.size());
  }

  /** Counts the keys of a range as of a revision, in steps. */
  static long count(PinnedView pin, KeyRange range, long revision) {
    Step step = pin.read(view -> count(view, range, revision));
    long keys = step.keys();
    while (step.keys() == COUNT_STEP) {
      KeyRange rest = range.from(step.last().successor());
      step = pin.read(view -> count(view, rest, revision));
      keys += step.keys();
    }
    return keys;
  }

  /**
   * A part of a count.
   *
   * @param keys how many were counted
   * @param last the last of them
   */
  private record Step(int keys, Bytes last) {}

  private static Step count(View view, KeyRange range, long revision) {
    int keys = 0;
    Bytes last = Bytes.EMPTY;
    try (EntryWalk walk = view.walk(range, false, revision)) {
      for (; walk.isValid() && keys < COUNT_STEP; walk.next()) {
        keys++;
        last = walk.key();
      }
    }
    return new Step(keys, last);
  }
}
