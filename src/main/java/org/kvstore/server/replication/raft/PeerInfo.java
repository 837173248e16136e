package org.kvstore.server.replication.raft;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * What a node says of itself to another one.
 *
 * @param cluster the name of its cluster
 * @param shards how many data shards that has
 * @param factor how many replicas each of them is to have
 * @param keys the ids of the keys that it has for its log; none where nothing is encrypted
 * @param id its id
 * @param url where clients reach it; empty when it was not told
 * @param isDrained whether it wants to lead nothing
 * @param isFresh whether it has never heard of anybody's taking part in the cluster
 * @param hasLeader whether it hears a leader of the registry, whom a majority hears
 * @param knowsYou whether it knows that the one who asks has taken part
 * @param listsYou whether any of its replicas has the one who asks among its members
 * @param canJoin whether it waits to be made a member, without any log
 * @param members those of the registry, as it sees them; empty while it has no part
 * @param words of each replica that takes part there
 */
record PeerInfo(
    String cluster,
    int shards,
    int factor,
    List<String> keys,
    String id,
    String url,
    boolean isDrained,
    boolean isFresh,
    boolean hasLeader,
    boolean knowsYou,
    boolean listsYou,
    boolean canJoin,
    List<Member> members,
    List<ShardWord> words) {
  private static final int FORMAT = 3;

  PeerInfo {
    keys = List.copyOf(keys);
    members = List.copyOf(members);
    words = List.copyOf(words);
  }

  boolean lists(String node) {
    return members.stream().anyMatch(member -> member.id().equals(node));
  }

  /** As a message. */
  byte[] toBytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(FORMAT);
      out.writeUTF(cluster);
      out.writeShort(shards);
      out.writeByte(factor);
      out.writeByte(keys.size());
      for (String key : keys) {
        out.writeUTF(key);
      }
      out.writeUTF(id);
      out.writeUTF(url);
      out.writeBoolean(isDrained);
      out.writeBoolean(isFresh);
      out.writeBoolean(hasLeader);
      out.writeBoolean(knowsYou);
      out.writeBoolean(listsYou);
      out.writeBoolean(canJoin);
      writeMembers(out, members);
      writeWords(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void writeMembers(DataOutputStream out, List<Member> members) throws IOException {
    out.writeShort(members.size());
    for (Member member : members) {
      out.writeUTF(member.id());
      out.writeUTF(member.raftAddress());
    }
  }

  /** There may be many, of few members. */
  private void writeWords(DataOutputStream out) throws IOException {
    Set<Member> named = new LinkedHashSet<>();
    words.forEach(word -> named.addAll(word.members()));
    List<Member> known = List.copyOf(named);
    writeMembers(out, known);
    out.writeShort(words.size());
    for (ShardWord word : words) {
      word.write(out, known);
    }
  }

  /**
   * What a message says.
   *
   * @throws KeyValueException UNAVAILABLE when it is of an unknown format
   * @throws UncheckedIOException when it is cut off
   */
  static PeerInfo of(byte[] message) {
    try {
      return read(new DataInputStream(new ByteArrayInputStream(message)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static PeerInfo read(DataInputStream in) throws IOException {
    int format = in.readByte();
    if (format != FORMAT) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          "is of another release, whose messages have format %d, and this one's have %d"
              .formatted(format, FORMAT));
    }
    String cluster = in.readUTF();
    int shards = in.readShort();
    int factor = in.readByte();
    List<String> keys = new ArrayList<>();
    for (int left = in.readByte(); left > 0; left--) {
      keys.add(in.readUTF());
    }
    String id = in.readUTF();
    String url = in.readUTF();
    boolean isDrained = in.readBoolean();
    boolean isFresh = in.readBoolean();
    boolean hasLeader = in.readBoolean();
    boolean knowsYou = in.readBoolean();
    boolean listsYou = in.readBoolean();
    boolean canJoin = in.readBoolean();
    List<Member> members = readMembers(in);
    List<Member> known = readMembers(in);
    List<ShardWord> words = new ArrayList<>();
    for (int left = in.readShort(); left > 0; left--) {
      words.add(ShardWord.read(in, known));
    }
    return new PeerInfo(
        cluster, shards, factor, keys, id, url, isDrained, isFresh, hasLeader, knowsYou, listsYou,
        canJoin, members, words);
  }

  private static List<Member> readMembers(DataInputStream in) throws IOException {
    List<Member> members = new ArrayList<>();
    for (int left = in.readShort(); left > 0; left--) {
      members.add(new Member(in.readUTF(), in.readUTF()));
    }
    return members;
  }
}
