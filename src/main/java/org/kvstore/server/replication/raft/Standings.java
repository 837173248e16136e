package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * Asks nodes how their replicas stand, and answers them, which every linearizable read does. One
 * call to a node is under way at a time; questions that come meanwhile, of whatever shards, go
 * together with the next call. So each is asked after it came, and calls do not grow with shards or
 * reads.
 */
final class Standings {
  private static final int ID_BYTES = 16;
  private static final String NOT_RUNNING = "The replica does not run.";

  /** How long the answer to a call is waited for. */
  private static final long ANSWER_MILLIS = 1_000;

  private final PeerCalls calls;
  private final RaftPeerId self;
  private final Function<RaftGroupId, @Nullable Standing> own;
  private final Map<String, Way> ways = new ConcurrentHashMap<>();

  /**
   * @param self this node, which is not asked by a call
   * @param own what a replica on this node says; null when it takes no part
   */
  Standings(PeerCalls calls, RaftPeerId self, Function<RaftGroupId, @Nullable Standing> own) {
    this.calls = calls;
    this.self = self;
    this.own = own;
  }

  /**
   * What the replica of a group at a node says of itself, asked now, or a call later.
   *
   * @return completed on a thread that must not be blocked; fails when it does not say in time, or
   *     does not take part
   */
  CompletableFuture<Standing> ask(RaftPeer of, RaftGroupId group) {
    if (of.getId().equals(self)) {
      Standing standing = own(group);
      return standing == null
          ? CompletableFuture.failedFuture(new IOException(NOT_RUNNING))
          : CompletableFuture.completedFuture(standing);
    }
    return ways.computeIfAbsent(of.getAddress(), any -> new Way(of)).ask(group);
  }

  /** This node, as Raft names it. */
  RaftPeerId self() {
    return self;
  }

  /** What the replica of a group on this node says; null when it takes no part. */
  @Nullable Standing own(RaftGroupId group) {
    return own.apply(group);
  }

  /** Answers a call; what the groups say is in their order, and empty where there is nothing. */
  byte[] answer(byte[] question) {
    List<byte[]> answers = new ArrayList<>();
    ByteBuffer ids = ByteBuffer.wrap(question);
    int bytes = 0;
    while (ids.hasRemaining()) {
      Standing standing = own(RaftGroupId.valueOf(ByteString.copyFrom(ids, ID_BYTES)));
      byte[] answer = standing == null ? new byte[0] : standing.toBytes();
      answers.add(answer);
      bytes += Integer.BYTES + answer.length;
    }
    ByteBuffer all = ByteBuffer.allocate(bytes);
    answers.forEach(answer -> all.putInt(answer.length).put(answer));
    return all.array();
  }

  private record Question(RaftGroupId group, CompletableFuture<Standing> answer) {
    void take(ByteBuffer from) {
      byte[] said = new byte[from.getInt()];
      from.get(said);
      if (said.length == 0) {
        answer.completeExceptionally(new IOException(NOT_RUNNING));
      } else {
        answer.complete(Standing.of(said));
      }
    }
  }

  /** The way to one node. The monitor guards what waits and whether a call is under way. */
  private final class Way {
    private final RaftPeer to;
    private List<Question> waiting = new ArrayList<>();
    private boolean isBusy;

    Way(RaftPeer to) {
      this.to = to;
    }

    CompletableFuture<Standing> ask(RaftGroupId group) {
      Question question = new Question(group, new CompletableFuture<>());
      synchronized (this) {
        waiting.add(question);
      }
      call();
      return question.answer();
    }

    private void call() {
      List<Question> questions = begin();
      if (questions.isEmpty()) {
        return;
      }
      ByteBuffer ids = ByteBuffer.allocate(ID_BYTES * questions.size());
      questions.forEach(each -> ids.put(each.group().toByteString().asReadOnlyByteBuffer()));
      calls
          .ask(to, PeerCalls.STANDING, ids.array(), ANSWER_MILLIS)
          .whenComplete(
              (answer, failure) -> {
                // The next first: what these do with their answers may take a while.
                end();
                take(questions, answer, failure);
              });
    }

    private synchronized List<Question> begin() {
      if (isBusy || waiting.isEmpty()) {
        return List.of();
      }
      isBusy = true;
      List<Question> questions = waiting;
      waiting = new ArrayList<>();
      return questions;
    }

    private void end() {
      synchronized (this) {
        isBusy = false;
      }
      call();
    }

    private void take(
        List<Question> questions, byte @Nullable [] answer, @Nullable Throwable failure) {
      Throwable problem = failure;
      if (answer != null) {
        try {
          ByteBuffer from = ByteBuffer.wrap(answer);
          questions.forEach(question -> question.take(from));
        } catch (BufferUnderflowException | UncheckedIOException e) {
          problem = e;
        }
      }
      Throwable told = problem == null ? new IOException("There is no answer.") : problem;
      // Those that have their answers keep them.
      questions.forEach(question -> question.answer().completeExceptionally(told));
    }
  }
}
