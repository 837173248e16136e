package org.kvstore.server.replication;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadFactory;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.store.Store;

/**
 * The replicator of a single process: each group is applied to the store with one fsync. The
 * committer is the only thread that commits to the store, and opens it anew after a failed write.
 */
public final class LocalReplicator extends GroupCommitter {
  private static final Logger LOG = System.getLogger(LocalReplicator.class.getName());

  private final Store store;
  private final DiskSpace disk;

  /**
   * Starts the committer.
   *
   * @param threads makes the committer thread
   * @param answers runs what waits for outcomes; must not run it in the calling thread
   */
  public LocalReplicator(
      Store store, Limits limits, DiskSpace disk, ThreadFactory threads, Executor answers) {
    super(() -> store, limits, disk, threads, answers);
    this.store = store;
    this.disk = disk;
    start();
  }

  @Override
  public CompletionStage<Void> readBarrier() {
    return CompletableFuture.completedStage(null);
  }

  @Override
  public boolean leads() {
    return true;
  }

  @Override
  protected Committed commit(List<Submission> group) {
    recoverIfFailed();
    long syncs = store.syncs().count();
    List<Outcome> outcomes = store.apply(group);
    return new Committed(outcomes, store.syncs().count() > syncs);
  }

  private void recoverIfFailed() {
    if (!store.hasFailed()) {
      return;
    }
    // Recovery closes the files first. Without room to open them again, reads would end too.
    if (disk.isLow() || disk.freeBytes() < store.recoveryBytes()) {
      throw KeyValueException.of(ErrorCode.STORAGE_FULL, "The disk is full.");
    }
    store.recover();
    LOG.log(Level.INFO, "The store has recovered from a failed write.");
  }

  /** So that reads come back even when no write asks for it. */
  @Override
  protected void idle() {
    try {
      recoverIfFailed();
    } catch (KeyValueException e) {
      if (e.code() != ErrorCode.STORAGE_FULL) {
        LOG.log(Level.WARNING, "The store cannot recover yet from a failed write.", e);
      }
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "The store cannot recover yet from a failed write.", e);
    }
  }
}
