package org.kvstore.server.service;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.crypto.LogKeys;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.ClusterOptions;
import org.kvstore.server.replication.raft.Endpoint;
import org.kvstore.server.replication.raft.LogOptions;
import org.kvstore.server.replication.raft.Member;
import org.kvstore.server.replication.raft.PeerCertificates;

/**
 * What a node is told of its cluster. A server without {@code kv.cluster.node} is none.
 *
 * @param id names the cluster
 * @param node the node's own id, which is one of the members
 * @param members the nodes that found the cluster; of one that joins, some that are there and
 *     itself
 * @param joins whether it joins a cluster that is there
 * @param urls where clients reach them, as far as that is said
 * @param shards how many there are; the same on all nodes, for ever
 * @param factor how many replicas each data shard has, if there are as many nodes; the same on all
 *     nodes
 * @param endpoint where the node listens for the others, and whom it lets in
 */
public record ClusterConfig(
    String id,
    String node,
    List<Member> members,
    boolean joins,
    Map<String, URI> urls,
    int shards,
    int factor,
    Endpoint endpoint) {
  private static final String NAME = "[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?";
  private static final Pattern ADDRESS =
      Pattern.compile("(?:[A-Za-z0-9._-]{1,253}|\\[[0-9a-fA-F:]{2,45}\\]):([0-9]{1,5})");
  private static final int MOST_PORT = 65_535;
  private static final Pattern URL = Pattern.compile("(" + NAME + ")=(https?://\\S+)");

  /** An entry of a replicated log has 8 MB at the most: a value has to fit, with what is around. */
  static final long MOST_VALUE_BYTES = 7L << 20;

  private static final int DEFAULT_SHARDS = 1;
  private static final int MOST_SHARDS = 1024;
  private static final int MOST_MEMBERS = 7;
  private static final int DEFAULT_FACTOR = 3;

  /** Copies the lists. */
  public ClusterConfig {
    members = List.copyOf(members);
    urls = Map.copyOf(urls);
  }

  /**
   * Reads and checks the properties; empty for a server that is no node.
   *
   * @throws KeyValueException UNAVAILABLE, naming the property, its value and what is allowed
   */
  static Optional<ClusterConfig> read(Function<String, Optional<String>> config) {
    Optional<String> node = text(config, "kv.cluster.node");
    if (node.isEmpty()) {
      requireNone(config);
      return Optional.empty();
    }
    if (!isNodeId(node.get())) {
      throw refusal("kv.cluster.node", node.get(), "1 to 32 of a-z, 0-9 and -, such as n1");
    }
    String id = text(config, "kv.cluster.id").orElse("kvstore");
    if (!id.matches(NAME)) {
      throw refusal("kv.cluster.id", id, "1 to 32 of a-z, 0-9 and -, such as orders");
    }
    List<Member> named = members(config);
    List<Member> members = withOwn(named, node.get(), config);
    return Optional.of(
        new ClusterConfig(
            id,
            node.get(),
            members,
            joins(config, members) || members.size() > named.size(),
            urls(config, members),
            shards(config),
            factor(config),
            new Endpoint(text(config, "kv.cluster.host").orElse(null), certificates(config))));
  }

  /** Whether a server is a node of a cluster. */
  static boolean isNode(Function<String, Optional<String>> config) {
    return text(config, "kv.cluster.node").isPresent();
  }

  /** Whether a node may be named so. */
  public static boolean isNodeId(String text) {
    return text.matches(NAME);
  }

  /** Whether other nodes could reach a node there: host and port, IPv6 in brackets. */
  public static boolean isRaftAddress(String text) {
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches()) {
      return false;
    }
    int port = Integer.parseInt(address.group(1));
    return port >= 1 && port <= MOST_PORT;
  }

  /** A node whose name was forgotten is not to start as a server of its own. */
  private static void requireNone(Function<String, Optional<String>> config) {
    text(config, "kv.cluster.members")
        .ifPresent(
            members -> {
              throw refusal("kv.cluster.members", members, "only with kv.cluster.node");
            });
  }

  private static List<Member> members(Function<String, Optional<String>> config) {
    String property = "kv.cluster.members";
    String text = text(config, property).orElse("");
    String allowed =
        "1 to %d nodes with ids and addresses of their own, such as n1=host1:9081,n2=host2:9081"
            .formatted(MOST_MEMBERS);
    Map<String, Member> members = new LinkedHashMap<>();
    List<String> addresses = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String[] member = part.strip().split("=", -1);
      if (member.length != 2 || !isNodeId(member[0]) || !isRaftAddress(member[1])) {
        throw refusal(property, text, allowed);
      }
      addresses.add(member[1]);
      members.put(member[0], new Member(member[0], member[1]));
    }
    boolean areDistinct =
        members.size() == addresses.size()
            && addresses.stream().distinct().count() == addresses.size();
    if (!areDistinct || members.size() > MOST_MEMBERS) {
      throw refusal(property, text, allowed);
    }
    return List.copyOf(members.values());
  }

  /** One that the members do not name says where it is itself, and joins them. */
  private static List<Member> withOwn(
      List<Member> named, String node, Function<String, Optional<String>> config) {
    String property = "kv.cluster.address";
    Optional<String> address = text(config, property);
    Optional<Member> listed = named.stream().filter(member -> member.id().equals(node)).findFirst();
    if (listed.isEmpty() && address.isEmpty()) {
      throw refusal(
          "kv.cluster.node",
          node,
          "one of those in kv.cluster.members, or another one with kv.cluster.address");
    }
    if (address.isPresent() && !isRaftAddress(address.get())) {
      throw refusal(property, address.get(), "host and port, such as host4:9081");
    }
    if (listed.isPresent()) {
      if (address.isPresent() && !address.get().equals(listed.get().raftAddress())) {
        throw refusal(property, address.get(), "the same as in kv.cluster.members");
      }
      return named;
    }
    List<Member> members = new ArrayList<>(named);
    members.add(new Member(node, address.orElseThrow()));
    return members;
  }

  private static boolean joins(Function<String, Optional<String>> config, List<Member> members) {
    String property = "kv.cluster.join";
    String text = text(config, property).orElse("false");
    if (!text.equals("true") && !text.equals("false")) {
      throw refusal(property, text, "true or false");
    }
    boolean joins = text.equals("true");
    if (joins && members.size() < 2) {
      throw refusal(
          property, text, "false, or a node that is there in kv.cluster.members beside this one");
    }
    return joins;
  }

  private static Map<String, URI> urls(
      Function<String, Optional<String>> config, List<Member> members) {
    String property = "kv.cluster.urls";
    Map<String, URI> urls = new LinkedHashMap<>();
    String text = text(config, property).orElse("");
    for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      Matcher url = URL.matcher(part.strip());
      boolean isOfMember =
          url.matches() && members.stream().anyMatch(member -> member.id().equals(url.group(1)));
      if (!isOfMember) {
        throw refusal(property, text, "addresses of members, such as n1=http://host1:8080,n2=...");
      }
      urls.put(url.group(1), URI.create(url.group(2)));
    }
    return urls;
  }

  private static int shards(Function<String, Optional<String>> config) {
    String text = text(config, "kv.shards").orElse(Integer.toString(DEFAULT_SHARDS));
    int shards = text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
    if (shards < 1 || shards > MOST_SHARDS) {
      throw refusal("kv.shards", text, "a number from 1 to " + MOST_SHARDS);
    }
    return shards;
  }

  private static int factor(Function<String, Optional<String>> config) {
    String property = "kv.replication-factor";
    String text = text(config, property).orElse(Integer.toString(DEFAULT_FACTOR));
    int factor = text.matches("[0-9]") ? Integer.parseInt(text) : 0;
    if (factor < 1 || factor > ClusterOptions.MOST_REPLICAS) {
      throw refusal(property, text, "a number from 1 to " + ClusterOptions.MOST_REPLICAS);
    }
    return factor;
  }

  private static @Nullable PeerCertificates certificates(
      Function<String, Optional<String>> config) {
    List<String> properties =
        List.of("kv.cluster.tls.certificate", "kv.cluster.tls.key", "kv.cluster.tls.authority");
    List<Path> files = new ArrayList<>();
    for (String property : properties) {
      text(config, property).ifPresent(file -> files.add(Path.of(file)));
    }
    if (files.isEmpty()) {
      return null;
    }
    if (files.size() < properties.size()) {
      throw refusal(properties.get(0), files.toString(), "only with both others: " + properties);
    }
    return new PeerCertificates(files.get(0), files.get(1), files.get(2));
  }

  private static Optional<String> text(Function<String, Optional<String>> config, String property) {
    return config.apply(property).map(String::strip).filter(text -> !text.isEmpty());
  }

  private static KeyValueException refusal(String property, String value, String allowed) {
    return KeyValueException.of(
        ErrorCode.UNAVAILABLE, "%s is '%s'; allowed is %s.".formatted(property, value, allowed));
  }

  /**
   * What the replication is given.
   *
   * @param logs the directory of the logs
   * @param keys what is encrypted with
   */
  ClusterOptions options(Path logs, EncryptionKeys keys) {
    URI url = urls.get(node);
    return new ClusterOptions(
        id,
        node,
        members,
        joins,
        url == null ? "" : url.toString(),
        shards,
        factor,
        logs,
        endpoint,
        LogOptions.DEFAULT,
        new LogKeys(keys));
  }
}
