package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.service.JsonPatcher;
import org.kvstore.server.store.Store;
import org.kvstore.server.store.Stores;
import org.kvstore.server.store.TestWrites;

class RaftReplicatorTest {
  @TempDir Path parent;
  private final ScheduledExecutorService timer = Executors.newScheduledThreadPool(2);
  private final List<Node> nodes = new ArrayList<>();

  private record Node(Store store, RaftNode raft, RaftReplicator replicator) {
    void close() {
      replicator.close();
      raft.close();
      store.close();
    }
  }

  @AfterEach
  void stop() {
    nodes.forEach(Node::close);
    timer.shutdownNow();
  }

  private Node open(ClusterOptions options, boolean create) throws IOException {
    Path shard = options.directory().resolveSibling("shard-" + options.self());
    Store store =
        Store.open(
            Stores.options(shard).withReplicatedLog(),
            Limits.DEFAULT,
            create,
            new Store.Hooks(events -> {}, new JsonPatcher()));
    RaftNode raft = new RaftNode(options, List.of(store));
    raft.start();
    return new Node(store, raft, new RaftReplicator(raft, 0, Limits.DEFAULT, Thread::new, timer));
  }

  private static List<Member> members(int count) throws IOException {
    List<Member> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      try (ServerSocket socket = new ServerSocket(0)) {
        members.add(new Member("n" + i, "127.0.0.1:" + socket.getLocalPort()));
      }
    }
    return members;
  }

  private static <T> T await(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  @Test
  void threeNodes_writeAtOne_isReadAtAll() throws Exception {
    List<Member> members = members(3);
    for (Member member : members) {
      nodes.add(
          open(
              new ClusterOptions("c", member.id(), members, parent.resolve("raft-" + member.id())),
              true));
    }
    for (int i = 0; i < 300; i++) {
      Outcome outcome = await(nodes.get(i % 3).replicator.submit(TestWrites.put("k" + i, "v" + i)));
      assertThat(outcome).isInstanceOf(Outcome.Written.class);
      Node reader = nodes.get((i + 1) % 3);
      await(reader.replicator.readBarrier());
      assertThat(
              java.util.Objects.requireNonNull(reader.store.get(Key.of("k" + i))).value().toUtf8())
          .isEqualTo("v" + i);
    }
    measure();
  }

  private void measure() throws Exception {
    for (int round = 0; round < 6; round++) {
      long n = 0;
      long begin = System.nanoTime();
      List<CompletionStage<?>> all = new ArrayList<>();
      for (; n < 30_000; n++) {
        all.add(nodes.get((int) (n % 3)).replicator.submit(TestWrites.put("m" + n % 1000, "x")));
        if (all.size() == 64) {
          for (CompletionStage<?> one : all) {
            await(one);
          }
          all.clear();
        }
      }
      double seconds = (System.nanoTime() - begin) / 1e9;
      System.err.printf("DBG writes/s %.0f%n", n / seconds);
      begin = System.nanoTime();
      long reads = 0;
      for (; reads < 5_000; reads++) {
        await(nodes.get((int) (reads % 3)).replicator.readBarrier());
      }
      System.err.printf("DBG barriers/s %.0f%n", reads / ((System.nanoTime() - begin) / 1e9));
    }
  }
}
