package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.MemoryTempDir;
import org.kvstore.server.store.RecordedProcess;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.TracedDisk;
import org.kvstore.server.store.TracedDisk.Loss;
import org.kvstore.server.store.Writes;

/**
 * The power of all machines of a cluster is cut at once, at any moment: with what POSIX lets the
 * disks keep, each of them takes part again, none needs people, all have every acknowledged write,
 * and all become equal, row by row.
 *
 * <p>{@code -Dlong=true} cuts more often; {@code -Dseed=N} does the same again.
 */
@Timeout(3_600)
class ClusterPowerCutTest {
  private static final int CUTS = Boolean.getBoolean("long") ? 150 : 5;
  private static final int COMMANDS = 400;

  @TempDir(factory = MemoryTempDir.class)
  Path directory;

  private final long seed =
      Long.getLong("seed", Boolean.getBoolean("long") ? new Random().nextLong() : 13);
  private final Random random = new Random(seed);
  private final Map<Loss, Integer> images = new EnumMap<>(Loss.class);
  private final List<Member> members = TestCluster.newMembers(3);
  private int cutSoFar;

  @Test
  void powerCutAnywhere_keepsEveryAcknowledgedWrite_andEveryReplica() throws Exception {
    List<String> arguments = new ArrayList<>(List.of(Integer.toString(COMMANDS)));
    members.forEach(member -> arguments.add(member.raftAddress()));
    RecordedProcess process =
        RecordedProcess.of(directory, ClusterPowerCutWorkload.class, arguments);

    process.replay(process.cuts(CUTS, 1, random), this::cut);

    System.out.printf(
        "ClusterPowerCutTest: seed=%d calls=%d cuts=%d images=%s%n",
        seed, process.length(), CUTS, images);
  }

  private void cut(TracedDisk disk, int place, int acknowledged) {
    Loss loss = Loss.values()[cutSoFar++ % Loss.values().length];
    Path image = directory.resolve("image");
    disk.writeTo(image, loss, random);
    try {
      check(image, acknowledged);
    } catch (Exception | AssertionError e) {
      throw new AssertionError(
          "seed=%d cut=%d loss=%s acknowledged=%d".formatted(seed, place, loss, acknowledged), e);
    }
    images.merge(loss, 1, Integer::sum);
    FileTrees.delete(image);
  }

  private void check(Path image, int acknowledged) throws Exception {
    try (TestCluster cluster =
        new TestCluster(image, members, 1).with(ClusterPowerCutWorkload.LOG)) {
      cluster.startAll();
      TestNode leader = cluster.node(cluster.leader());
      assertThat(cluster.write(cluster.leader(), Writes.put("after the cut", "v")))
          .isInstanceOf(Outcome.Written.class);
      cluster.awaitEqual();
      for (TestNode node : cluster.running()) {
        assertThat(node.raft().failure(0)).isNull();
      }
      requireAcknowledged(leader.store(), acknowledged);
      cluster.stopAll();
      assertThat(members.stream().map(each -> digest(cluster, each)).distinct()).hasSize(1);
    }
  }

  /** Every one is there, those under way whole or not at all, and nothing else. */
  private static void requireAcknowledged(Store store, int acknowledged) {
    int found = 0;
    for (int i = 0; i < COMMANDS; i++) {
      Entry entry = store.get(Key.of(ClusterPowerCutWorkload.key(i)));
      assertThat(entry != null || i >= acknowledged).as("put %s", i).isTrue();
      if (entry != null) {
        found++;
        assertThat(new String(entry.value().toArray(), StandardCharsets.UTF_8))
            .isEqualTo(ClusterPowerCutWorkload.value(i));
      }
    }
    assertThat(store.revision()).isEqualTo(found + 1);
    assertThat(store.changes(0, COMMANDS + 1, 1 << 20).events()).hasSize(found + 1);
  }

  private static String digest(TestCluster cluster, Member member) {
    return Stores.digest(cluster.storeDirectory(member.id(), 0));
  }
}
