package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.Writes;

/** A node that starts again on its directories applies nothing twice and loses nothing. */
class RestartTest {
  private static final List<String> IDS = List.of("n1", "n2", "n3");

  @TempDir Path parent;
  private TestCluster cluster;
  private int written;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void oneNode_closedAndStarted_catchesUp() throws Exception {
    cluster.startAll();
    write("n1", 20);
    cluster.stop("n2");
    write("n1", 20);

    cluster.start("n2");

    write("n2", 20);
    requireEqual();
  }

  /** It voted again, and could have a write lost that it has acknowledged. */
  @Test
  void oneNode_putBackFromAnOldCopy_isNoticed_asTheOthersKnowBetter() throws Exception {
    cluster.startAll();
    write("n1", 20);
    String old = cluster.follower();
    cluster.stop(old);
    Path copy = parent.resolve("old");
    copyWhatIsThere(cluster.directory(old), copy);
    cluster.start(old);
    write("n1", 20);
    cluster.awaitEqual();
    cluster.stop(old);
    FileTrees.delete(cluster.directory(old));
    Files.move(copy, cluster.directory(old));

    RaftNode back = cluster.start(old).raft();

    KeyValueException why = Objects.requireNonNull(back.failure(0));
    assertThat(why).hasMessageContaining("is an old copy").hasMessageContaining("must not vote");
    write(cluster.leader(), 20);
  }

  @Test
  void allNodes_closedAndStarted_showTheSame() throws Exception {
    cluster.with(new LogOptions(15, 4_096)).startAll();
    write("n1", 40);
    cluster.stopAll();

    cluster.startAll();

    write("n3", 20);
    requireEqual();
  }

  @Test
  void allNodes_killedUnderWrites_showWhatWasAcknowledged() throws Exception {
    cluster.with(new LogOptions(50, 4_096)).startAll();
    write("n1", 70);
    List<CompletionStage<Outcome>> underWay = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      underWay.add(cluster.node("n2").replicator().submit(Writes.put("u" + i, "v")));
    }
    Path copies = parent.resolve("killed");
    for (String id : IDS) {
      // What the store has on the disk at any moment, then the log: as after kill -9.
      copyWhatIsThere(cluster.directory(id).resolve("shards"), copies.resolve(id + "/shards"));
      copyWhatIsThere(cluster.directory(id).resolve("raft"), copies.resolve(id + "/raft"));
    }
    cluster.stopAll();
    for (String id : IDS) {
      FileTrees.delete(cluster.directory(id));
      Files.move(copies.resolve(id), cluster.directory(id));
    }

    cluster.startAll();

    write("n1", 1);
    TestNode node = cluster.node("n1");
    TestCluster.await(node.replicator().readBarrier());
    for (int i = 0; i < 70; i++) {
      assertThat(node.store().get(Key.of("k" + i))).as("k" + i).isNotNull();
    }
    long kept = underWay.stream().filter(i -> isThere(node, underWay.indexOf(i))).count();
    assertThat(node.store().revision()).isEqualTo(written + kept);
    requireEqualFiles();
  }

  private static boolean isThere(TestNode node, int number) {
    return node.store().get(Key.of("u" + number)) != null;
  }

  private void write(String id, int count) throws Exception {
    for (int i = 0; i < count; i++, written++) {
      assertThat(cluster.write(id, Writes.put("k" + written, "v")))
          .isInstanceOf(Outcome.Written.class);
    }
  }

  private void requireEqual() throws Exception {
    TestNode node = cluster.node("n1");
    TestCluster.await(node.replicator().readBarrier());
    assertThat(node.store().revision()).isEqualTo(written);
    requireEqualFiles();
  }

  /** Every row of every table, at the same position of the log. */
  private void requireEqualFiles() throws Exception {
    cluster.awaitEqual();
    cluster.stopAll();
    Set<String> states =
        IDS.stream()
            .map(id -> Stores.digest(cluster.storeDirectory(id, 0)))
            .collect(Collectors.toSet());
    assertThat(states).hasSize(1);
  }

  /** Again when a file was renamed or deleted meanwhile. */
  private static void copyWhatIsThere(Path from, Path to) {
    for (int tries = 0; ; tries++) {
      try {
        FileTrees.copy(from, to);
        return;
      } catch (UncheckedIOException e) {
        FileTrees.delete(to);
        if (tries > 20 || !(e.getCause() instanceof NoSuchFileException)) {
          throw e;
        }
      }
    }
  }
}
