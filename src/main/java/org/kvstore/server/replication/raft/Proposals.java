package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.protocol.exceptions.LeaderNotReadyException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.ServerNotReadyException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.JavaUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.replication.Gathering;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.LogEntry;
import org.kvstore.server.store.LogForm;

/**
 * What this node proposes for a shard while it leads it: the groups of all nodes, its own among
 * them. All that wait become one entry of the log together, and one entry is under way at a time,
 * so entries grow with the load: an entry costs a round to a majority, an fsync of each node and
 * some ten changes of threads, however many groups it holds.
 *
 * <p>Whatever becomes of an entry, a group is answered with what became of it when this node
 * applied it, whoever proposed it. The newest result of each sender is remembered, for a sender
 * that was not told, and asks again, here or where the shard is led next. That is in memory only:
 * after a restart a group is known to have been applied, but not what came out.
 *
 * <p>The monitor guards what waits and what is under way; neither Raft nor those who are answered
 * are called while it is held.
 */
final class Proposals {
  /** An entry is complete with so many bytes. */
  private static final int ENTRY_BYTES = 4 << 20;

  /** Of the newest result of a sender, which may have values that were read. */
  private static final long REMEMBERED_BYTES = 256 << 10;

  private static final long BYTES_OF_OUTCOME = 100;

  /** Raft says sooner that nobody knows what became of an entry; this is for when it does not. */
  private static final long STUCK_SECONDS = 10;

  private final RaftGroups raft;
  private final RaftGroupId shardGroup;
  private final SealedLog log;
  private final Supplier<RaftServer.@Nullable Division> division;
  private final StuckHandover handover;
  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  /** All that are not answered, in the order in which they came. */
  private final Map<Serial, Proposal> open = new ConcurrentHashMap<>();

  /** By sender. */
  private final Map<String, Known> newest = new ConcurrentHashMap<>();

  /** Guarded by the monitor. */
  private final Map<Serial, Proposal> waiting = new LinkedHashMap<>();

  /** Whether an entry is under way. Guarded by the monitor. */
  private boolean isBusy;

  /** Whether the next entry waits for more groups. Guarded by the monitor. */
  private boolean isGathering;

  /** In the newest entry. Guarded by the monitor. */
  private int groupsBefore;

  /** When it was proposed. Guarded by the monitor. */
  private long began;

  /** Guarded by the monitor. */
  private final Gathering gathering = new Gathering(1);

  /**
   * @param log seals entries
   * @param division the replica as Raft sees it; null while it takes no part
   */
  Proposals(
      RaftGroups raft,
      RaftGroupId group,
      SealedLog log,
      Supplier<RaftServer.@Nullable Division> division) {
    this.raft = raft;
    shardGroup = group;
    this.log = log;
    this.division = division;
    handover = new StuckHandover(raft, group);
  }

  /** A group that is to be applied. */
  private record Proposal(Serial serial, byte[] group, CompletableFuture<GroupResult> result) {}

  /** The groups of one entry. */
  private record Batch(List<Proposal> proposals) {
    void fail(Throwable failure) {
      proposals.forEach(proposal -> proposal.result().completeExceptionally(failure));
    }
  }

  /** What became of the newest group of a sender. */
  private record Known(Serial serial, GroupResult result) {}

  /**
   * Proposes a group; nothing happens when it has been before, and is not answered.
   *
   * @param group in its form for the log; it is taken over
   * @return completed on a thread that must not be blocked. It fails with {@link
   *     NotLeadingException} when it is certainly not proposed; with anything else nobody knows
   */
  CompletableFuture<GroupResult> propose(byte[] group) {
    Serial serial = LogForm.serial(group);
    Known known = newest.get(serial.sender());
    if (known != null && known.serial().equals(serial)) {
      return CompletableFuture.completedFuture(known.result());
    }
    if (!mayPropose()) {
      return CompletableFuture.failedFuture(new NotLeadingException());
    }
    CompletableFuture<GroupResult> result = add(serial, group).result();
    proposeNext();
    return result;
  }

  /** Whether this node leads, and a majority hears it. */
  private boolean mayPropose() {
    RaftServer.Division seen = division.get();
    return seen != null && seen.getInfo().isLeaderReady() && Observer.hasQuorum(seen);
  }

  private synchronized Proposal add(Serial serial, byte[] group) {
    return open.computeIfAbsent(
        serial,
        any -> {
          Proposal added = new Proposal(serial, group, new CompletableFuture<>());
          waiting.put(serial, added);
          return added;
        });
  }

  private void proposeNext() {
    if (!gathers()) {
      proposeGathered();
    }
  }

  /** Whether the next entry waits for those that had a group in the one before. */
  private boolean gathers() {
    long nanos;
    synchronized (this) {
      nanos = gathering.nanosLeft();
      if (isBusy || waiting.isEmpty() || waiting.size() >= groupsBefore || nanos <= 0) {
        return false;
      }
      if (isGathering) {
        return true;
      }
      isGathering = true;
    }
    CompletableFuture.delayedExecutor(nanos, TimeUnit.NANOSECONDS, raft.submitters())
        .execute(this::proposeGathered);
    return true;
  }

  private void proposeGathered() {
    Batch next = next();
    if (next == null) {
      return;
    }
    submit(next)
        .copy()
        .orTimeout(STUCK_SECONDS, TimeUnit.SECONDS)
        // Not on the thread that applies entries: Raft may have whoever submits wait.
        .whenCompleteAsync(
            (reply, failure) -> {
              end(next, failureOf(reply, failure));
              proposeNext();
            },
            raft.submitters());
  }

  /** What goes into the next entry; null while one is under way, or nothing waits. */
  private @Nullable Batch next() {
    boolean mayPropose = mayPropose();
    Batch next;
    synchronized (this) {
      if (isBusy || waiting.isEmpty()) {
        return null;
      }
      isGathering = false;
      next = mayPropose ? gathered() : new Batch(List.copyOf(waiting.values()));
      if (mayPropose) {
        isBusy = true;
        began = System.nanoTime();
        groupsBefore = next.proposals().size();
        return next;
      }
      waiting.clear();
      next.proposals().forEach(this::forget);
    }
    next.fail(new NotLeadingException());
    return null;
  }

  /** As many of those that wait as one entry holds. */
  private Batch gathered() {
    List<Proposal> proposals = new ArrayList<>();
    long bytes = 0;
    var each = waiting.values().iterator();
    while (each.hasNext() && bytes < ENTRY_BYTES) {
      Proposal proposal = each.next();
      bytes += proposal.group().length;
      if (proposals.isEmpty() || bytes <= ENTRY_BYTES) {
        proposals.add(proposal);
        each.remove();
      }
    }
    return new Batch(proposals);
  }

  private CompletableFuture<RaftClientReply> submit(Batch batch) {
    try {
      List<byte[]> groups = batch.proposals().stream().map(Proposal::group).toList();
      byte[] entry = log.seal(LogForm.entryOf(groups));
      RaftClientRequest request =
          RaftClientRequest.newBuilder()
              .setClientId(client)
              .setServerId(raft.self())
              .setGroupId(shardGroup)
              .setCallId(calls.incrementAndGet())
              .setMessage(Message.valueOf(UnsafeByteOperations.unsafeWrap(entry)))
              .setType(RaftClientRequest.writeRequestType())
              .build();
      return raft.server().submitClientRequestAsync(request);
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Null when the entry was applied. */
  private static @Nullable Throwable failureOf(
      @Nullable RaftClientReply reply, @Nullable Throwable thrown) {
    if (thrown == null && reply != null && reply.isSuccess()) {
      return null;
    }
    return reply == null ? JavaUtils.unwrapCompletionException(thrown) : reply.getException();
  }

  /**
   * What a failure means to those who wait. What Raft says before it takes an entry into its log
   * means that it never will; what it says of a change of leaders does not.
   */
  private static Throwable meaning(@Nullable Throwable failure) {
    if (failure == null) {
      // Those that were applied have been answered.
      return new IOException("The entry was not applied here.");
    }
    boolean isRefusal =
        failure instanceof LeaderSteppingDownException
            || failure instanceof LeaderNotReadyException
            || failure instanceof ServerNotReadyException
            || failure instanceof GroupMismatchException;
    return isRefusal ? new NotLeadingException() : failure;
  }

  private void end(Batch batch, @Nullable Throwable failure) {
    handover.ended(failure);
    Throwable meaning = meaning(failure);
    raft.proposalCounts().ended(failure == null ? null : meaning);
    synchronized (this) {
      isBusy = false;
      gathering.committed(began);
      batch.proposals().forEach(this::forget);
    }
    batch.fail(meaning);
  }

  private void forget(Proposal proposal) {
    open.remove(proposal.serial(), proposal);
  }

  /** Answers those whose groups an entry has; called by the one thread that applies entries. */
  void applied(LogEntry entry, List<GroupResult> results) {
    for (int at = 0; at < results.size(); at++) {
      Serial serial = entry.groups().get(at).serial();
      GroupResult result = remembered(serial, results.get(at));
      Proposal proposal = open.get(serial);
      if (proposal != null) {
        answer(proposal, result);
      }
    }
  }

  /** One that waits still has come by an earlier leader, and is not proposed again. */
  private void answer(Proposal proposal, GroupResult result) {
    synchronized (this) {
      if (waiting.remove(proposal.serial(), proposal)) {
        forget(proposal);
      }
    }
    proposal.result().complete(result);
  }

  /** A group that comes again has the result that it had. */
  private GroupResult remembered(Serial serial, GroupResult result) {
    Known known = newest.get(serial.sender());
    if (!(result instanceof GroupResult.Applied applied)) {
      return known != null && known.serial().equals(serial) ? known.result() : result;
    }
    if (applied.outcomes().stream().mapToLong(Proposals::bytesOf).sum() <= REMEMBERED_BYTES) {
      newest.put(serial.sender(), new Known(serial, result));
    } else {
      newest.remove(serial.sender());
    }
    return result;
  }

  private static long bytesOf(Outcome outcome) {
    return BYTES_OF_OUTCOME + bytesRead(outcome);
  }

  private static long bytesRead(Outcome outcome) {
    if (outcome instanceof Outcome.Transacted transacted) {
      return transacted.results().stream().mapToLong(Proposals::bytesOf).sum();
    }
    if (outcome instanceof Outcome.Listed listed) {
      return listed.entries().stream().mapToLong(Proposals::bytesOf).sum();
    }
    if (outcome instanceof Outcome.Found found) {
      return bytesOf(found.entry());
    }
    return outcome instanceof Outcome.Modified modified ? modified.value().size() : 0;
  }

  private static long bytesOf(Entry entry) {
    return entry.key().utf8().size() + entry.value().size();
  }
}
