package org.kvstore.server.replication.raft;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftServer;

/**
 * What a replica says of itself, so that reads can be linearizable (Ongaro, Consensus: Bridging
 * Theory and Practice, section 6.4).
 *
 * @param term its current one: it has voted in no later
 * @param leads whether it leads in that term, and has committed an entry of it
 * @param committed how far the log is committed; when it leads, all that was acknowledged before it
 *     said so
 * @param voters who elects leaders; two sets while members change, a majority of each then
 */
record Standing(long term, boolean leads, long committed, List<List<RaftPeer>> voters) {
  private static final int FORMAT = 1;

  Standing {
    voters = voters.stream().map(List::copyOf).toList();
  }

  /** That of a replica of this node. */
  static Standing of(RaftServer.Division division) {
    DivisionInfo info = division.getInfo();
    long term = info.getCurrentTerm();
    boolean leads = info.isLeaderReady();
    List<List<RaftPeer>> voters =
        Stream.of(
                division.getRaftConf().getCurrentPeers(), division.getRaftConf().getPreviousPeers())
            .filter(peers -> !peers.isEmpty())
            .<List<RaftPeer>>map(List::copyOf)
            .toList();
    long committed = division.getRaftLog().getLastCommittedIndex();
    // Terms only grow: so it was the leader of this one.
    return new Standing(term, leads && info.getCurrentTerm() == term, committed, voters);
  }

  /** Whether some of the voters suffice to elect a leader. */
  boolean isMajority(Set<RaftPeerId> some) {
    return voters.stream()
        .allMatch(
            set ->
                2 * set.stream().filter(peer -> some.contains(peer.getId())).count() > set.size());
  }

  /**
   * Whether a replica that says this confirms a leader: it is of the leader's term, and votes. One
   * that has lost what it had promised knows neither.
   */
  boolean confirms(Standing leads, RaftPeerId self) {
    return term == leads.term() && allVoters().stream().anyMatch(peer -> peer.getId().equals(self));
  }

  /** All of them, each once. */
  Collection<RaftPeer> allVoters() {
    return voters.stream().flatMap(List::stream).distinct().toList();
  }

  /** As a message. */
  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      out.writeLong(term);
      out.writeBoolean(leads);
      out.writeLong(committed);
      out.writeByte(voters.size());
      for (List<RaftPeer> set : voters) {
        out.writeShort(set.size());
        for (RaftPeer peer : set) {
          out.writeUTF(peer.getId().toString());
          out.writeUTF(peer.getAddress());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * What a message says.
   *
   * @throws UncheckedIOException when it is of an unknown format
   */
  static Standing of(byte[] message) {
    try {
      return read(new DataInputStream(new ByteArrayInputStream(message)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Standing read(DataInputStream in) throws IOException {
    int format = in.readByte();
    if (format != FORMAT) {
      throw new IOException("Of an unknown format: " + format);
    }
    long term = in.readLong();
    boolean leads = in.readBoolean();
    long committed = in.readLong();
    List<List<RaftPeer>> voters = new ArrayList<>();
    for (int sets = in.readByte(); sets > 0; sets--) {
      List<RaftPeer> set = new ArrayList<>();
      for (int peers = in.readShort(); peers > 0; peers--) {
        set.add(new Member(in.readUTF(), in.readUTF()).peer());
      }
      voters.add(set);
    }
    return new Standing(term, leads, committed, voters);
  }
}
