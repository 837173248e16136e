package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Writes;

/** A replica moves to another node while writes go on, and none of them is lost. */
class MoveTest {
  @TempDir Path parent;
  private TestCluster cluster;
  private @Nullable Store moved;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).with(new LogOptions(50, 8_192)).startAll();
  }

  @AfterEach
  void close() {
    cluster.close();
    if (moved != null) {
      moved.close();
    }
  }

  @Test
  void move_ofTheLeader_underWrites_losesNone_andMayBeRepeatedStepByStep() throws Exception {
    for (int i = 0; i < 80; i++) {
      cluster.write("n1", Writes.put("b" + i, "v"));
    }
    RaftNode added = cluster.startEmpty("n4");
    String source = cluster.leader();
    String other = cluster.follower();
    GroupAdmin admin = new GroupAdmin(cluster.node(other).raft());
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger acknowledged = new AtomicInteger();
    CompletableFuture<Void> writer =
        CompletableFuture.runAsync(() -> write(other, done, acknowledged));

    List<Member> before = admin.members(0);
    List<Member> both = new ArrayList<>(before);
    both.add(cluster.member("n4"));
    List<Member> after = both.stream().filter(member -> !member.id().equals(source)).toList();
    Store target = cluster.openStore(cluster.storeDirectory("n4", 0), events -> {});
    moved = target;
    for (int time = 0; time < 2; time++) {
      added.join(0, target);
      if (time == 0) {
        admin.setMembers(0, before, both);
        admin.setMembers(0, before, both);
      }
      admin.transfer(0, other);
      admin.setMembers(0, both, after);
      cluster.node(source).raft().leave(0);
    }
    done.set(true);
    writer.join();

    assertThat(admin.members(0)).extracting(Member::id).doesNotContain(source).contains("n4");
    TestCluster.await(cluster.node(other).replicator().readBarrier());
    for (int i = 0; i < acknowledged.get(); i++) {
      assertThat(cluster.node(other).store().get(Key.of("w" + i))).as("w" + i).isNotNull();
    }
    assertThat(acknowledged).hasPositiveValue();
    cluster.awaitApplied(target, cluster.node(other).store());
    assertThat(target.revision()).isEqualTo(80 + acknowledged.get());
  }

  @Test
  void replicaThatIsSentEverything_isOfUnknownAge_untilItHasIt() throws Exception {
    int keys = 500;
    for (int i = 0; i < keys; i++) {
      cluster.write("n1", Writes.put("b" + i, "v"));
    }
    RaftNode added = cluster.startEmpty("n4");
    Store target = cluster.openStore(cluster.storeDirectory("n4", 0), events -> {});
    moved = target;
    added.join(0, target);
    GroupAdmin admin = new GroupAdmin(cluster.node("n1").raft());
    List<Member> before = admin.members(0);
    List<Member> both = new ArrayList<>(before);
    both.add(cluster.member("n4"));

    CompletableFuture<Void> change =
        CompletableFuture.runAsync(() -> admin.setMembers(0, before, both));

    Awaitility.await()
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(30))
        .until(() -> added.age(0) != null);
    assertThat(target.revision()).isEqualTo(keys);
    change.join();
  }

  private void write(String id, AtomicBoolean done, AtomicInteger acknowledged) {
    TestNode node = cluster.node(id);
    try {
      while (!done.get()) {
        TestCluster.await(node.replicator().submit(Writes.put("w" + acknowledged, "v")));
        acknowledged.incrementAndGet();
      }
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
