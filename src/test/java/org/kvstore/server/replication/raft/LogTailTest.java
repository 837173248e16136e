package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.ShardStatus.Role;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Writes;

/** A replica whose log has lost what its store has applied takes no part; the others go on. */
class LogTailTest {
  @TempDir Path parent;
  private TestCluster cluster;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).startAll();
    for (int i = 0; i < 20; i++) {
      cluster.write("n1", Writes.put("k" + i, "v"));
    }
    cluster.awaitEqual();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void entriesThatWereAppliedAreMissing_isRefused_andSaysWhatToDo() throws Exception {
    cluster.stop("n2");
    deleteCheckpoints();
    truncate(3);

    TestNode node = cluster.start("n2");

    KeyValueException failure = Objects.requireNonNull(node.raft().failure(0));
    assertThat(failure)
        .hasMessageContaining("shard 0")
        .hasMessageContaining("Remove this node from the cluster (kv cluster remove)");
    assertThat(node.raft().describe().get(0).role()).isEqualTo(Role.OUT);
    assertThat(node.raft().describe().get(0).problem()).isEqualTo(failure.getMessage());
    assertThat(cluster.write("n1", Writes.put("k", "v"))).isInstanceOf(Outcome.Written.class);
  }

  /** Raft begins a file of the log before it writes an entry into it. */
  @Test
  void newestFileOfTheLogIsEmpty_theOneBeforeItCounts() throws Exception {
    long last = cluster.node("n2").store().applied().index();
    cluster.stop("n2");
    deleteCheckpoints();
    Path all = newestSegment();
    FileTrees.truncate(all, FileTrees.contentSize(all));
    Files.move(all, all.resolveSibling("log_0-" + last));
    Files.writeString(all.resolveSibling("log_inprogress_" + (last + 1)), "RaftLog1");

    TestNode node = cluster.start("n2");

    assertThat(node.raft().failure(0)).isNull();
    cluster.awaitEqual();
  }

  /** As a full disk leaves it: with an older term, an older leader would be believed. */
  @Test
  void termOnTheDiskIsBeforeThatOfTheLastEntry_isThatOfTheEntry() throws Exception {
    long term = cluster.node("n2").store().applied().term();
    cluster.stopAll();
    Path meta =
        FileTrees.containing(cluster.directory("n2"), "raft-meta").stream()
            .filter(path -> path.endsWith("raft-meta"))
            .findFirst()
            .orElseThrow();
    assertThat(Files.readString(meta)).contains("term=" + term);
    Files.writeString(meta, "term=0\nvotedFor=\n");

    TestNode node = cluster.start("n2");

    assertThat(Objects.requireNonNull(node.raft().replicas().division(0)).getInfo())
        .satisfies(info -> assertThat(info.getCurrentTerm()).isEqualTo(term));
  }

  @Test
  void logAndStoreAreGone_isRefused_untilItIsRemovedAndAdded() throws Exception {
    cluster.stop("n2");
    FileTrees.delete(cluster.storeDirectory("n2", 0));
    FileTrees.delete(
        FileTrees.containing(cluster.directory("n2"), "raft-meta")
            .get(0)
            .resolve("../..")
            .normalize());

    TestNode node = cluster.start("n2");

    assertThat(Objects.requireNonNull(node.raft().failure(0))).hasMessageContaining("is gone");
    GroupAdmin admin = new GroupAdmin(cluster.node("n1").raft());
    List<Member> all = admin.members(0);
    List<Member> others = all.stream().filter(member -> !member.id().equals("n2")).toList();
    admin.setMembers(0, all, others);
    node.raft().leave(0);
    node.raft().join(0, node.store());
    admin.setMembers(0, others, all);
    cluster.awaitApplied(node.store(), cluster.node("n1").store());
    assertThat(node.store().revision()).isEqualTo(20);
    // For a moment it may think that it was removed, as it was.
    Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> node.raft().failure(0) == null);
  }

  @Test
  void lastEntryIsTorn_thatWasNotApplied_isCutOff_andComesAgain() throws Exception {
    cluster.stop("n2");
    Path store = FileTrees.copy(cluster.storeDirectory("n2", 0), parent.resolve("store"));
    cluster.start("n2");
    for (int i = 0; i < 5; i++) {
      cluster.write("n1", Writes.put("l" + i, "v"));
    }
    cluster.awaitEqual();
    cluster.stop("n2");
    FileTrees.delete(cluster.storeDirectory("n2", 0));
    FileTrees.copy(store, cluster.storeDirectory("n2", 0));
    truncate(3);

    TestNode node = cluster.start("n2");

    assertThat(node.raft().failure(0)).isNull();
    cluster.awaitEqual();
    assertThat(node.store().revision()).isEqualTo(25);
  }

  /** As if it had been killed, after its store had made all durable by itself. */
  private void deleteCheckpoints() throws Exception {
    try (Stream<Path> tree = Files.walk(cluster.directory("n2").resolve("raft"))) {
      tree.filter(path -> path.getFileName().toString().startsWith("checkpoint."))
          .toList()
          .forEach(FileTrees::delete);
    }
  }

  private Path newestSegment() {
    List<Path> segments =
        FileTrees.containing(cluster.directory("n2").resolve("raft"), "log_inprogress");
    return segments.get(segments.size() - 1);
  }

  /** Cuts the newest file of the log of n2 off, so many bytes before its end. */
  private void truncate(int bytes) {
    Path newest = newestSegment();
    FileTrees.truncate(newest, FileTrees.contentSize(newest) - bytes);
  }
}
