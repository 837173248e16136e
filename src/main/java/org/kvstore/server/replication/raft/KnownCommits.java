package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.List;
import java.util.function.IntFunction;

/**
 * How far the others know this node's replicas to have committed their logs, as these said
 * themselves while they ran: what was on the disk then, and must be now. A replica that has less is
 * of a directory that was put back from an old copy. Only leaders tell, and as long as they or
 * those that led before them are up.
 */
final class KnownCommits {
  private final String self;
  private final ReplicaMarks marks;
  private final IntFunction<List<ShardWord>> words;

  /**
   * @param words what the others have said of a shard
   */
  KnownCommits(String self, ReplicaMarks marks, IntFunction<List<ShardWord>> words) {
    this.self = self;
    this.marks = marks;
    this.words = words;
  }

  /**
   * An index; at most 0 where nobody knows. One that is still coming has been deleted before,
   * maybe, and is known from then.
   */
  long of(int shard) throws IOException {
    return marks.isNew(shard) || marks.isComing(shard)
        ? -1
        : words.apply(shard).stream().mapToLong(word -> word.committedBy(self)).max().orElse(-1);
  }
}
