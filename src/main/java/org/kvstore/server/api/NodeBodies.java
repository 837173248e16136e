package org.kvstore.server.api;

import jakarta.json.JsonObject;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.kvstore.api.NodeDocument;
import org.kvstore.server.model.KeyValueException;

/** Reads who is to be a member of the cluster; of the same form as {@code kv.cluster.members}. */
final class NodeBodies {
  private static final Set<String> PROPERTIES = Set.of("id", "raftAddress");
  private static final Pattern ID = Pattern.compile("[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?");
  private static final Pattern ADDRESS =
      Pattern.compile("(?:[A-Za-z0-9._-]{1,253}|\\[[0-9a-fA-F:]{2,45}\\]):([0-9]{1,5})");
  private static final int MOST_PORT = 65_535;

  private NodeBodies() {}

  /**
   * The node that a body names.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the property and what is allowed
   */
  static NodeDocument parse(String json) {
    JsonObject body = JsonObjects.parse(json, PROPERTIES);
    String id = JsonObjects.required(body, "id");
    if (!isId(id)) {
      throw KeyValueException.invalid(
          "id", "It is 1 to 32 of a-z, 0-9 and -, which is neither first nor last, such as n4.");
    }
    String address = JsonObjects.required(body, "raftAddress");
    if (!isAddress(address)) {
      throw KeyValueException.invalid(
          "raftAddress",
          "It is host:port where the other nodes reach it, such as host4:9084 or [2001:db8::4]:9084.");
    }
    return new NodeDocument(id, address);
  }

  /** Whether a node may be named so. */
  static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  private static boolean isAddress(String text) {
    Matcher address = ADDRESS.matcher(text);
    if (!address.matches()) {
      return false;
    }
    int port = Integer.parseInt(address.group(1));
    return port >= 1 && port <= MOST_PORT;
  }
}
