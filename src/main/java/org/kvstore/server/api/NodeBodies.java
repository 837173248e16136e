package org.kvstore.server.api;

import jakarta.json.JsonObject;
import java.util.Set;
import org.kvstore.api.NodeDocument;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.ClusterConfig;

/** Reads who is to be a member of the cluster; of the same form as {@code kv.cluster.members}. */
final class NodeBodies {
  private static final Set<String> PROPERTIES = Set.of("id", "raftAddress");

  private NodeBodies() {}

  /**
   * The node that a body names.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property and what is allowed
   */
  static NodeDocument parse(String json) {
    JsonObject body = JsonObjects.parse(json, PROPERTIES);
    String id = JsonObjects.required(body, "id");
    if (!ClusterConfig.isNodeId(id)) {
      throw KeyValueException.invalid(
          "id", "It is 1 to 32 of a-z, 0-9 and -, which is neither first nor last, such as n4.");
    }
    String address = JsonObjects.required(body, "raftAddress");
    if (!ClusterConfig.isRaftAddress(address)) {
      throw KeyValueException.invalid(
          "raftAddress",
          "It is host:port where the other nodes reach it, such as host4:9084 or [2001:db8::4]:9084.");
    }
    return new NodeDocument(id, address);
  }
}
