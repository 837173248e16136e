package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.store.GroupResult;
import org.kvstore.server.store.LogEntry;
import org.kvstore.server.store.LogForm;
import org.kvstore.server.store.Store;

/**
 * The store as the state machine of a Raft group. Entries are applied in order, on the one thread
 * that Ratis has for it; each holds groups of submissions, and goes into the store whole, together
 * with its own position. After a crash the store knows therefore how far it has come, and entries
 * that come again from the log are passed over.
 *
 * <p>What clients do wrong is an outcome. An exception is a fault of this replica, which applies
 * nothing more then rather than to go on differently from the others. Raft is not thrown one: after
 * an exception while it closes, it would never have closed.
 */
final class ShardMachine extends BaseStateMachine {
  private static final Logger LOG = System.getLogger(ShardMachine.class.getName());
  private static final CompletableFuture<Message> DONE =
      CompletableFuture.completedFuture(Message.EMPTY);

  /** How far the log may grow while a checkpoint is sent. */
  private static final long MOST_ENTRIES = 1_000_000;

  /** After a checkpoint that could not be taken: Raft asks again with each entry. */
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Store store;
  private final SealedLog log;
  private final Proposals proposals;
  private final KnownCommit known;
  private final Checkpoints checkpoints;
  private final BiConsumer<ShardMachine, Throwable> failures;
  private final AppliedIndex appliedIndex = new AppliedIndex();

  /** Set when the group begins. */
  private volatile @Nullable RaftServer server;

  /** Set when the group begins. */
  private volatile @Nullable RaftStorage directory;

  /** Set when the group begins. */
  private volatile @Nullable LogDirectory logDirectory;

  private volatile boolean hasFailed;

  /** {@link System#nanoTime} before which no checkpoint is tried; of the thread that applies. */
  private long nextCheckpointAt = System.nanoTime();

  /** How far others know that this replica had committed its log; at most 0 when nobody does. */
  interface KnownCommit {
    long index() throws IOException;
  }

  /**
   * @param log opens entries
   * @param proposals told what became of the groups of each entry
   * @param known asked when it begins
   * @param failures told when this replica can go on no longer
   */
  ShardMachine(
      Store store,
      SealedLog log,
      Proposals proposals,
      KnownCommit known,
      BiConsumer<ShardMachine, Throwable> failures) {
    this.store = store;
    this.log = log;
    this.proposals = proposals;
    this.known = known;
    this.failures = failures;
    checkpoints = new Checkpoints(store);
  }

  @Override
  public void initialize(RaftServer of, RaftGroupId group, RaftStorage storage) throws IOException {
    super.initialize(of, group, storage);
    server = of;
    directory = storage;
    logDirectory = new LogDirectory(storage);
    getLifeCycle()
        .startAndTransition(
            () -> {
              checkpoints.init(storage);
              TermIndex newest = checkpoints.newest();
              LogTail.requireReaches(storage, newest, store.applied(), known.index());
              LogTail.requireTerm(storage, Math.max(newest.getTerm(), store.applied().term()));
              LogTail.finish(storage, newest.getIndex());
              log.renew(storage);
              beginAtCheckpoint();
              renewCheckpoints();
            },
            IOException.class);
  }

  /** The group could not begin. Raft forgets it then, and would keep its directory locked. */
  void giveUp() throws IOException {
    RaftStorage locked = directory;
    if (locked != null) {
      locked.close();
    }
  }

  /** The log begins behind the newest checkpoint, which the store may be far ahead of. */
  private void beginAtCheckpoint() throws IOException {
    TermIndex newest = checkpoints.newest();
    if (newest.getIndex() > store.applied().index()) {
      checkpoints.install();
    }
    setLastAppliedTermIndex(newest);
    appliedIndex.reached(store.applied().index());
  }

  /** They hold the store's key, encrypted with one that may be on its way out. */
  private void renewCheckpoints() throws IOException {
    LogPosition applied = store.applied();
    if (log.hasSeveralKeys() && applied.index() >= 0) {
      checkpoints.renew(TermIndex.valueOf(applied.term(), applied.index()));
      beginAtCheckpoint();
    }
  }

  /**
   * Completes when the store shows all entries up to one: at once, or on the thread that applies
   * them, which must not be blocked.
   */
  CompletableFuture<Void> reaches(long index) {
    return appliedIndex.reaches(index);
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    if (hasFailed) {
      // Whoever waits for it is told that nobody knows, as it is not among what was applied.
      return DONE;
    }
    LogPosition position = new LogPosition(entry.getTerm(), entry.getIndex());
    try {
      byte[] bytes = entry.getStateMachineLogEntry().getLogData().toByteArray();
      LogEntry groups = LogForm.entry(log.open(bytes));
      List<GroupResult> results = store.applyEntry(position, groups);
      updateLastAppliedTermIndex(position.term(), position.index());
      appliedIndex.reached(position.index());
      proposals.applied(groups, results);
      return DONE;
    } catch (RuntimeException | Error e) {
      fail(e);
      return CompletableFuture.failedFuture(e);
    }
  }

  /** An entry that is Raft's own has been passed. */
  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    if (hasFailed) {
      return;
    }
    try {
      store.passEntry(new LogPosition(term, index));
      updateLastAppliedTermIndex(term, index);
      appliedIndex.reached(index);
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  /** Called before entries that were written to the log count as durable. */
  @Override
  public CompletableFuture<Void> flush(long index) {
    try {
      syncLog();
      return CompletableFuture.completedFuture(null);
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /** Makes durable which files the log has, and the vote. */
  void syncLog() throws IOException {
    LogDirectory of = logDirectory;
    if (of == null) {
      throw new IOException("The log has not begun.");
    }
    of.sync();
  }

  /** Before this node sends anything as a leader, its own vote is durable. */
  @Override
  public void notifyLeaderChanged(RaftGroupMemberId self, RaftPeerId leader) {
    if (self.getPeerId().equals(leader)) {
      try {
        syncLog();
      } catch (IOException e) {
        fail(e);
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The log cannot be written: without it this replica would promise what it does not keep. */
  @Override
  public void notifyLogFailed(Throwable cause, @Nullable LogEntryProto entry) {
    fail(cause);
  }

  private void fail(Throwable cause) {
    boolean isFirst = !hasFailed;
    hasFailed = true;
    failures.accept(this, cause);
    RaftServer of = server;
    if (isFirst && of != null) {
      // Not by the threads of the log and of those who apply it, which are waited for.
      Thread closer = new Thread(() -> closeGroup(of), "kv-replica-fails");
      closer.setDaemon(true);
      closer.start();
    }
  }

  /** By now the replica may have ended, and another have begun in its place. */
  private void closeGroup(RaftServer of) {
    try {
      RaftServer.Division division = of.getDivision(getGroupId());
      if (division.getStateMachine() == this) {
        division.close();
      }
    } catch (GroupMismatchException hasEnded) {
      LOG.log(Level.DEBUG, "The replica has ended already.", hasEnded);
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.WARNING, "A replica that has failed did not close.", e);
    }
  }

  /** Asked for so that the leader says how far it is; what is read, is read from the store. */
  @Override
  public CompletableFuture<Message> query(Message request) {
    return CompletableFuture.completedFuture(Message.EMPTY);
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return checkpoints;
  }

  @Override
  public long takeSnapshot() throws IOException {
    TermIndex applied = getLastAppliedTermIndex();
    if (hasFailed) {
      return RaftLog.INVALID_LOG_INDEX;
    }
    if (store.applied().index() > applied.getIndex()) {
      // Entries come again from the log: the store is of a later one than Raft would name it by.
      return RaftLog.INVALID_LOG_INDEX;
    }
    if (checkpoints.isBeingSent()
        && applied.getIndex() - checkpoints.newest().getIndex() < MOST_ENTRIES) {
      // The log behind the one that is sent would go, and then itself: it would have come in vain.
      return RaftLog.INVALID_LOG_INDEX;
    }
    return take(applied) ? applied.getIndex() : RaftLog.INVALID_LOG_INDEX;
  }

  /** Whether there is one now. Without it the log grows, and is all that is needed. */
  private boolean take(TermIndex applied) {
    if (System.nanoTime() - nextCheckpointAt < 0) {
      return false;
    }
    try {
      checkpoints.take(applied);
      return true;
    } catch (IOException | UncheckedIOException e) {
      nextCheckpointAt = System.nanoTime() + PAUSE_NANOS;
      String why = "No checkpoint could be taken, so the log grows; it is tried again. group=";
      LOG.log(Level.WARNING, why + getGroupId().getUuid(), e);
      return false;
    }
  }

  /** A checkpoint of the leader's has come whole, and is about to take the place of the others. */
  @Override
  public void pause() {
    checkpoints.syncReceived();
    if (getLifeCycleState() != LifeCycle.State.PAUSED) {
      getLifeCycle().transition(LifeCycle.State.PAUSING);
      getLifeCycle().transition(LifeCycle.State.PAUSED);
    }
  }

  /** It has taken their place. */
  @Override
  public void reinitialize() {
    try {
      getLifeCycle()
          .startAndTransition(
              () -> {
                checkpoints.syncDirectories();
                beginAtCheckpoint();
              },
              IOException.class);
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }
}
