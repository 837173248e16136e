package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;
import org.kvstore.server.store.DataDirectory;

/**
 * For each shard that a node has a replica of there is a file {@code replica-SHARD}, which says how
 * it began. A founder's is written once its log is there: a founder without a log has lost it, and
 * began anew it would vote as if it had never promised anything. One that joined later begins with
 * no members in any case, and does not vote before a leader has sent it everything; that it has
 * been sent everything once is added.
 *
 * <p>Beside them, {@code begun} says that the node was permitted to begin, {@code founded} that it
 * has begun with all that it founds, after which only the marks say which replicas it has, and
 * {@code peers} which other nodes have ever taken part.
 */
final class ReplicaMarks {
  private static final String FOUNDER = "founder\n";
  private static final String JOINED = "joined\n";
  private static final String CAME = "joined, and has all\n";

  private static final String NAME = "replica-";
  private static final String BEGUN = "begun";
  private static final String FOUNDED = "founded";
  private static final String PEERS = "peers";

  private final Path directory;

  ReplicaMarks(Path directory) {
    this.directory = directory;
  }

  /** Whether this node was permitted to begin, and began or was about to. */
  boolean hasBegun() throws IOException {
    if (Files.exists(directory.resolve(BEGUN))) {
      return true;
    }
    return !shards().isEmpty();
  }

  /** Of which it has replicas. */
  Set<Integer> shards() throws IOException {
    Set<Integer> shards = new TreeSet<>();
    try (Stream<Path> files = Files.list(directory)) {
      files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches(NAME + "[0-9]{1,9}"))
          .forEach(name -> shards.add(Integer.parseInt(name.substring(NAME.length()))));
    }
    return shards;
  }

  boolean hasFounded() {
    return Files.exists(directory.resolve(FOUNDED));
  }

  /** All replicas that it founds have begun, or it joins. */
  void hasBegunAll() throws IOException {
    if (!hasFounded()) {
      write(directory.resolve(FOUNDED), "founded\n");
    }
  }

  void begins() throws IOException {
    write(directory.resolve(BEGUN), "begun\n");
  }

  /** The other nodes of which this one knows that they have taken part. */
  List<String> knownPeers() throws IOException {
    Path file = directory.resolve(PEERS);
    return Files.exists(file) ? Files.readAllLines(file) : List.of();
  }

  void knowPeers(Collection<String> ids) throws IOException {
    write(directory.resolve(PEERS), String.join("\n", ids) + "\n");
  }

  boolean isNew(int shard) {
    return !Files.exists(mark(shard));
  }

  boolean hasJoined(int shard) throws IOException {
    return Files.exists(mark(shard)) && !Files.readString(mark(shard)).equals(FOUNDER);
  }

  /** Whether it joined, and has never been known to have everything. */
  boolean isComing(int shard) throws IOException {
    return Files.exists(mark(shard)) && Files.readString(mark(shard)).equals(JOINED);
  }

  /** A replica that joined has everything, up to some moment. */
  void came(int shard) throws IOException {
    if (isComing(shard)) {
      write(mark(shard), CAME);
    }
  }

  /**
   * Makes sure that a founder's log is where it was.
   *
   * @throws ReplicaException when it is gone
   */
  void requireLog(int shard, RaftGroupId group) throws IOException {
    if (Files.exists(mark(shard)) && !hasJoined(shard) && !Files.exists(log(group))) {
      throw new ReplicaException(
          "Its log in %s is gone. %s".formatted(log(group), ReplicaException.LOST_LOG));
    }
  }

  void founded(int shard) throws IOException {
    if (!Files.exists(mark(shard))) {
      write(mark(shard), FOUNDER);
    }
  }

  /** Before the log is there, or the next start would take the replica for a founder's. */
  void joins(int shard) throws IOException {
    write(mark(shard), JOINED);
  }

  /** Deletes the log and the mark, in this order: with the mark alone nothing is begun anew. */
  void delete(int shard, RaftGroupId group) throws IOException {
    DataDirectory.deleteTree(log(group));
    DataDirectory.sync(directory);
    Files.deleteIfExists(mark(shard));
    DataDirectory.sync(directory);
  }

  private synchronized void write(Path file, String text) throws IOException {
    DataDirectory.replace(file, text);
  }

  private Path mark(int shard) {
    return directory.resolve(NAME + shard);
  }

  private Path log(RaftGroupId group) {
    return directory.resolve(group.getUuid().toString());
  }
}
