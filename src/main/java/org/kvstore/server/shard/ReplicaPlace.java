package org.kvstore.server.shard;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.store.Replacement;
import org.kvstore.server.store.Store;

/**
 * Where a shard's replica on this node is kept, as replicas come and go. At most one is there, and
 * it is read or idle: idle are those that have not caught up yet, or are not read any more. While
 * none is read, the shard is elsewhere.
 *
 * <p>{@code read} is replaced as a whole, and looked at without a lock: who still reads the replica
 * that was there finds it closed sooner or later, and looks again. The monitor makes changes of it,
 * and of what is open, follow one another. It is held while others are told of them; they take
 * their own locks inside of it, such as that of {@link ChangeFeed}, and never the other way round.
 */
final class ReplicaPlace {
  private final Path directory;
  private final Keeper keeper;

  /** What is read here; null while the shard is elsewhere. */
  private volatile @Nullable Replica read;

  /** Guarded by the monitor: the replica that is there and not read. */
  private @Nullable Replica idle;

  /** Set by {@link #connect}; null on a single server, where the replica never goes. */
  private volatile @Nullable Elsewhere elsewhere;

  /** What is done with the replicas of a shard; called with the monitor held. */
  interface Keeper {
    /**
     * Opens one.
     *
     * @param create whether it is new
     */
    Replica open(boolean create);

    /** Has time bring to a replica what it does, as it is read from now on. */
    void start(Replica replica);
  }

  /**
   * Opens what there is at the start.
   *
   * @param directory that of its store
   */
  ReplicaPlace(Path directory, Shard.Begin begin, Keeper keeper) {
    this.directory = directory;
    this.keeper = keeper;
    if (begin == Shard.Begin.NEW || begin == Shard.Begin.OPEN) {
      Replica opened = keeper.open(begin == Shard.Begin.NEW);
      opened.setRead(true);
      read = opened;
    } else if (begin == Shard.Begin.COMING) {
      // It may be blank still: its log, or a checkpoint, brings everything.
      idle = keeper.open(!Replacement.isDatabase(directory));
    }
  }

  /** From now on replicas may come and go. */
  void connect(Elsewhere others) {
    elsewhere = others;
  }

  /** Has the keeper start, or start anew, the replica that is read, if there is one. */
  synchronized void startTasks() {
    Replica now = read;
    if (now != null) {
      keeper.start(now);
    }
  }

  /**
   * Opens a store for a replica that is to come: a new one, in place of whatever there may be.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE when it cannot be opened
   */
  synchronized Store openNew() {
    drop();
    Replica opened = keeper.open(true);
    idle = opened;
    return opened.store();
  }

  /** The idle replica, which has caught up, is read from now on. Nothing happens without one. */
  synchronized void came() {
    Replica come = idle;
    if (come == null) {
      return;
    }
    idle = null;
    keeper.start(come);
    come.setRead(true);
    read = come;
    Elsewhere away = elsewhere;
    if (away != null) {
      away.came(come.store().revision());
    }
  }

  /** The replica that is there is not read any more. Nothing happens when it is not already. */
  synchronized void goes() {
    Replica going = read;
    Elsewhere away = elsewhere;
    if (going == null || away == null) {
      return;
    }
    read = null;
    idle = going;
    going.setRead(false);
    away.goes();
  }

  /** Closes the store that is there, which is not read any more, and deletes it. */
  synchronized void drop() {
    goes();
    Replica gone = idle;
    idle = null;
    if (gone != null) {
      gone.store().close();
    }
    Replacement.discard(directory);
  }

  /** Hears of no more changes, and closes the store, to which nothing is committed any more. */
  synchronized void close() {
    Elsewhere away = elsewhere;
    if (away != null) {
      away.end();
    }
    Store open = storeOpen();
    if (open != null) {
      open.close();
    }
  }

  /** The replica that is read here; null while the shard is elsewhere. */
  @Nullable Replica read() {
    return read;
  }

  /** The store of that. */
  @Nullable Store storeRead() {
    Replica now = read;
    return now == null ? null : now.store();
  }

  /** The store that is open, be it read or not; null when there is none. */
  synchronized @Nullable Store storeOpen() {
    Replica now = read == null ? idle : read;
    return now == null ? null : now.store();
  }

  /** The replicas of other nodes; null on a single server. */
  @Nullable Elsewhere others() {
    return elsewhere;
  }

  /** The replicas of other nodes, where there are any. */
  Elsewhere elsewhere() {
    Elsewhere away = elsewhere;
    if (away == null) {
      throw new IllegalStateException("The shard has no other replica.");
    }
    return away;
  }

  /** The newest revision that can be read here, or that was told of it elsewhere. */
  long revision() {
    Store store = storeRead();
    return store == null ? toldRevision() : store.revision();
  }

  /** The newest revision that other nodes have told of. */
  long toldRevision() {
    Elsewhere away = elsewhere;
    return away == null ? 0 : away.revision();
  }

  /** As {@link Elsewhere#news}; empty while it is here. */
  Optional<CompletionStage<Void>> news() {
    Elsewhere away = elsewhere;
    return read != null || away == null ? Optional.empty() : away.news();
  }
}
