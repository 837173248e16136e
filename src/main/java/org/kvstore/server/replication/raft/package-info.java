/**
 * Several nodes in the place of one: each shard is a Raft group, whose state machine is the {@link
 * org.kvstore.server.store.Store}. Consensus, its log and its transport are those of Apache Ratis,
 * which is known here only.
 */
@NullMarked
package org.kvstore.server.replication.raft;

import org.jspecify.annotations.NullMarked;
