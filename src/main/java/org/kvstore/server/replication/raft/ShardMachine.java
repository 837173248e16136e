package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.store.LogForm;
import org.kvstore.server.store.Store;

/**
 * The store as the state machine of a Raft group. Entries are applied in order, on the one thread
 * that Ratis has for it; each is a group of submissions, and goes into the store whole, together
 * with its own position. After a crash the store knows therefore how far it has come, and entries
 * that come again from the log are passed over.
 *
 * <p>What clients do wrong is an outcome. An exception is a fault of this replica, which is to stop
 * then rather than to go on differently from the others.
 */
final class ShardMachine extends BaseStateMachine {
  private static final Message NOTHING = Message.EMPTY;

  private final Store store;
  private final Checkpoints checkpoints;

  ShardMachine(Store store) {
    this.store = store;
    checkpoints = new Checkpoints(store);
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId group, RaftStorage storage)
      throws IOException {
    super.initialize(server, group, storage);
    getLifeCycle()
        .startAndTransition(
            () -> {
              checkpoints.init(storage);
              beginAtCheckpoint();
            });
  }

  /** The log begins behind the newest checkpoint, which the store may be far ahead of. */
  private void beginAtCheckpoint() {
    SnapshotInfo newest = checkpoints.getLatestSnapshot();
    setLastAppliedTermIndex(newest == null ? TermIndex.INITIAL_VALUE : newest.getTermIndex());
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    LogPosition position = new LogPosition(entry.getTerm(), entry.getIndex());
    byte[] group = entry.getStateMachineLogEntry().getLogData().toByteArray();
    List<Outcome> outcomes = store.applyEntry(position, LogForm.group(group));
    updateLastAppliedTermIndex(position.term(), position.index());
    return CompletableFuture.completedFuture(
        outcomes == null
            ? NOTHING
            : Message.valueOf(UnsafeByteOperations.unsafeWrap(LogForm.ofOutcomes(outcomes))));
  }

  /** A read that has waited for all writes before it; what is read, is read from the store. */
  @Override
  public CompletableFuture<Message> query(Message request) {
    return CompletableFuture.completedFuture(NOTHING);
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return checkpoints;
  }

  @Override
  public long takeSnapshot() throws IOException {
    TermIndex applied = getLastAppliedTermIndex();
    checkpoints.take(applied);
    return applied.getIndex();
  }

  @Override
  public void pause() {
    getLifeCycle().transition(org.apache.ratis.util.LifeCycle.State.PAUSING);
    getLifeCycle().transition(org.apache.ratis.util.LifeCycle.State.PAUSED);
  }

  /** A checkpoint of the leader's has come, as its log does not reach back to where we are. */
  @Override
  public void reinitialize() throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              checkpoints.install();
              beginAtCheckpoint();
            },
            IOException.class);
  }
}
