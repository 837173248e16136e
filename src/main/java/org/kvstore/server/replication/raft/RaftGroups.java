package org.kvstore.server.replication.raft;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.statemachine.StateMachine;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.util.ExitUtils;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * The Raft server of a node, and the groups in it: each by itself from {@link #begin} to {@link
 * #end}, so that one that cannot begin keeps no other from it. It answers what other nodes ask, on
 * the one port.
 */
final class RaftGroups implements AutoCloseable {
  private static final Logger LOG = System.getLogger(RaftGroups.class.getName());
  private static final int END_SECONDS = 30;
  private static final Executor ENDS =
      task -> {
        Thread thread = new Thread(task, "kv-replica-ends");
        thread.setDaemon(true);
        thread.start();
      };

  private final ClusterOptions options;
  private final Map<RaftGroupId, ShardMachine> machines = new ConcurrentHashMap<>();

  /** Those that are about to end: each on a thread of its own, at most one for each group. */
  private final Map<RaftGroupId, CompletableFuture<Void>> ending = new ConcurrentHashMap<>();

  private final ClientId client = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();
  private final RaftServer server;
  private final ProposalCounts proposalCounts = new ProposalCounts();

  /** No more threads than groups: each submits one entry at a time. */
  private final ExecutorService submitters =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "kv-proposals");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param handlers of what other nodes ask; not called before {@link #start}
   * @param news hears what leaders say; nor is that
   * @throws IOException when the directory of the logs cannot be used
   */
  RaftGroups(
      ClusterOptions options,
      Map<MethodDescriptor<byte[], byte[]>, PeerCalls.Handler> handlers,
      LeaderNews news)
      throws IOException {
    this.options = options;
    server = newServer(handlers, news);
  }

  /**
   * The server starts all groups or none of those that it finds in its directory when it is made:
   * so it is made with an empty one, and each group is added by itself.
   */
  private RaftServer newServer(
      Map<MethodDescriptor<byte[], byte[]>, PeerCalls.Handler> handlers, LeaderNews news)
      throws IOException {
    RaftProperties properties = RaftSettings.of(options);
    Path none = Files.createDirectories(options.directory().resolve("none"));
    RaftServerConfigKeys.setStorageDir(properties, List.of(none.toFile()));
    Parameters parameters = options.endpoint().parameters();
    GrpcConfigKeys.Server.setServicesCustomizer(
        parameters,
        (builder, types) ->
            PeerCalls.serve(builder, handlers)
                .intercept(news)
                .intercept(new DurableVotes(this::syncLog)));
    RaftServer made =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.self()))
            .setProperties(properties)
            .setParameters(parameters)
            .setStateMachineRegistry(this::machine)
            .build();
    File logs = options.directory().toFile();
    RaftServerConfigKeys.setStorageDir(properties, List.of(logs));
    return made;
  }

  private StateMachine machine(RaftGroupId group) {
    StateMachine machine = machines.get(group);
    if (machine == null) {
      throw new IllegalStateException("No store is there for the group " + group + ".");
    }
    return machine;
  }

  private void syncLog(RaftGroupId group) throws IOException {
    ShardMachine machine = machines.get(group);
    if (machine == null) {
      throw new IOException("The group " + group + " has ended.");
    }
    machine.syncLog();
  }

  /**
   * Listens from now on.
   *
   * @throws KeyValueException UNAVAILABLE when the port cannot be had
   */
  void start() throws IOException {
    try {
      server.start();
    } catch (ExitUtils.ExitException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE,
              ("The node %s cannot listen on %s: another process does, or the address is not this"
                      + " machine's. Stop that process, or change the address in"
                      + " kv.cluster.members on every node.")
                  .formatted(options.self(), options.own().raftAddress()))
          .withCause(e);
    }
  }

  /** Has this node's replica of a group begin, with the log that it has or a new one. */
  void begin(RaftGroup group, ShardMachine machine) throws IOException {
    machines.put(group.getGroupId(), machine);
    require(
        server.groupManagement(
            GroupManagementRequest.newAdd(ClientId.randomId(), server.getId(), 0, group, false)));
  }

  /**
   * Ends it, whose log stays; nothing happens when it does not run.
   *
   * @throws IOException also when it takes long, as on a disk that hangs; it may be called again
   */
  void end(RaftGroupId group) throws IOException {
    if (has(group) || ending.containsKey(group)) {
      awaitEnd(group);
    }
    machines.remove(group);
  }

  private boolean has(RaftGroupId group) {
    for (RaftGroupId each : server.getGroupIds()) {
      if (each.equals(group)) {
        return true;
      }
    }
    return false;
  }

  private void awaitEnd(RaftGroupId group) throws IOException {
    CompletableFuture<Void> end =
        ending.computeIfAbsent(group, any -> CompletableFuture.runAsync(() -> remove(group), ENDS));
    try {
      end.get(END_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IOException("The group " + group + " has not ended yet.", e);
    } catch (ExecutionException e) {
      throw new IOException("The group " + group + " did not end.", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("The group " + group + " was not waited for.", e);
    } finally {
      if (end.isDone()) {
        ending.remove(group, end);
      }
    }
  }

  private void remove(RaftGroupId group) {
    try {
      require(
          server.groupManagement(
              GroupManagementRequest.newRemove(
                  ClientId.randomId(), server.getId(), 0, group, false, false)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void require(RaftClientReply reply) throws IOException {
    if (!reply.isSuccess()) {
      throw new IOException(reply.getException());
    }
  }

  /** A group as Raft sees it here; null when it does not run. */
  RaftServer.@Nullable Division division(RaftGroupId group) {
    try {
      RaftServer.Division division = server.getDivision(group);
      return division.getInfo().isAlive() ? division : null;
    } catch (IOException notHere) {
      return null;
    }
  }

  RaftServer server() {
    return server;
  }

  /** This node, as Raft names it. */
  RaftPeerId self() {
    return server.getId();
  }

  /** Runs what submits entries to the server, which may have it wait. */
  ExecutorService submitters() {
    return submitters;
  }

  /** What became of the entries that this node has proposed. */
  ProposalCounts proposalCounts() {
    return proposalCounts;
  }

  /** Has the leader of a group tell this node soon how far its log is committed. */
  void askForCommitIndex(RaftGroupId group) {
    try {
      server.submitClientRequestAsync(
          RaftClientRequest.newBuilder()
              .setClientId(client)
              .setServerId(server.getId())
              .setGroupId(group)
              .setCallId(calls.incrementAndGet())
              .setMessage(Message.EMPTY)
              .setType(RaftClientRequest.readRequestType())
              .build());
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.DEBUG, "The leader was not asked.", e);
    }
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "The Raft server did not close.", e);
    }
    submitters.shutdown();
  }
}
