package org.kvstore.server.shard;

import java.util.List;
import java.util.concurrent.CompletionStage;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Store;

/** Keys of a range that are being counted: elsewhere since it was begun. */
public final class RangeCount {
  private final Shards shards;
  private final List<Shard> of;
  private final Parts<Store.Count> parts;
  private final CompletionStage<Void> ready;

  /**
   * @param of shards that keys of the range may be in
   * @param revision as of when, where there is one; 0 for now
   */
  RangeCount(
      Shards shards, List<Shard> of, KeyRange range, long revision, Consistency consistency) {
    this.shards = shards;
    this.of = of;
    parts = new Parts<>(of, consistency, shard -> new Read.CountOf(range, revision));
    ready = shards.withOthers(of, parts.ready());
  }

  /** Completes when they can be counted here, as consistent as was asked for. */
  public CompletionStage<Void> ready() {
    return ready;
  }

  /** Counts them. */
  public Shards.Count count() {
    Revisions at = shards.revisionsOutside(of);
    long keys = 0;
    for (int i = 0; i < of.size(); i++) {
      Store.Count count = parts.get(i);
      keys += count.keys();
      at = at.with(of.get(i).number(), count.revision());
    }
    return new Shards.Count(keys, at);
  }
}
