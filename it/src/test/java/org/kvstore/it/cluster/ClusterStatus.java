package org.kvstore.it.cluster;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** What a node tells of the cluster: {@code GET /v1/cluster}. */
record ClusterStatus(JsonObject json) {

  /** Asks a node; empty when it does not answer. */
  static Optional<ClusterStatus> of(Node node) {
    return Node.ask(node.service(), node.service().get("/v1/cluster"))
        .filter(answer -> answer.status() == 200)
        .map(answer -> new ClusterStatus(answer.json()));
  }

  /** Whether enough replicas of a shard are there for writes, as far as this node knows. */
  boolean hasQuorum(int shard) {
    return shard(shard).getBoolean("quorum");
  }

  /** The number of the node that leads a shard, as far as this node knows. */
  OptionalInt leader(int shard) {
    return leader(shard(shard));
  }

  private static OptionalInt leader(JsonObject shard) {
    String leader = shard.getString("leader", "");
    return leader.isEmpty()
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(leader.substring(1)));
  }

  /** The lags that are known, of all replicas of all shards. */
  List<Long> lags() {
    return Stream.concat(
            json.getJsonArray("shards").stream(), Stream.of(json.getJsonObject("system")))
        .flatMap(shard -> shard.asJsonObject().getJsonArray("replicas").stream())
        .map(JsonValue::asJsonObject)
        .filter(replica -> replica.containsKey("lag"))
        .map(replica -> replica.getJsonNumber("lag").longValue())
        .toList();
  }

  /** How far the replica of a shard on a node is behind, as far as this node knows. */
  OptionalLong lag(int shard, String node) {
    return shard(shard).getJsonArray("replicas").stream()
        .map(JsonValue::asJsonObject)
        .filter(replica -> replica.getString("node").equals(node) && replica.containsKey("lag"))
        .mapToLong(replica -> replica.getJsonNumber("lag").longValue())
        .findFirst();
  }

  /** The number of the node that leads the system's shard, and so has replicas come and go. */
  OptionalInt controller() {
    return leader(json.getJsonObject("system"));
  }

  /** Ids of the members. */
  List<String> nodes() {
    return all(json.getJsonArray("nodes"), "id");
  }

  /** Ids of the nodes that have a replica of a shard; none when this node does not know. */
  List<String> replicas(int shard) {
    return all(shard(shard).getJsonArray("replicas"), "node");
  }

  /** The same of all data shards and then that of the system. */
  List<List<String>> replicas() {
    int shards = json.getJsonArray("shards").size();
    return Stream.concat(
            IntStream.range(0, shards).mapToObj(this::replicas),
            Stream.of(all(json.getJsonObject("system").getJsonArray("replicas"), "node")))
        .toList();
  }

  /** How many shards are to gain or lose replicas. */
  int moves() {
    return json.getJsonArray("moves").size();
  }

  private static List<String> all(JsonArray objects, String name) {
    return objects.getValuesAs(JsonObject.class).stream()
        .map(object -> object.getString(name))
        .toList();
  }

  private JsonObject shard(int shard) {
    return json.getJsonArray("shards").getJsonObject(shard);
  }
}
