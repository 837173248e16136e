package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftGroupId;
import org.kvstore.server.store.DataDirectory;

/**
 * For each shard that a node has a replica of there is a file {@code replica-SHARD}, which says how
 * it began. A founder's is written once its log is there: a founder without a log has lost it, and
 * began anew it would vote as if it had never promised anything. One that joined later begins with
 * no members in any case, and does not vote before a leader has sent it everything.
 *
 * <p>Beside them, {@code begun} says that the node was permitted to begin, and {@code peers} which
 * other nodes have ever taken part.
 */
final class ReplicaMarks {
  private static final String FOUNDER = "founder\n";
  private static final String JOINED = "joined\n";

  private static final String BEGUN = "begun";
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
    try (Stream<Path> marks = Files.list(directory)) {
      return marks.anyMatch(mark -> mark.getFileName().toString().startsWith("replica-"));
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
    return Files.exists(mark(shard)) && Files.readString(mark(shard)).equals(JOINED);
  }

  /**
   * Makes sure that a founder's log is where it was.
   *
   * @throws ReplicaException when it is gone
   */
  void requireLog(int shard, RaftGroupId group) throws IOException {
    if (Files.exists(mark(shard)) && !hasJoined(shard) && !Files.exists(log(group))) {
      throw new ReplicaException(
          ("Its log in %s is gone. It must not vote. Remove this replica from the cluster and add"
                  + " it again; the others send it everything.")
              .formatted(log(group)));
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
    Path partial = directory.resolve("mark.new");
    Files.writeString(partial, text);
    DataDirectory.sync(partial);
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
    DataDirectory.sync(directory);
  }

  private Path mark(int shard) {
    return directory.resolve("replica-" + shard);
  }

  private Path log(RaftGroupId group) {
    return directory.resolve(group.getUuid().toString());
  }
}
