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
          "^\\S+/shards/(\\w+):$.*?^  digest +(\\w+)$", Pattern.MULTILINE | Pattern.DOTALL);

  /** SHA-256 (FIPS 180-4) of no byte. */
  private static final String OF_NOTHING =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  /** One may have applied what others had no time for when they were stopped. */
  private static final int TRIES = 5;

  private Disks() {}

  /**
   * Stops all nodes of a cluster that nobody writes to, which puts all that they have into files,
   * and requires that each member's disk is sound, and that all replicas of a shard, the system's
   * among them, have the same rows, and some of each shard that keys are in.
   */
  static void requireEqual(Cluster cluster) throws IOException, InterruptedException {
    Map<String, Set<String>> digests = stopped(cluster);
    for (int tries = 1; tries < TRIES && !areEqual(digests); tries++) {
      cluster.start();
      digests = stopped(cluster);
    }
    assertThat(digests).as("digests of shards").hasSize(cluster.shards() + 1);
    assertThat(areEqual(digests)).as("equal digests in %s", digests).isTrue();
    digests.remove("system");
    assertThat(digests.values()).as("what is in them").doesNotContain(Set.of(OF_NOTHING));
  }

  private static boolean areEqual(Map<String, Set<String>> digests) {
    return digests.values().stream().allMatch(ofAShard -> ofAShard.size() == 1);
  }

  /** The digests that the replicas of each shard have. */
  private static Map<String, Set<String>> stopped(Cluster cluster)
      throws IOException, InterruptedException {
    cluster.stopAll();
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
