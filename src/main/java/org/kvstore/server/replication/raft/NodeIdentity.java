package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * The file {@code NODE} in a node's directory says whose it is, from the first start on. With
 * another name of the cluster or the node, or another number of shards, its logs would be taken for
 * others: the node is refused then.
 */
final class NodeIdentity {
  private static final String NAME = "NODE";
  private static final Map<String, String> PROPERTIES =
      Map.of("cluster", "kv.cluster.id", "node", "kv.cluster.node", "shards", "kv.shards");

  private NodeIdentity() {}

  /** Writes it, or compares it with the one that is there. */
  static void require(ClusterOptions options) throws IOException {
    Path file = options.directory().resolve(NAME);
    String own =
        "cluster %s\nnode %s\nshards %d\n"
            .formatted(options.clusterId(), options.self(), options.shards());
    if (!Files.exists(file)) {
      Path partial = options.directory().resolve(NAME + ".new");
      Files.writeString(partial, own, StandardCharsets.UTF_8);
      CheckpointFiles.sync(partial);
      Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
      CheckpointFiles.sync(options.directory());
      return;
    }
    String[] known = Files.readString(file, StandardCharsets.UTF_8).split("\n", -1);
    String[] now = own.split("\n", -1);
    for (int line = 0; line < now.length; line++) {
      String before = line < known.length ? known[line] : "";
      if (!before.equals(now[line])) {
        throw differs(file, before, now[line]);
      }
    }
  }

  private static KeyValueException differs(Path file, String before, String now) {
    String property = PROPERTIES.getOrDefault(now.split(" ", 2)[0], "the format");
    return KeyValueException.of(
        ErrorCode.UNAVAILABLE,
        ("%s is of '%s', and this node is configured with '%s'. Set %s to what it was, or use"
                + " another data directory. Nothing was overwritten.")
            .formatted(file, before, now, property));
  }
}
