package org.kvstore.server.replication.raft;

import java.util.Collection;
import java.util.List;
import org.apache.ratis.protocol.RaftPeer;

/**
 * A node of the cluster.
 *
 * @param id its name, which it keeps over restarts
 * @param raftAddress where the other nodes reach it: host and port
 */
public record Member(String id, String raftAddress) {

  /** Checks the address. */
  public Member {
    if (!raftAddress.matches(".+:[0-9]{1,5}")) {
      throw new IllegalArgumentException("Not host:port: " + raftAddress);
    }
  }

  /** As Raft knows it. */
  RaftPeer peer() {
    return RaftPeer.newBuilder().setId(id).setAddress(raftAddress).build();
  }

  /** The ids of some, in order. */
  static List<String> ids(Collection<Member> members) {
    return members.stream().map(Member::id).sorted().toList();
  }

  String host() {
    return raftAddress.substring(0, raftAddress.lastIndexOf(':'));
  }

  int port() {
    return Integer.parseInt(raftAddress.substring(raftAddress.lastIndexOf(':') + 1));
  }
}
