package org.kvstore.server.replication.raft;

/**
 * A node of the cluster.
 *
 * @param id its name, which it keeps over restarts
 * @param raftAddress where the other nodes reach it: host and port
 */
public record Member(String id, String raftAddress) {}
