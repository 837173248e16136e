package org.kvstore.server.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.store.DataDirectory;

/**
 * Which node of which cluster a data directory is of, and where. It is written when the directory
 * is new, and never changes: keys would be looked for in the wrong shards, a node speak for
 * another, or a copy of a node vote beside it.
 *
 * @param cluster the cluster's name
 * @param node the node's id
 * @param address where other nodes reach it: host and port
 * @param shards how many shards the cluster has
 */
record ClusterMark(String cluster, String node, String address, int shards) {
  private static final String FILE = "CLUSTER";
  private static final Pattern LINES =
      Pattern.compile(
          "kvstore-cluster 2\ncluster (\\S+)\nnode (\\S+)\naddress (\\S+)\nshards ([0-9]{1,4})\n"
              + "crc32c [0-9a-f]{8}\n");

  private String text() {
    String lines =
        "kvstore-cluster 2\ncluster %s\nnode %s\naddress %s\nshards %d\n"
            .formatted(cluster, node, address, shards);
    CRC32C checksum = new CRC32C();
    checksum.update(lines.getBytes(StandardCharsets.ISO_8859_1));
    return lines + "crc32c %08x\n".formatted(checksum.getValue());
  }

  /**
   * Makes sure that a directory is of a node, or of a single server; marks a new one.
   *
   * @param wanted the node; null for a single server
   * @param hasBegun whether it has taken part: before, its address may still be corrected
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE, saying what it is of and what
   *     to do
   */
  static void require(DataDirectory directory, @Nullable ClusterMark wanted, boolean hasBegun) {
    Path file = directory.shards().resolve(FILE);
    try {
      if (directory.isNew()) {
        write(file, wanted);
        return;
      }
      requireSame(file, Files.exists(file) ? read(file) : null, wanted, hasBegun);
    } catch (IOException e) {
      throw DataDirectory.refusal(file, "cannot be read or written", "Check its permissions", e);
    }
  }

  private static void write(Path file, @Nullable ClusterMark mark) throws IOException {
    if (mark != null) {
      DataDirectory.replace(file, mark.text());
    }
  }

  private static ClusterMark read(Path file) throws IOException {
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    Matcher lines = LINES.matcher(text);
    if (lines.matches()) {
      ClusterMark mark =
          new ClusterMark(
              lines.group(1), lines.group(2), lines.group(3), Integer.parseInt(lines.group(4)));
      if (mark.text().equals(text)) {
        return mark;
      }
    }
    throw DataDirectory.refusal(
        file, "is damaged", "Remove this node from its cluster, and add it with a new one", null);
  }

  private static void requireSame(
      Path file, @Nullable ClusterMark found, @Nullable ClusterMark wanted, boolean hasBegun)
      throws IOException {
    if (found == null && wanted != null) {
      throw DataDirectory.refusal(
          file,
          "is missing: the data is that of a single server",
          "Start it without kv.cluster.node and make a backup; start the cluster with new data"
              + " directories, and restore it",
          null);
    }
    if (found == null) {
      return;
    }
    if (wanted == null) {
      throw refusal(file, found, "kv.cluster.node is not set");
    }
    if (!found.cluster.equals(wanted.cluster)) {
      throw refusal(file, found, "kv.cluster.id is '" + wanted.cluster + "'");
    }
    if (!found.node.equals(wanted.node)) {
      throw refusal(file, found, "kv.cluster.node is '" + wanted.node + "'");
    }
    if (found.shards != wanted.shards) {
      throw refusal(file, found, "kv.shards is " + wanted.shards + ", which never changes");
    }
    if (found.address.equals(wanted.address)) {
      return;
    }
    if (hasBegun) {
      throw DataDirectory.refusal(
          file,
          "says that the data is of node %s at %s, and this one is at %s"
              .formatted(found.node, found.address, wanted.address),
          "Members keep their addresses, and a copy of a node must not run beside it: start it"
              + " where it was, or remove %1$s from the cluster (kv cluster remove %1$s), and add it"
                  .formatted(found.node)
              + " with a new data directory",
          null);
    }
    write(file, wanted);
  }

  private static RuntimeException refusal(Path file, ClusterMark found, String but) {
    return DataDirectory.refusal(
        file,
        "says that the data is of node %s of cluster %s with %d shards, but %s"
            .formatted(found.node, found.cluster, found.shards, but),
        "Set it so, or set kv.data.dir (KV_DATA_DIR) to another directory",
        null);
  }
}
