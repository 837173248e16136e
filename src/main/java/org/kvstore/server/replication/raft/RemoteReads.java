package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.ReadForm;

/**
 * Reads shards that this node has no replica of, at nodes that have one: one after the other, until
 * one answers or the time is over. The leader comes first where the newest is wanted, else the one
 * that answered last. Which nodes have a replica is a hint; one that has none says so.
 *
 * <p>It remembers of each shard who answered last, how far that was and how old.
 */
public final class RemoteReads {
  /** How long an answer is looked for: longer than an election takes. */
  private static final long PATIENCE_MILLIS = 6_000;

  /** How long one node is waited for: one that is paused must not take all of the time. */
  private static final long ANSWER_MILLIS = 2_000;

  private static final long AGAIN_MILLIS = 50;
  private static final long STALE_MILLIS = 5_000;
  private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final PeerCalls calls;
  private final ClusterView view;
  private final Registry registry;
  private final String self;
  private final Executor answers;
  private final ScheduledExecutorService timer;
  private final Map<Integer, Known> known = new ConcurrentHashMap<>();

  /**
   * @param answers runs what waits for an answer
   * @param timer for the next try
   */
  public RemoteReads(RaftNode node, Executor answers, ScheduledExecutorService timer) {
    calls = node.calls();
    view = node.view();
    registry = node.registry();
    self = node.self();
    this.answers = answers;
    this.timer = timer;
  }

  /**
   * What is known of a shard.
   *
   * @param from who answered last
   * @param revision the newest of which any answer has told
   * @param at when that was, on the scale of {@link System#nanoTime}
   * @param age of the last answer that any replica may have given
   */
  private record Known(Member from, long revision, long at, Age age) {}

  /**
   * How old an answer was.
   *
   * @param millis -1 when the replica did not know
   * @param at when it came, on the scale of {@link System#nanoTime}
   */
  private record Age(long millis, long at) {}

  /**
   * Reads what is there. A replica that has not come to a revision yet that is asked for does not
   * know whether there is one: then the newest is asked.
   *
   * @return completes on the executor; fails with what the read failed with, or with UNAVAILABLE
   *     when nobody answers in time
   */
  public <T> CompletableFuture<T> read(int shard, Consistency consistency, Read<T> read) {
    CompletableFuture<T> answer = ask(new ReadQuestion(shard, consistency, read), read);
    return consistency == Consistency.LINEARIZABLE
        ? answer
        : answer.exceptionallyCompose(
            failure ->
                failure instanceof KeyValueException known
                        && known.code() == ErrorCode.REQUEST_INVALID
                    ? ask(new ReadQuestion(shard, Consistency.LINEARIZABLE, read), read)
                    : CompletableFuture.failedFuture(failure));
  }

  /**
   * Reads a shard from any replica that has a revision, without asking what is newest. Where there
   * is a wait, it is read as soon as there is a newer revision, or else when the wait is over.
   *
   * @param wait for zero it is read at once
   * @return as {@link #read} does
   */
  public <T> CompletableFuture<T> readBeyond(
      int shard, long revision, Duration wait, Read<T> read) {
    return ask(
        new ReadQuestion(shard, Consistency.LOCAL, revision, (int) wait.toMillis(), read), read);
  }

  private <T> CompletableFuture<T> ask(ReadQuestion question, Read<T> read) {
    Asking<T> asking = new Asking<>(question, read);
    asking.round();
    return asking.result;
  }

  /** Answers a node that has no replica of a shard; it fails when there is none here either. */
  static CompletionStage<byte[]> answer(byte[] question, ReplicaReads reads) {
    CompletionStage<ReadAnswer> answer = reads.answer(ReadQuestion.of(question));
    return answer == null
        ? CompletableFuture.failedStage(new IOException("There is no replica here."))
        : answer.thenApply(ReadAnswer::toBytes);
  }

  /** Whether nobody can be asked any more, as the node stops. */
  public boolean isClosed() {
    return calls.isClosed();
  }

  /** The newest revision that this node has been told of; 0 when it has not. */
  public long revision(int shard) {
    Known last = known.get(shard);
    return last == null ? 0 : last.revision();
  }

  /** Whether somebody has answered lately. */
  public boolean isFresh(int shard) {
    Known last = known.get(shard);
    return last != null && System.nanoTime() - last.at() < FRESH_NANOS;
  }

  /**
   * How long ago the replica that has answered the last local read had last shown all that was
   * acknowledged; null when it did not know. A linearizable read has not made that any younger.
   */
  public @Nullable Duration age(int shard) {
    Known last = known.get(shard);
    return last == null || last.age().millis() < 0
        ? null
        : Duration.ofMillis(last.age().millis()).plusNanos(System.nanoTime() - last.age().at());
  }

  private void remember(ReadQuestion question, Member from, ReadAnswer answer) {
    long at = System.nanoTime();
    boolean isLocal = question.consistency() == Consistency.LOCAL;
    known.merge(
        question.shard(),
        new Known(from, answer.revision(), at, new Age(answer.ageMillis(), at)),
        (before, now) ->
            new Known(
                now.from(),
                Math.max(before.revision(), now.revision()),
                now.at(),
                isLocal ? now.age() : before.age()));
  }

  private Iterator<Member> candidates(ReadQuestion question) {
    Map<String, Member> candidates = new LinkedHashMap<>();
    Member leader =
        question.consistency() == Consistency.LINEARIZABLE ? view.leaderOf(question.shard()) : null;
    if (leader != null) {
      candidates.put(leader.id(), leader);
    }
    Known last = known.get(question.shard());
    if (last != null) {
      candidates.putIfAbsent(last.from().id(), last.from());
    }
    view.readableAt(question.shard()).forEach(put(candidates));
    registry.membersOrTold().forEach(put(candidates));
    candidates.remove(self);
    return candidates.values().iterator();
  }

  private static Consumer<Member> put(Map<String, Member> candidates) {
    return member -> candidates.putIfAbsent(member.id(), member);
  }

  /**
   * One question, asked of one node at a time. Who waits for news prefers a replica that has any.
   */
  private final class Asking<T> {
    private final ReadQuestion question;
    private final byte[] message;
    private final Read<T> read;
    private final CompletableFuture<T> result = new CompletableFuture<>();
    private final long end;
    private Iterator<Member> candidates = List.<Member>of().iterator();
    private @Nullable Throwable last;

    /** An answer of a replica that may be cut off; null when there is none. */
    private @Nullable ReadAnswer stale;

    private @Nullable Member staleFrom;

    Asking(ReadQuestion question, Read<T> read) {
      this.question = question;
      this.read = read;
      message = question.toBytes();
      end =
          System.nanoTime()
              + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS + question.waitMillis());
    }

    /** Asks all of them, until one answers. */
    void round() {
      try {
        candidates = candidates(question);
        next();
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
    }

    private void next() {
      if (!candidates.hasNext()) {
        again();
        return;
      }
      Member member = candidates.next();
      long millis = Math.min(millisLeft(), ANSWER_MILLIS + question.waitMillis());
      if (millis <= 0) {
        again();
        return;
      }
      calls
          .ask(member.peer(), PeerCalls.READ, message, millis)
          .whenComplete((bytes, failure) -> onExecutor(() -> heard(member, bytes, failure)));
    }

    private long millisLeft() {
      return TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
    }

    private void heard(Member from, byte @Nullable [] bytes, @Nullable Throwable failure) {
      try {
        if (bytes == null) {
          last = failure;
          next();
          return;
        }
        ReadAnswer answer = ReadAnswer.of(bytes);
        if (answer.kind() != ReadAnswer.Kind.READ) {
          next();
        } else if (isStale(answer)) {
          staleFrom = from;
          stale = answer;
          next();
        } else {
          complete(from, answer);
        }
      } catch (RuntimeException e) {
        result.completeExceptionally(e);
      }
    }

    /** Whether news was waited for in vain at a replica that may be cut off from all others. */
    private boolean isStale(ReadAnswer answer) {
      return question.waitMillis() > 0
          && answer.revision() > 0
          && answer.revision() <= question.atLeast()
          && (answer.ageMillis() < 0 || answer.ageMillis() > STALE_MILLIS);
    }

    private void complete(Member from, ReadAnswer answer) {
      T value;
      try {
        value = ReadForm.answer(read, answer.form());
      } catch (KeyValueException e) {
        if (e.code() == ErrorCode.UNAVAILABLE) {
          last = e;
          next();
        } else {
          result.completeExceptionally(e);
        }
        return;
      }
      remember(question, from, answer);
      result.complete(value);
    }

    private void again() {
      ReadAnswer answer = stale;
      Member from = staleFrom;
      stale = null;
      if (answer != null && from != null) {
        complete(from, answer);
        return;
      }
      if (millisLeft() <= AGAIN_MILLIS || calls.isClosed()) {
        fail();
        return;
      }
      try {
        timer.schedule(() -> onExecutor(this::round), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
      } catch (RejectedExecutionException closing) {
        fail();
      }
    }

    private void fail() {
      KeyValueException unavailable =
          KeyValueException.of(
              ErrorCode.UNAVAILABLE, "No node that has a replica of the shard answers now.");
      result.completeExceptionally(last == null ? unavailable : unavailable.withCause(last));
    }
  }

  /** The threads of connections and the timer may not be held up by what waits. */
  private void onExecutor(Runnable task) {
    try {
      answers.execute(task);
    } catch (RejectedExecutionException closing) {
      task.run();
    }
  }
}
