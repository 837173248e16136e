package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;
import org.kvstore.server.model.Revisions;

/** A page of a listing that is being made: what is elsewhere was asked for when it was begun. */
public final class RangeListing {
  private final Shards shards;
  private final List<Shard> of;
  private final List<Shard> read;
  private final ListQuery query;
  private final Parts<Page> first;
  private final CompletionStage<Void> ready;

  /**
   * @param of shards that keys of the range may be in
   * @param at as of which revision of each; null for now
   */
  RangeListing(
      Shards shards,
      List<Shard> of,
      ListQuery query,
      @Nullable Revisions at,
      Consistency consistency) {
    this.shards = shards;
    this.of = of;
    this.query = query;
    // Of several, one that had nothing then has nothing to list.
    read =
        at == null || of.size() == 1
            ? of
            : of.stream().filter(shard -> at.at(shard.number()) > 0).toList();
    first =
        new Parts<>(
            read,
            consistency,
            shard -> PageMerge.first(read, query, at == null ? 0 : at.at(shard.number())));
    ready = shards.withOthers(of, first.ready());
  }

  /** Completes when the page can be made, as consistent as was asked for. */
  public CompletionStage<Void> ready() {
    return ready;
  }

  /**
   * Makes the page; for threads that may wait, as more than was asked for may be needed.
   *
   * @throws org.kvstore.server.model.KeyValueException COMPACTED; REQUEST_INVALID for a point in
   *     the future
   */
  public ShardedPage page() {
    return PageMerge.page(read, query, first, shards.revisionsOutside(of));
  }
}
