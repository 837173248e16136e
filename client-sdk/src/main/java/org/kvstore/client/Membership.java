package org.kvstore.client;

import java.util.function.Function;
import java.util.regex.Pattern;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.NodeDocument;

/**
 * Asks for changes of the cluster's nodes. Done twice, each is as done once, so in a cluster they
 * are repeated like writes that have a name.
 */
final class Membership {
  private static final Pattern ID = Pattern.compile("[a-z0-9-]{1,32}");

  private final Requests requests;

  Membership(Requests requests) {
    this.requests = requests;
  }

  ClusterDocument add(String id, String raftAddress) {
    NodeDocument node = new NodeDocument(valid(id), raftAddress);
    return change(api -> api.addNode(node));
  }

  ClusterDocument remove(String id) {
    String valid = valid(id);
    return change(api -> api.removeNode(valid));
  }

  ClusterDocument drain(String id) {
    String valid = valid(id);
    return change(api -> api.drainNode(valid));
  }

  ClusterDocument undrain(String id) {
    String valid = valid(id);
    return change(api -> api.undrainNode(valid));
  }

  ClusterDocument rebalance() {
    return change(KeyValueApi::rebalance);
  }

  private ClusterDocument change(Function<KeyValueApi, ClusterDocument> request) {
    return requests.write(null, (api, name) -> request.apply(api));
  }

  /** An id that is one segment of a path, whatever was meant. */
  private static String valid(String id) {
    if (!ID.matcher(id).matches()) {
      throw KeyValueException.of(
          Failure.local(
              0, ErrorCode.REQUEST_INVALID, "A node is named by 1 to 32 of a-z, 0-9 and -: " + id),
          null);
    }
    return id;
  }
}
