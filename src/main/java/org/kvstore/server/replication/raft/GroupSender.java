package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.EntryResult;
import org.kvstore.server.store.LogEntry;
import org.kvstore.server.store.LogForm;

/**
 * Sends groups of submissions to the leader of a shard, wherever that is, one after the other. A
 * group is sent again and again until it is known what became of it or its time is over, to each
 * new leader as soon as it is heard of.
 *
 * <p>However often a group comes into the log, it is applied once, and never after a later one:
 * each has a {@link Serial}, and every replica passes over what is not later than the last. What
 * Raft itself remembers of requests would not do, as it ends with the process.
 */
final class GroupSender {
  private static final long LOOK_MILLIS = 20;

  /** Raft adds a little to an entry. */
  private static final int MOST_BYTES = RaftSettings.ENTRY.getSizeInt() - 1_024;

  private static final AtomicLong CALLS = new AtomicLong();

  private final RaftNode node;
  private final Leadership leadership;
  private final long mostNanos;
  private final BooleanSupplier ends;
  private final ClientId client = ClientId.randomId();
  private long life = System.currentTimeMillis();
  private long number;

  /**
   * @param mostNanos how long a group is tried for
   * @param ends whether it is to be given up soon
   */
  GroupSender(RaftNode node, Leadership leadership, long mostNanos, BooleanSupplier ends) {
    this.node = node;
    this.leadership = leadership;
    this.mostNanos = mostNanos;
    this.ends = ends;
  }

  /**
   * The outcomes, in order; by one thread at a time.
   *
   * @throws KeyValueException UNAVAILABLE when it was not sent, otherwise INDETERMINATE
   */
  List<Outcome> send(List<Submission> group) {
    long deadline = System.nanoTime() + mostNanos;
    while (true) {
      number++;
      LogEntry entry = new LogEntry(new Serial(node.self(), life, number), group);
      EntryResult result = new Way(entry, deadline).result();
      if (result instanceof EntryResult.Applied applied) {
        return applied.outcomes();
      }
      if (!(result instanceof EntryResult.Outdated outdated)) {
        throw indeterminate("It was applied, but its outcome is lost.");
      }
      // The clock has gone back since this node was started before.
      life = outdated.life() + 1;
      number = 0;
    }
  }

  private static KeyValueException indeterminate(String detail) {
    return KeyValueException.of(ErrorCode.INDETERMINATE, detail);
  }

  /** What a try ended with: one of them. */
  private record Answer(
      RaftPeerId from, @Nullable RaftClientReply reply, @Nullable Throwable failure) {}

  /** One group on its way. */
  private final class Way {
    private final Message message;
    private final long call = CALLS.incrementAndGet();
    private final long deadline;
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private boolean sent;

    Way(LogEntry entry, long deadline) {
      byte[] bytes = LogForm.of(entry);
      if (bytes.length > MOST_BYTES) {
        throw KeyValueException.of(
            ErrorCode.INTERNAL, "The write is larger than an entry of the log may be.");
      }
      message = Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes));
      this.deadline = deadline;
    }

    EntryResult result() {
      try {
        RaftPeerId asked = null;
        while (true) {
          RaftPeerId leader = leadership.known();
          if (leader != null && !leader.equals(asked)) {
            asked = leader;
            attempt(leader);
          }
          Answer answer = answers.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
          if (answer != null) {
            EntryResult result = read(answer);
            if (result != null) {
              return result;
            }
            // The same one is asked again, if need be, but not at once.
            asked = answer.from().equals(asked) ? null : asked;
            Thread.sleep(asked == null ? LOOK_MILLIS : 0);
          }
          requireTime();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw unknown();
      }
    }

    private void requireTime() {
      if (System.nanoTime() - deadline > 0 || ends.getAsBoolean()) {
        throw unknown();
      }
    }

    private KeyValueException unknown() {
      return sent
          ? indeterminate("No leader has answered; the write may have been applied, or yet be.")
          : KeyValueException.of(ErrorCode.UNAVAILABLE, Leadership.NONE);
    }

    private void attempt(RaftPeerId to) {
      sent = true;
      try {
        submit(to).whenComplete((reply, failure) -> answers.add(new Answer(to, reply, failure)));
      } catch (IOException | RuntimeException e) {
        answers.add(new Answer(to, null, e));
      }
    }

    private CompletableFuture<RaftClientReply> submit(RaftPeerId to) throws IOException {
      RaftClientRequest request =
          RaftClientRequest.newBuilder()
              .setClientId(client)
              .setServerId(to)
              .setGroupId(leadership.group())
              .setCallId(call)
              .setMessage(message)
              .setType(RaftClientRequest.writeRequestType())
              .build();
      return to.equals(node.server().getId())
          ? node.server().submitClientRequestAsync(request)
          : node.transport().send(request);
    }

    private @Nullable EntryResult read(Answer answer) {
      RaftClientReply reply = answer.reply();
      if (reply != null && reply.isSuccess()) {
        return LogForm.result(reply.getMessage().getContent().toByteArray());
      }
      return null;
    }
  }
}
