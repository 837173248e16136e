package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientRpc;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage.StartupOption;
import org.apache.ratis.util.ExitUtils;
import org.kvstore.server.store.Store;

/**
 * A node of the cluster: one Raft server, with a group for each shard that it has a replica of. It
 * owns the connections to the others; the stores are the caller's.
 */
public final class RaftNode implements AutoCloseable {
  private final ClusterOptions options;
  private final Map<RaftGroupId, Store> stores = new HashMap<>();
  private final RaftServer server;
  private final RaftClient client;

  /**
   * @param stores of the shards, in order
   * @throws IOException when the log cannot be opened
   */
  public RaftNode(ClusterOptions options, List<Store> stores) throws IOException {
    this.options = options;
    // A port that is taken would end the process.
    ExitUtils.disableSystemExit();
    Files.createDirectories(options.directory());
    for (int shard = 0; shard < stores.size(); shard++) {
      this.stores.put(groupId(shard), stores.get(shard));
    }
    server =
        RaftServer.newBuilder()
            .setServerId(RaftPeerId.valueOf(options.self()))
            .setGroup(group(0))
            .setOption(StartupOption.RECOVER)
            .setProperties(RaftSettings.of(options))
            .setStateMachineRegistry(
                id -> new ShardMachine(Objects.requireNonNull(this.stores.get(id))))
            .build();
    client =
        RaftClient.newBuilder()
            .setRaftGroup(group(0))
            .setProperties(RaftSettings.of(options))
            .build();
  }

  /** Takes part from now on. */
  public void start() throws IOException {
    server.start();
  }

  RaftServer server() {
    return server;
  }

  RaftClientRpc transport() {
    return client.getClientRpc();
  }

  RaftGroup group(int shard) {
    List<RaftPeer> peers =
        options.members().stream()
            .map(
                member ->
                    RaftPeer.newBuilder()
                        .setId(member.id())
                        .setAddress(member.raftAddress())
                        .build())
            .toList();
    return RaftGroup.valueOf(groupId(shard), peers);
  }

  /** The same on every node of the cluster, and on none of another. */
  private RaftGroupId groupId(int shard) {
    String name = options.clusterId() + "/" + shard;
    return RaftGroupId.valueOf(UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)));
  }

  @Override
  public void close() {
    try {
      client.close();
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
