package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvstore.it.support.Verification;

/** What each node has on its disk, as {@code verify} tells. */
final class Disks {
  private static final Pattern DIGEST =
      Pattern.compile(
          "^\\S+/shards/(\\d+):$.*?^  digest +(\\w+)$", Pattern.MULTILINE | Pattern.DOTALL);

  /** One may have applied what others had no time for when they were killed. */
  private static final int TRIES = 5;

  private Disks() {}

  /**
   * Kills all nodes of a cluster that nobody writes to, and requires that each member's disk is
   * sound, and that all replicas of a shard have the same rows.
   */
  static void requireEqual(Cluster cluster) throws IOException, InterruptedException {
    Map<String, Set<String>> digests = killed(cluster);
    for (int tries = 1; tries < TRIES && !areEqual(digests); tries++) {
      cluster.start();
      digests = killed(cluster);
    }
    assertThat(digests).as("digests of shards").hasSize(cluster.shards());
    assertThat(areEqual(digests)).as("equal digests in %s", digests).isTrue();
  }

  private static boolean areEqual(Map<String, Set<String>> digests) {
    return digests.values().stream().allMatch(ofAShard -> ofAShard.size() == 1);
  }

  /** The digests that the replicas of each shard have. */
  private static Map<String, Set<String>> killed(Cluster cluster)
      throws IOException, InterruptedException {
    cluster.killAll();
    Map<String, Set<String>> digests = new TreeMap<>();
    for (Node node : cluster.members()) {
      Verification verified = Verification.of(node.data().toString());
      assertThat(verified.code()).as("%s: %s", node.id(), verified.text()).isZero();
      Matcher shards = DIGEST.matcher(verified.text());
      while (shards.find()) {
        digests.computeIfAbsent(shards.group(1), shard -> new TreeSet<>()).add(shards.group(2));
      }
    }
    return digests;
  }
}
