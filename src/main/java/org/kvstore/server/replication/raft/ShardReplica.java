package org.kvstore.server.replication.raft;

import org.apache.ratis.protocol.RaftGroupId;
import org.kvstore.server.store.Store;

/**
 * A shard as this node has it.
 *
 * @param shard its number
 * @param group its Raft group
 * @param store this node's replica
 * @param proposals what is proposed for it while this node leads it
 * @param machine applies the log to the store
 * @param observer what can be seen of it
 */
record ShardReplica(
    int shard,
    RaftGroupId group,
    Store store,
    Proposals proposals,
    ShardMachine machine,
    Observer observer) {}
