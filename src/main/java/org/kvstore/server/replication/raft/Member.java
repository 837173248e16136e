package org.kvstore.server.replication.raft;

import org.apache.ratis.protocol.RaftPeer;

/**
 * A node of the cluster.
 *
 * @param id its name, which it keeps over restarts
 * @param raftAddress where the other nodes reach it: host and port
 */
public record Member(String id, String raftAddress) {

  /** As Raft knows it. */
  RaftPeer peer() {
    return RaftPeer.newBuilder().setId(id).setAddress(raftAddress).build();
  }
}
