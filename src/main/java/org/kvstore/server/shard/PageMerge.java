package org.kvstore.server.shard;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.Read;

/**
 * Merges the listings of several shards into one page, in key order. Of each shard a part is read
 * at a time, about its share of the page, and more when that runs out: of one that is elsewhere it
 * is waited for then.
 */
final class PageMerge {
  private static final int LEAST_PART = 16;

  private final ListQuery query;
  private final Comparator<Bytes> order;
  private final int part;
  private final long partBytes;
  private final List<Source> sources = new ArrayList<>();
  private final List<Entry> entries = new ArrayList<>();
  private final List<Bytes> prefixes = new ArrayList<>();
  private long bytes;
  private @Nullable Bytes last;

  private PageMerge(List<Shard> shards, ListQuery query, Parts<Page> first) {
    this.query = query;
    order = query.descending() ? Comparator.reverseOrder() : Comparator.naturalOrder();
    part = part(shards, query);
    partBytes = partBytes(shards, query);
    for (int i = 0; i < shards.size(); i++) {
      sources.add(new Source(shards.get(i), first.get(i)));
    }
  }

  private static int part(List<Shard> shards, ListQuery query) {
    return Math.min(query.limit(), LEAST_PART + 2 * query.limit() / shards.size());
  }

  private static long partBytes(List<Shard> shards, ListQuery query) {
    return Math.max(1, query.maxBytes() / shards.size());
  }

  /**
   * What is read first of a shard.
   *
   * @param at as of which revision; 0 for now
   */
  static Read<Page> first(List<Shard> shards, ListQuery query, long at) {
    if (shards.size() == 1) {
      return new Read.PageOf(query.part(query.limit(), query.maxBytes(), at, query.after()));
    }
    return new Read.PageOf(
        query.part(part(shards, query), partBytes(shards, query), at, query.after()));
  }

  /**
   * A page of some shards.
   *
   * @param first what was read first of each
   * @param others the revisions of shards that are not among them
   */
  static ShardedPage page(
      List<Shard> shards, ListQuery query, Parts<Page> first, Revisions others) {
    return shards.size() == 1
        ? page(shards.get(0), first.get(0), others)
        : new PageMerge(shards, query, first).page(others);
  }

  private static ShardedPage page(Shard only, Page page, Revisions others) {
    return new ShardedPage(
        page.entries(), page.prefixes(), others.with(only.number(), page.revision()), page.last());
  }

  private ShardedPage page(Revisions others) {
    fill();
    boolean more = next() != null;
    Revisions at = others;
    for (Source source : sources) {
      at = at.with(source.shard.number(), source.revision);
    }
    return new ShardedPage(entries, prefixes, at, more ? last : null);
  }

  private void fill() {
    Source next = next();
    while (next != null && hasRoom()) {
      take(next.poll());
      next = next();
    }
  }

  private boolean hasRoom() {
    return entries.size() + prefixes.size() < query.limit() && bytes < query.maxBytes();
  }

  private void take(Item item) {
    last = item.position;
    bytes += item.position.size();
    if (item.entry == null) {
      prefixes.add(item.position);
      // Other shards have keys under the same prefix.
      sources.forEach(source -> source.skip(item.position));
    } else {
      entries.add(item.entry);
      bytes += item.entry.value().size();
    }
  }

  /** The source whose item comes first; null when all are at their ends. */
  private @Nullable Source next() {
    Source first = null;
    for (Source source : sources) {
      Item item = source.peek();
      if (item != null
          && (first == null || order.compare(item.position, first.required().position) < 0)) {
        first = source;
      }
    }
    return first;
  }

  /**
   * A step of a listing.
   *
   * @param position a key, or a folded prefix
   * @param entry of the key; null for a prefix
   */
  private record Item(Bytes position, @Nullable Entry entry) {}

  /** The listing of one shard. */
  private final class Source {
    private final Shard shard;

    /** All parts are as of that of the first. */
    private final long revision;

    private final Deque<Item> items = new ArrayDeque<>();
    private @Nullable Bytes after;

    Source(Shard shard, Page first) {
      this.shard = shard;
      revision = first.revision();
      add(first);
    }

    @Nullable Item peek() {
      if (items.isEmpty() && after != null) {
        read();
      }
      return items.peek();
    }

    Item required() {
      return items.element();
    }

    Item poll() {
      return items.remove();
    }

    void skip(Bytes prefix) {
      Item item = peek();
      if (item != null && item.entry == null && item.position.equals(prefix)) {
        items.remove();
      }
    }

    private void read() {
      ListQuery next = query.part(part, partBytes, revision, after);
      add(shard.reads().asOf(revision, new Read.PageOf(next)));
    }

    private void add(Page page) {
      after = page.last();
      items.addAll(inOrder(page));
    }

    private List<Item> inOrder(Page page) {
      List<Item> all = new ArrayList<>();
      page.entries().forEach(entry -> all.add(new Item(entry.key().utf8(), entry)));
      page.prefixes().forEach(prefix -> all.add(new Item(prefix, null)));
      if (!page.prefixes().isEmpty()) {
        all.sort(Comparator.comparing(Item::position, order));
      }
      return all;
    }
  }
}
