package org.kvstore.server.replication.raft;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.store.DataDirectory;
import org.kvstore.server.store.Writes;

/**
 * The machines whose power is cut: three nodes, all in one process. Its log is short, so that
 * checkpoints are taken and logs given up; it is started several times; and one node misses so much
 * that it is sent a checkpoint.
 */
final class ClusterPowerCutWorkload {
  static final LogOptions LOG = new LogOptions(20, 2_048);

  /** How often all are started. */
  private static final int LIVES = 3;

  /** Written at once. */
  private static final int GROUP = 4;

  private final TestCluster cluster;
  private final FileChannel acknowledgements;
  private final int commands;
  private int acknowledged;

  private ClusterPowerCutWorkload(TestCluster cluster, FileChannel acknowledgements, int commands) {
    this.cluster = cluster;
    this.acknowledgements = acknowledgements;
    this.commands = commands;
  }

  /** Takes the root of the disk, the file of acknowledgements, a number, and the addresses. */
  public static void main(String[] arguments) throws Exception {
    List<Member> members = new ArrayList<>();
    for (String address : Arrays.asList(arguments).subList(3, arguments.length)) {
      members.add(new Member("n" + (members.size() + 1), address));
    }
    int commands = Integer.parseInt(arguments[2]);
    try (TestCluster cluster = new TestCluster(Path.of(arguments[0]), members, 1).with(LOG);
        FileChannel channel = FileChannel.open(Path.of(arguments[1]), CREATE, WRITE)) {
      new ClusterPowerCutWorkload(cluster, channel, commands).run();
    }
  }

  /** The key of a command, and its value. */
  static String key(int command) {
    return "k" + command;
  }

  static String value(int command) {
    return "v" + command + "x".repeat(command % 200);
  }

  private void run() throws Exception {
    for (Member member : cluster.members()) {
      Files.createDirectories(cluster.directory(member.id()).resolve("shards"));
    }
    syncDirectories();
    for (int life = 1; life <= LIVES; life++) {
      cluster.startAll();
      syncDirectories();
      int until = commands * life / LIVES;
      writeUntil((acknowledged + until) / 2);
      String away = cluster.follower();
      cluster.stop(away);
      writeUntil(until);
      cluster.start(away);
      cluster.awaitEqual();
      cluster.stopAll();
    }
  }

  /** Which nodes there are, and which shards, as a data directory does. */
  private void syncDirectories() throws IOException {
    for (Member member : cluster.members()) {
      Path node = cluster.directory(member.id());
      DataDirectory.sync(node.resolve("shards"));
      DataDirectory.sync(node);
      DataDirectory.sync(node.resolve(".."));
    }
  }

  private void writeUntil(int count) throws Exception {
    RaftReplicator leader = cluster.node(cluster.leader()).replicator();
    while (acknowledged < count) {
      List<CompletableFuture<Outcome>> group = new ArrayList<>();
      for (int i = acknowledged; i < Math.min(acknowledged + GROUP, count); i++) {
        group.add(leader.submit(Writes.put(key(i), value(i))).toCompletableFuture());
      }
      for (CompletableFuture<Outcome> outcome : group) {
        if (!(outcome.get(60, TimeUnit.SECONDS) instanceof Outcome.Written)) {
          throw new IllegalStateException("A put was not done: " + outcome);
        }
        acknowledged++;
        acknowledgements.write(ByteBuffer.wrap((acknowledged + "\n").getBytes()));
      }
    }
  }
}
