package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Set;
import java.util.TreeSet;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Which replicas a node has, before it is made: those that it has had at its end, and of a founder
 * that has not begun yet, those that it founds.
 *
 * @param hasBegun whether the node has ever taken part, or was about to
 * @param here those that may be read from at once: with that of the system
 * @param coming those that have not been sent everything yet; {@link ReplicaHost#came} follows
 */
public record ReplicasAtStart(boolean hasBegun, Set<Integer> here, Set<Integer> coming) {

  /** Copies the sets. */
  public ReplicasAtStart {
    here = Set.copyOf(here);
    coming = Set.copyOf(coming);
  }

  /**
   * Those of a node.
   *
   * @throws KeyValueException UNAVAILABLE when the directory of the logs cannot be used
   */
  public static ReplicasAtStart of(ClusterOptions options) {
    try {
      Files.createDirectories(options.directory());
      return of(options, new ReplicaMarks(options.directory()));
    } catch (IOException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The directory of the logs cannot be used: " + e)
          .withCause(e);
    }
  }

  static ReplicasAtStart of(ClusterOptions options, ReplicaMarks marks) throws IOException {
    Set<Integer> here = new TreeSet<>(marks.shards());
    Set<Integer> coming = new TreeSet<>();
    here.add(options.shards());
    for (int shard = 0; shard < options.shards(); shard++) {
      if (marks.isComing(shard)) {
        here.remove(shard);
        coming.add(shard);
      } else if (!options.joins()
          && !marks.hasFounded()
          && options.founders(shard).contains(options.own())) {
        here.add(shard);
      }
    }
    return new ReplicasAtStart(marks.hasBegun(), here, coming);
  }

  /** All of them. */
  public Set<Integer> all() {
    Set<Integer> all = new TreeSet<>(here);
    all.addAll(coming);
    return all;
  }
}
