package org.kvstore.server.replication.raft;

import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What became of the entries that a node has proposed, since its start. */
public final class ProposalCounts {
  private final LongAdder applied = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final LongAdder unknown = new LongAdder();

  void ended(@Nullable Throwable failure) {
    if (failure == null) {
      applied.increment();
    } else if (failure instanceof NotLeadingException) {
      refused.increment();
    } else {
      unknown.increment();
    }
  }

  /** Those that were applied here. */
  public long applied() {
    return applied.sum();
  }

  /** Those that were certainly not taken into the log. */
  public long refused() {
    return refused.sum();
  }

  /** Those of which nobody knew what became of them when they were given up. */
  public long unknown() {
    return unknown.sum();
  }
}
