package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.proto.RaftProtos.RaftConfigurationProto;
import org.apache.ratis.protocol.GroupInfoReply;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.GroupMismatchException;
import org.apache.ratis.protocol.exceptions.LeaderSteppingDownException;
import org.apache.ratis.protocol.exceptions.RaftException;
import org.apache.ratis.protocol.exceptions.TransferLeadershipException;
import org.apache.ratis.retry.RetryPolicies;
import org.apache.ratis.thirdparty.io.grpc.StatusRuntimeException;
import org.apache.ratis.util.ProtoUtils;
import org.apache.ratis.util.TimeDuration;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Changes who has a replica of a shard, from any node that has heard of one. To move one, the steps
 * are, each of which may be done again after a crash, and changes nothing when it was done before:
 *
 * <ol>
 *   <li>at the target, {@link RaftNode#join};
 *   <li>{@link #setMembers} to the members and the target, which returns once the target has all;
 *   <li>{@link #transfer} if the source leads;
 *   <li>{@link #setMembers} to those without the source;
 *   <li>at the source, {@link RaftNode#leave}.
 * </ol>
 *
 * Raft's own configuration is the truth; each change of it names what it is to change, so that two
 * who change it at once do not undo each other.
 */
public final class GroupAdmin {
  /** A change of members is answered when the new one has been sent everything. */
  private static final int ANSWER_MILLIS = 60_000;

  private static final boolean DONE = true;
  private static final int TRIES = 30;

  /** Each may last some seconds, while a new member is sent nothing as it is not there. */
  private static final int TRIES_OF_RAFT = 5;

  private static final long TRY_MILLIS = 200;

  /** How long another node may take to lead. */
  static final long TRANSFER_MILLIS = 3_000;

  /** How Raft says that it has begun to hand over to another member already. */
  private static final String PREVIOUS = "a previous";

  private final ClusterOptions options;
  private final ShardGroups groups;
  private final ClusterView view;

  public GroupAdmin(RaftNode node) {
    options = node.options();
    groups = node.groups();
    view = node.view();
  }

  /** The members of a shard as its leader has them. */
  public List<Member> members(int shard) {
    return inGroup(shard, client -> members(client, shard));
  }

  private List<Member> members(RaftClient client, int shard) throws IOException {
    GroupInfoReply info = client.getGroupManagementApi(leader(shard)).info(groups.id(shard));
    RaftConfigurationProto configuration = info.getConf().orElseThrow();
    return ProtoUtils.toRaftPeers(configuration.getPeersList()).stream()
        .map(peer -> new Member(peer.getId().toString(), peer.getAddress()))
        .toList();
  }

  /**
   * Makes others the members of a shard. A new one is sent everything first, and does not vote
   * before it has it.
   *
   * @param expected the members before
   * @throws KeyValueException UNAVAILABLE when it was not done: the members are neither those
   *     expected nor those wanted, or nobody leads, or a new one cannot be reached; or it is not
   *     known whether it was, which {@link #members} then says
   */
  public void setMembers(int shard, List<Member> expected, List<Member> wanted) {
    inGroup(
        shard,
        client -> {
          if (ids(members(client, shard)).equals(ids(wanted))) {
            return DONE;
          }
          SetConfigurationRequest.Arguments change =
              SetConfigurationRequest.Arguments.newBuilder()
                  .setMode(SetConfigurationRequest.Mode.COMPARE_AND_SET)
                  .setServersInCurrentConf(peers(expected))
                  .setServersInNewConf(peers(wanted))
                  .build();
          return changed(client, shard, change, wanted);
        });
  }

  /** A change that was tried twice may have been done by the first. */
  private boolean changed(
      RaftClient client, int shard, SetConfigurationRequest.Arguments change, List<Member> wanted)
      throws IOException {
    try {
      return require(client.admin().setConfiguration(change));
    } catch (LeaderSteppingDownException e) {
      giveUp(shard, client);
      throw e;
    } catch (IOException e) {
      if (ids(members(client, shard)).equals(ids(wanted))) {
        return DONE;
      }
      throw e;
    }
  }

  /** Has another member lead a shard. */
  public void transfer(int shard, String to) {
    inGroup(
        shard, client -> leader(shard).toString().equals(to) ? DONE : transfer(shard, client, to));
  }

  private boolean transfer(int shard, RaftClient client, String to) throws IOException {
    try {
      return require(client.admin().transferLeadership(RaftPeerId.valueOf(to), TRANSFER_MILLIS));
    } catch (TransferLeadershipException e) {
      if (String.valueOf(e.getMessage()).contains(PREVIOUS)) {
        giveUp(shard, client);
      }
      throw e;
    }
  }

  /** Ends a handover that Raft keeps though it has failed, see {@link StuckHandover}. */
  private void giveUp(int shard, RaftClient client) throws IOException {
    require(client.admin().transferLeadership(null, leader(shard), TRANSFER_MILLIS));
  }

  /** What is asked of a group. */
  @FunctionalInterface
  private interface Question<R> {
    R ask(RaftClient client) throws IOException;
  }

  /**
   * Whoever is taken for the leader may have left the group since, or be gone: then it is asked
   * again. Each question may be asked twice.
   */
  private <R> R inGroup(int shard, Question<R> question) {
    for (int left = TRIES; ; left--) {
      try {
        return ask(shard, question);
      } catch (GroupMismatchException | StatusRuntimeException | NoLeaderException e) {
        if (left == 0) {
          throw failed(shard, String.valueOf(e.getMessage())).withCause(e);
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(TRY_MILLIS));
      } catch (IOException e) {
        throw failed(shard, String.valueOf(e.getMessage())).withCause(e);
      }
    }
  }

  private <R> R ask(int shard, Question<R> question) throws IOException {
    RaftGroup group = RaftGroup.valueOf(groups.id(shard), peers(requireMembers(shard)));
    String leader = view.leader(shard);
    TimeDuration pause = TimeDuration.valueOf(TRY_MILLIS, TimeUnit.MILLISECONDS);
    try (RaftClient client =
        RaftSettings.client(options, group, ANSWER_MILLIS)
            .setLeaderId(leader == null ? null : RaftPeerId.valueOf(leader))
            .setRetryPolicy(RetryPolicies.retryUpToMaximumCountWithFixedSleep(TRIES_OF_RAFT, pause))
            .build()) {
      return question.ask(client);
    }
  }

  private List<Member> requireMembers(int shard) {
    List<Member> members = view.membersOf(shard);
    if (members.isEmpty()) {
      throw failed(shard, "this node has heard of no replica of it that takes part");
    }
    return members;
  }

  /** There is an election, which takes a moment. */
  private static final class NoLeaderException extends IOException {
    private static final long serialVersionUID = 1;

    NoLeaderException() {
      super("it has no leader now");
    }
  }

  private RaftPeerId leader(int shard) throws NoLeaderException {
    String leader = view.leader(shard);
    if (leader == null) {
      throw new NoLeaderException();
    }
    return RaftPeerId.valueOf(leader);
  }

  private static KeyValueException failed(int shard, String why) {
    return KeyValueException.of(
        ErrorCode.UNAVAILABLE,
        "Shard %d was not changed, or that is not known: %s.".formatted(shard, why));
  }

  private static boolean require(RaftClientReply reply) throws IOException {
    if (!reply.isSuccess()) {
      RaftException exception = reply.getException();
      throw exception == null ? new IOException("no reason is given") : exception;
    }
    return DONE;
  }

  private static List<RaftPeer> peers(List<Member> members) {
    return members.stream().map(Member::peer).toList();
  }

  private static Set<String> ids(List<Member> members) {
    return new HashSet<>(members.stream().map(Member::id).toList());
  }
}
