package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.ratis.server.protocol.TermIndex;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.replication.raft.TestCluster.TestNode;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.Writes;

/** A replica that is too far behind for the log goes on from a checkpoint of the leader's. */
class CheckpointTest {
  private static final LogOptions SHORT = new LogOptions(10, 1_024);

  @TempDir Path parent;
  private TestCluster cluster;
  private int written;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).with(SHORT).startAll();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  /** A listener that counts. */
  private static final class Recoveries implements CommitListener {
    final AtomicInteger count = new AtomicInteger();

    @Override
    public void committed(List<Event> events) {
      // Only recoveries are of interest.
    }

    @Override
    public void recovered() {
      count.incrementAndGet();
    }
  }

  @Test
  void farBehind_goesOnFromACheckpoint_withTheSameHistory() throws Exception {
    String behind = cluster.follower();
    write(10);
    cluster.awaitEqual();
    long applied = cluster.node(behind).store().applied().index();
    cluster.stop(behind);
    write(60);
    requireLogStartsAfter(applied);
    Recoveries recoveries = new Recoveries();

    TestNode node = cluster.start(behind, recoveries);

    write(5);
    awaitRevision(node);
    assertThat(recoveries.count).hasValue(1);
    assertThat(node.store().changes(0, 1_000, 1 << 20).events()).hasSize(written);
    requireEqual();
  }

  @Test
  void startedAgainAfterIt_goesOnFromThere() throws Exception {
    String behind = cluster.follower();
    cluster.stop(behind);
    write(60);
    TestNode node = cluster.start(behind);
    write(5);
    awaitRevision(node);
    cluster.stop(behind);

    node = cluster.start(behind);

    write(5);
    awaitRevision(node);
    requireEqual();
  }

  @Test
  void killedBeforeItTookOver_itDoesAtTheNextStart() throws Exception {
    String behind = stopWithOld(id -> cluster.storeDirectory(id, 0));

    TestNode node = cluster.start(behind);

    write(5);
    awaitRevision(node);
    requireEqual();
  }

  @Test
  void killedWhileRaftExchangedCheckpoints_theOldOnesAreBack() throws Exception {
    String behind = cluster.follower();
    write(40);
    cluster.awaitEqual();
    cluster.stop(behind);
    Path checkpoints = checkpoints(behind);
    assertThat(checkpoints).isNotEmptyDirectory();
    Files.move(checkpoints, checkpoints.resolveSibling("sm.tmp20261126"));

    TestNode node = cluster.start(behind);

    write(5);
    awaitRevision(node);
    assertThat(checkpoints).isNotEmptyDirectory();
    requireEqual();
  }

  /** One that could not be deleted when the others were. */
  @Test
  void fileOfTheLogThatWasLeftBehind_isGivenUpAtTheNextStart() throws Exception {
    write(40);
    cluster.awaitEqual();
    cluster.stop("n1");
    Path kept = FileTrees.containing(logs("n1"), "log_").get(0);
    Path leftOver = Files.copy(kept, logs("n1").resolve("log_0-3"));

    assertThat(cluster.start("n1").raft().failure(0)).isNull();

    assertThat(leftOver).doesNotExist();
    write(5);
    requireEqual();
  }

  /** The log ends before it, in a file that is not closed: Raft would append nothing to it. */
  @Test
  void killedWhenACheckpointHadJustCome_appendsWhatFollows() throws Exception {
    String behind = stopWithOld(this::logs);
    assertThat(FileTrees.containing(logs(behind), "log_inprogress_")).isNotEmpty();

    TestNode node = cluster.start(behind);

    write(5);
    awaitRevision(node);
    requireEqual();
  }

  /** Raft cuts off first, and then gives the file its new name. */
  @Test
  void killedWhileAFileWasCutOff_itIsNamedByItsEnd() throws Exception {
    write(3);
    cluster.awaitEqual();
    cluster.stop("n1");
    Path open = FileTrees.containing(logs("n1"), "log_inprogress_").get(0);
    Path tooLong =
        logs("n1").resolve(open.getFileName().toString().replace("inprogress_", "") + "-90");
    Files.move(open, tooLong);

    TestNode node = cluster.start("n1");

    assertThat(tooLong).doesNotExist();
    write(60);
    awaitRevision(node);
    cluster.stop("n1");
    awaitRevision(cluster.start("n1"));
    requireEqual();
  }

  @Test
  void killedWhileACheckpointWasMadeAnew_theOldOneIsBack() throws Exception {
    write(40);
    cluster.awaitEqual();
    cluster.stop("n1");
    Path checkpoints = checkpoints("n1");
    Path newest;
    try (Stream<Path> all = Files.list(checkpoints)) {
      newest = all.max(Comparator.comparing(Path::toString)).orElseThrow();
    }
    Files.move(newest, newest.resolveSibling("aside." + newest.getFileName()));

    cluster.start("n1");

    assertThat(newest).exists();
    write(5);
    requireEqual();
  }

  @Test
  void checkpointThatIsDamaged_endsThisReplicaOnly() throws Exception {
    String behind = stopWithOld(id -> cluster.storeDirectory(id, 0));
    for (Path table : FileTrees.ending(checkpoints(behind), ".sst")) {
      FileTrees.flipBit(table, FileTrees.size(table) / 2, 3);
    }

    TestNode node = cluster.start(behind);

    assertThat(Objects.requireNonNull(node.raft().failure(0)))
        .hasMessageContaining(checkpoints(behind).toString());
    assertThat(cluster.write(cluster.leader(), Writes.put("k", "v")))
        .isInstanceOf(Outcome.Written.class);
  }

  /** As on a disk that is full for a while. */
  @Test
  void checkpointThatCannotBeTaken_isTakenLater_andNothingIsLost() throws Exception {
    Path checkpoints = checkpoints("n1");
    Path aside = checkpoints.resolveSibling("elsewhere");
    write(3);
    cluster.awaitEqual();
    Files.move(checkpoints, aside);
    Files.createFile(checkpoints);
    try (Logged logged = Logged.of(ShardMachine.class)) {
      write(60);
      cluster.awaitEqual();

      assertThat(logged.count("No checkpoint could be taken.*")).isEqualTo(1);
      assertThat(cluster.node("n1").raft().failure(0)).isNull();
    }
    Files.delete(checkpoints);
    Files.move(aside, checkpoints);
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> {
              write(1);
              assertThat(checkpoints).isDirectoryContaining("glob:**/checkpoint.*");
            });
    cluster.stop("n1");

    cluster.start("n1");

    write(5);
    requireEqual();
  }

  /** The leader has given up what comes after the entry that a replica has applied last. */
  private void requireLogStartsAfter(long applied) {
    TestNode leader = cluster.node(cluster.leader());
    Awaitility.await()
        .until(
            () ->
                Objects.requireNonNull(leader.raft().replicas().division(0))
                        .getRaftLog()
                        .getStartIndex()
                    > applied + 1);
  }

  private void write(int count) throws Exception {
    TestNode node = cluster.running().get(0);
    for (int i = 0; i < count; i++, written++) {
      TestCluster.await(node.replicator().submit(Writes.put("k" + written % 50, "v".repeat(100))));
    }
  }

  private void awaitRevision(TestNode node) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .until(() -> node.store().revision() == written);
    assertThat(node.store().get(Key.of("k0"))).isNotNull();
  }

  private void requireEqual() {
    cluster.awaitEqual();
    cluster.stopAll();
    assertThat(
            Stream.of("n1", "n2", "n3")
                .map(id -> Stores.digest(cluster.storeDirectory(id, 0)))
                .distinct())
        .hasSize(1);
  }

  /** A directory of a node. */
  @FunctionalInterface
  private interface Part {
    Path of(String id) throws Exception;
  }

  /** Stops a replica that has been sent a checkpoint, with one directory as it was before that. */
  private String stopWithOld(Part part) throws Exception {
    String behind = cluster.follower();
    write(10);
    cluster.awaitEqual();
    cluster.stop(behind);
    Path old = FileTrees.copy(part.of(behind), parent.resolve("old"));
    write(60);
    awaitRevision(cluster.start(behind));
    cluster.stop(behind);
    FileTrees.delete(part.of(behind));
    FileTrees.copy(old, part.of(behind));
    return behind;
  }

  /** That of the files of its log. */
  private Path logs(String id) throws Exception {
    return checkpoints(id).resolveSibling("current");
  }

  /** The directory of a node's checkpoints. */
  private Path checkpoints(String id) throws Exception {
    try (Stream<Path> tree = Files.walk(cluster.directory(id).resolve("raft"))) {
      return tree.filter(path -> path.endsWith("sm")).findFirst().orElseThrow();
    }
  }

  @Test
  void newest_afterAStart_isWhereTheMachineBegins() throws Exception {
    write(40);
    cluster.awaitEqual();
    cluster.stop("n1");

    TestNode node = cluster.start("n1");

    Checkpoints checkpoints =
        (Checkpoints) node.raft().replicas().require(0).machine().getStateMachineStorage();
    TermIndex newest = checkpoints.newest();
    assertThat(newest.getIndex()).isPositive();
    assertThat(node.store().applied().index()).isGreaterThanOrEqualTo(newest.getIndex());
  }
}
