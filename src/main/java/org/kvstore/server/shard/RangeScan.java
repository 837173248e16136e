package org.kvstore.server.shard;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;
import org.kvstore.server.store.Read;

/**
 * Reads a whole range of some shards in key order, of each as of one revision, a bounded chunk at a
 * time, however long its reader takes; for threads that may wait. To be closed.
 */
public final class RangeScan implements AutoCloseable {
  private static final int CHUNK_KEYS = 1_000;
  private static final long CHUNK_BYTES = 1 << 20;

  private final List<Source> sources = new ArrayList<>();
  private List<Entry> chunk = List.of();

  /** Begins to read, once what is read is as consistent as that. */
  RangeScan(List<Shard> shards, KeyRange range, Consistency consistency) {
    ListQuery chunk = ShardScan.chunk(range, CHUNK_KEYS, CHUNK_BYTES / shards.size());
    Parts<Page> first = new Parts<>(shards, consistency, shard -> new Read.PageOf(chunk));
    Waiting.join(first.ready());
    try {
      for (int i = 0; i < shards.size(); i++) {
        Page page = first.isAsked(i) ? first.get(i) : null;
        sources.add(new Source(new ShardScan(shards.get(i), chunk, page)));
      }
      advance();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /** The entries read last; at first the first of the range. */
  public List<Entry> entries() {
    return chunk;
  }

  /**
   * Reads on; false at the end of the range.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when a store was closed, or no
   *     node that has a shard answers
   */
  public boolean advance() {
    chunk = sources.size() == 1 ? sources.get(0).rest() : merged();
    return !chunk.isEmpty();
  }

  private List<Entry> merged() {
    List<Entry> merged = new ArrayList<>();
    long bytes = 0;
    Source next = first();
    while (next != null && merged.size() < CHUNK_KEYS && bytes < CHUNK_BYTES) {
      Entry entry = next.take();
      merged.add(entry);
      bytes += entry.key().utf8().size() + entry.value().size();
      next = first();
    }
    return merged;
  }

  /** The source whose key comes first; null when all are at their ends. */
  private @Nullable Source first() {
    Source first = null;
    Bytes lowest = null;
    for (Source source : sources) {
      Entry entry = source.peek();
      if (entry != null && (lowest == null || entry.key().utf8().compareTo(lowest) < 0)) {
        first = source;
        lowest = entry.key().utf8();
      }
    }
    return first;
  }

  @Override
  public void close() {
    sources.forEach(source -> source.scan.close());
  }

  /** What is left over of one shard. */
  private static final class Source {
    private final ShardScan scan;
    private int at;
    private boolean atEnd;

    Source(ShardScan scan) {
      this.scan = scan;
    }

    @Nullable Entry peek() {
      while (!atEnd && at == scan.entries().size()) {
        atEnd = !scan.advance();
        at = atEnd ? at : 0;
      }
      return atEnd ? null : scan.entries().get(at);
    }

    Entry take() {
      return scan.entries().get(at++);
    }

    /** All that was read and not taken, or else read next; nothing at the end. */
    List<Entry> rest() {
      if (peek() == null) {
        return List.of();
      }
      List<Entry> rest = scan.entries().subList(at, scan.entries().size());
      at = scan.entries().size();
      return rest;
    }
  }
}
