package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.util.JavaUtils;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.Store;

/**
 * Has the replicas on this node take part, or no longer so. What it does is on the disk before or
 * after, see {@link ReplicaMarks}, so that a start after a crash at any step goes on rightly: above
 * all, a replica that has lost its log does not begin anew.
 *
 * <p>One thread at a time changes a shard: whoever begins with all, and then whoever has it come
 * and go. One replica that cannot take part is a failure of it alone.
 */
final class Participation {
  private static final Logger LOG = System.getLogger(Participation.class.getName());

  private final ClusterOptions options;
  private final ShardGroups groups;
  private final RaftGroups raft;
  private final ReplicaMarks marks;
  private final Replicas replicas;
  private final ReplicaFailures failures;

  /** Of a node that has not begun. */
  Participation(
      ClusterOptions options,
      ShardGroups groups,
      RaftGroups raft,
      ReplicaMarks marks,
      Replicas replicas,
      ReplicaFailures failures) {
    this.options = options;
    this.groups = groups;
    this.raft = raft;
    this.marks = marks;
    this.replicas = replicas;
    this.failures = failures;
  }

  /** Begins with all replicas if this node has begun before. */
  void beginAgain() throws IOException {
    if (marks.hasBegun()) {
      beginAll();
    }
  }

  /** Begins with all replicas for the first time. */
  void beginFirst() throws IOException {
    marks.begins();
    beginAll();
  }

  private void beginAll() throws IOException {
    replicas.all().forEach(this::begin);
    replicas.haveAllBegun();
    if (replicas.takeAllPart()) {
      marks.hasBegunAll();
    }
  }

  /** Whether all replicas of the start have begun, or have failed to. */
  boolean hasBegun() {
    return replicas.haveBegun();
  }

  /** Whether all replicas that this node founds have begun once. */
  boolean hasBegunAll() {
    return marks.hasFounded();
  }

  private void begin(ShardReplica replica) {
    int shard = replica.shard();
    try {
      if (options.joins() && marks.isNew(shard)) {
        marks.joins(shard);
      }
      LogFiles.writeAnew(options.directory(), replica.group());
      if (marks.hasJoined(shard)) {
        raft.begin(RaftGroup.valueOf(replica.group()), replica.machine());
      } else {
        marks.requireLog(shard, replica.group());
        raft.begin(groups.founded(shard), replica.machine());
        marks.founded(shard);
      }
      replicas.begins(shard);
    } catch (IOException | RuntimeException e) {
      failures.add(shard, JavaUtils.unwrapCompletionException(e));
      giveUp(replica);
    }
  }

  private void giveUp(ShardReplica replica) {
    try {
      raft.end(replica.group());
      replica.machine().giveUp();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "A replica that did not begin was not closed.", e);
    }
  }

  /**
   * Gives this node an empty replica of a shard, which takes part once its members say so. Nothing
   * happens when it has one.
   *
   * @param store new, or what this left behind when it was interrupted
   * @throws KeyValueException UNAVAILABLE when it cannot
   */
  void join(int shard, Store store) throws IOException {
    if (replicas.has(shard)) {
      return;
    }
    marks.joins(shard);
    failures.forget(shard);
    begin(replicas.place(shard, store));
    KeyValueException failure = failures.get(shard);
    if (failure != null) {
      replicas.remove(shard);
      // Else the next start would look for what was never there.
      marks.delete(shard, groups.id(shard));
      throw failure;
    }
  }

  /** Remembers that a replica that joined has had everything. */
  void came(int shard) throws IOException {
    marks.came(shard);
  }

  /** Ends the replica of a shard, whose log stays; nothing happens when it does not run. */
  void end(int shard) throws IOException {
    replicas.ends(shard);
    raft.end(groups.id(shard));
  }

  /** Has a replica that was ended go on. */
  void resume(int shard) {
    begin(replicas.place(shard, replicas.require(shard).store()));
  }

  /**
   * Has a replica that has failed go on, as a start of the node would.
   *
   * @throws KeyValueException UNAVAILABLE when its store cannot be opened
   */
  void recover(int shard) throws IOException {
    end(shard);
    // First: the one before would still say how old the store is, which may be older now.
    ShardReplica next = replicas.place(shard, replicas.require(shard).store());
    if (next.store().hasFailed()) {
      next.store().recover();
    }
    failures.forget(shard);
    replicas.haveToCatchUp();
    begin(next);
  }

  /**
   * Ends the replica of a shard, which is no member any more, and deletes its log; what becomes of
   * the store is the caller's. Nothing happens when there is none.
   */
  void leave(int shard) throws IOException {
    end(shard);
    RaftGroupId group = groups.id(shard);
    marks.delete(shard, group);
    replicas.remove(shard);
    failures.forget(shard);
  }
}
