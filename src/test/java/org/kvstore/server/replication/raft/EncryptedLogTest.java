package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.crypto.TestKeys;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Writes;

/** With a key, what nodes keep on their disks shows no value, and the key can be changed. */
class EncryptedLogTest {
  private static final LogOptions SHORT = new LogOptions(10, 1_024);
  private static final List<String> ALL = List.of("n1", "n2", "n3");
  private static final String MARKER = "marked-value-";
  private static final EncryptionKeys OLD = TestKeys.of(1);
  private static final EncryptionKeys BOTH = TestKeys.of(2, 1);
  private static final EncryptionKeys NEW = TestKeys.of(2);

  @TempDir Path parent;
  private TestCluster cluster;
  private int written;

  @BeforeEach
  void open() throws Exception {
    cluster = new TestCluster(parent, 3, 1).with(SHORT);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void values_areInNoFile_alsoNotWhereACheckpointWasSent() throws Exception {
    have(OLD);
    cluster.startAll();
    String behind = cluster.follower();
    cluster.stop(behind);
    write(60);
    cluster.start(behind);
    write(5);
    cluster.awaitEqual();
    requireValues();
    cluster.stopAll();

    assertThat(filesWith(MARKER)).isEmpty();
    assertThat(filesWith(bytesOf(OLD))).isNotEmpty();
  }

  @Test
  void values_withoutAKey_areInTheLog() throws Exception {
    cluster.startAll();
    write(5);
    cluster.stopAll();

    assertThat(filesWith(MARKER)).anyMatch(file -> file.toString().contains("/log_"));
  }

  @Test
  void anotherKey_onOneNodeAfterAnother_isUsedWhenAllHaveIt_andTheOldOneIsInNoFile()
      throws Exception {
    have(OLD);
    cluster.startAll();
    write(25);
    for (String id : ALL) {
      cluster.stop(id);
      cluster.with(id, BOTH).start(id);
      write(3);
      cluster.awaitEqual();
    }
    startAgain(BOTH);
    startAgain(NEW);

    for (String id : ALL) {
      assertThat(cluster.node(id).raft().failure(0)).as(id).isNull();
    }
    requireValues();
    cluster.stopAll();
    assertThat(filesWith(bytesOf(OLD))).isEmpty();
  }

  @Test
  void oldKeyGoneTooEarly_isRefused_andGoesOnOnceItIsBack() throws Exception {
    have(OLD);
    cluster.startAll();
    cluster.stop("n3");
    cluster.with("n3", BOTH).start("n3");
    write(5);
    cluster.awaitEqual();
    cluster.stop("n3");

    cluster.with("n3", NEW).start("n3");

    KeyValueException failure = Objects.requireNonNull(cluster.node("n3").raft().failure(0));
    assertThat(failure)
        .hasMessageContaining("is encrypted with the key " + OLD)
        .hasMessageContaining("the only key is " + NEW)
        .hasMessageContaining("kv.encryption.key-file");
    cluster.stop("n3");
    asInAnotherProcess("n3");
    cluster.with("n3", BOTH).start("n3");
    write(5);
    cluster.awaitEqual();
    requireValues();
  }

  @Test
  void nodesWithoutACommonKey_areNamed() throws Exception {
    have(OLD);
    cluster.start("n1");
    ClusterOptions options = cluster.options("n2");
    try (RaftNode stranger = new RaftNode(options.with(LogKeys.NONE), List.of())) {
      assertThat(stranger.problemsWithPeers())
          .anyMatch(problem -> problem.matches("Node n1 .*encrypts its data, and this node .*"));
    }
    try (RaftNode stranger = new RaftNode(options.with(new LogKeys(NEW)), List.of())) {
      assertThat(stranger.problemsWithPeers())
          .anyMatch(problem -> problem.matches("Node n1 .*they are to have one in common.*"));
    }
    try (RaftNode fitting = new RaftNode(options.with(new LogKeys(BOTH)), List.of())) {
      assertThat(fitting.problemsWithPeers()).noneMatch(problem -> problem.contains("n1"));
    }
  }

  /** A replica that was refused keeps the lock of its log until the process ends. */
  private void asInAnotherProcess(String id) {
    Path copy = FileTrees.copy(cluster.directory(id), parent.resolve("copy"));
    FileTrees.delete(cluster.directory(id));
    FileTrees.copy(copy, cluster.directory(id));
  }

  private void have(EncryptionKeys keys) {
    ALL.forEach(id -> cluster.with(id, keys));
  }

  private void startAgain(EncryptionKeys keys) throws Exception {
    cluster.stopAll();
    have(keys);
    cluster.startAll();
    write(3);
    cluster.awaitEqual();
  }

  private void write(int count) throws Exception {
    for (int i = 0; i < count; i++, written++) {
      cluster.write(cluster.leader(), Writes.put("k" + written, MARKER + written));
    }
  }

  /** On each node. */
  private void requireValues() {
    for (TestCluster.TestNode node : cluster.running()) {
      for (int i = 0; i < written; i++) {
        assertThat(Objects.requireNonNull(node.store().get(Key.of("k" + i))).value().toUtf8())
            .isEqualTo(MARKER + i);
      }
    }
  }

  private static String bytesOf(EncryptionKeys keys) {
    return new String(HexFormat.of().parseHex(keys.first().id()), StandardCharsets.ISO_8859_1);
  }

  private List<Path> filesWith(String text) throws IOException {
    try (Stream<Path> tree = Files.walk(parent)) {
      return tree.filter(Files::isRegularFile).filter(file -> contains(file, text)).toList();
    }
  }

  private static boolean contains(Path file, String text) {
    try {
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
