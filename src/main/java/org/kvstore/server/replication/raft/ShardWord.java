package org.kvstore.server.replication.raft;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.jspecify.annotations.Nullable;

/**
 * What a replica says of its shard to nodes that may have none.
 *
 * @param shard its number
 * @param term the newest that it knows
 * @param leads whether it leads in that, and is ready for writes
 * @param leader who leads, that a majority hears; null when it knows nobody
 * @param configuration where in the log the members were last changed; -1 before that
 * @param members those of its newest configuration; nobody where it has none yet
 * @param committed how far the log is known to be committed there
 * @param lags how many entries of that each member is not known to have committed itself, in the
 *     order of the members; -1 where that is not known. Those that the leader tells are newer
 */
record ShardWord(
    int shard,
    long term,
    boolean leads,
    @Nullable String leader,
    long configuration,
    List<Member> members,
    long committed,
    List<Integer> lags) {
  private static final Comparator<ShardWord> BY_TERM = Comparator.comparing(ShardWord::term);

  ShardWord {
    members = List.copyOf(members);
    lags = List.copyOf(lags);
  }

  /** That of a replica on this node. */
  static ShardWord of(int shard, RaftServer.Division division) {
    RaftConfiguration configuration = division.getRaftConf();
    RaftPeerId leader = division.getInfo().getLeaderId();
    boolean isHeard = leader != null && Observer.hasQuorum(division);
    List<Member> members =
        configuration.getCurrentPeers().stream()
            .map(peer -> new Member(peer.getId().toString(), peer.getAddress()))
            .sorted(Comparator.comparing(Member::id))
            .toList();
    boolean leads = isHeard && division.getInfo().isLeaderReady();
    long committed = division.getRaftLog().getLastCommittedIndex();
    return new ShardWord(
        shard,
        division.getInfo().getCurrentTerm(),
        leads,
        isHeard ? String.valueOf(leader) : null,
        configuration.getLogEntryIndex(),
        members,
        committed,
        lags(division, members, committed));
  }

  private static List<Integer> lags(
      RaftServer.Division division, List<Member> members, long committed) {
    Map<String, Long> commits = Observer.commits(division);
    return members.stream()
        .map(member -> commits.get(member.id()))
        .map(commit -> commit == null ? -1 : lag(committed - commit))
        .toList();
  }

  private static int lag(long entries) {
    return entries > Integer.MAX_VALUE ? -1 : (int) Math.max(0, entries);
  }

  /** How many entries each member is not known to have committed, as far as that is known. */
  Map<String, Long> lagsByMember() {
    Map<String, Long> known = new HashMap<>();
    for (int at = 0; at < members.size(); at++) {
      if (lags.get(at) >= 0) {
        known.put(members.get(at).id(), (long) lags.get(at));
      }
    }
    return known;
  }

  /** How far a member is known to have committed the log itself; -1 when it is not known. */
  long committedBy(String node) {
    Long lag = lagsByMember().get(node);
    return lag == null ? -1 : committed - lag;
  }

  boolean names(String node) {
    return members.stream().anyMatch(member -> member.id().equals(node));
  }

  /** The word of the newest leader, if one of them leads. */
  static Optional<ShardWord> ofLeader(Collection<ShardWord> words) {
    return words.stream().filter(ShardWord::leads).max(BY_TERM);
  }

  /** Who leads, by the newest word; null when nobody knows. */
  static @Nullable String leader(Collection<ShardWord> words) {
    return words.stream()
        .filter(word -> word.leader() != null)
        .max(BY_TERM.thenComparing(ShardWord::leads))
        .map(ShardWord::leader)
        .orElse(null);
  }

  /** Who has replicas, by the leader's word or else the newest; nobody when it is not known. */
  static List<Member> members(Collection<ShardWord> words) {
    return ofLeader(words)
        .or(() -> words.stream().max(Comparator.comparing(ShardWord::configuration)))
        .map(ShardWord::members)
        .orElse(List.of());
  }

  /**
   * Writes it.
   *
   * @param known all members that any word names, by whose places they are named
   */
  void write(DataOutputStream out, List<Member> known) throws IOException {
    out.writeShort(shard);
    out.writeLong(term);
    out.writeBoolean(leads);
    out.writeUTF(leader == null ? "" : leader);
    out.writeLong(configuration);
    out.writeByte(members.size());
    for (Member member : members) {
      out.writeByte(known.indexOf(member));
    }
    out.writeLong(committed);
    for (int lag : lags) {
      out.writeInt(lag);
    }
  }

  /** Reads what {@link #write} wrote. */
  static ShardWord read(DataInputStream in, List<Member> known) throws IOException {
    int shard = in.readShort();
    long term = in.readLong();
    boolean leads = in.readBoolean();
    String leader = in.readUTF();
    long configuration = in.readLong();
    List<Member> members = new ArrayList<>();
    for (int left = in.readByte(); left > 0; left--) {
      int place = in.readByte();
      if (place < 0 || place >= known.size()) {
        throw new IOException("Nobody is named so: " + place);
      }
      members.add(known.get(place));
    }
    long committed = in.readLong();
    List<Integer> lags = new ArrayList<>();
    for (int left = members.size(); left > 0; left--) {
      lags.add(in.readInt());
    }
    return new ShardWord(
        shard,
        term,
        leads,
        leader.isEmpty() ? null : leader,
        configuration,
        members,
        committed,
        lags);
  }
}
