package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.proto.RaftProtos.CommitInfoProto;
import org.apache.ratis.server.RaftServer;

/**
 * Which other nodes have ever taken part, which is remembered over restarts. A node that has taken
 * part and comes back without its log is known by that, and must not vote: it may have promised
 * what it has forgotten.
 *
 * <p>One thread notices; any may read. Whoever is among them is so on the disk too.
 */
final class KnownPeers {
  private final String self;
  private final ReplicaMarks marks;
  private final Set<String> known = ConcurrentHashMap.newKeySet();

  KnownPeers(String self, ReplicaMarks marks) throws IOException {
    this.self = self;
    this.marks = marks;
    known.addAll(marks.knownPeers());
  }

  boolean isEmpty() {
    return known.isEmpty();
  }

  boolean contains(String id) {
    return known.contains(id);
  }

  /** Of whom the leaders say that they have a part of the log. */
  void notice(List<RaftServer.Division> divisions) {
    Set<String> now = new HashSet<>(known);
    for (RaftServer.Division division : divisions) {
      for (CommitInfoProto info : division.getCommitInfos()) {
        String id = info.getServer().getId().toStringUtf8();
        if (info.getCommitIndex() >= 0 && !id.equals(self)) {
          now.add(id);
        }
      }
    }
    if (now.size() > known.size()) {
      try {
        marks.knowPeers(now);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      known.addAll(now);
    }
  }
}
