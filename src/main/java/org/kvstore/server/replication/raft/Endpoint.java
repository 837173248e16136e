package org.kvstore.server.replication.raft;

import org.apache.ratis.conf.Parameters;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Loopback;

/**
 * Where a node listens for others, and whom it lets in. Whoever is let in may do anything: so
 * beyond this machine it takes certificates.
 *
 * @param host the address to bind; null for the one by which the others reach the node
 * @param certificates null to let everybody in, on loopback only
 */
public record Endpoint(@Nullable String host, @Nullable PeerCertificates certificates) {
  /** The host by which others reach it, on this machine. */
  public static final Endpoint LOOPBACK = new Endpoint(null, null);

  /**
   * The address to bind for a node.
   *
   * @throws KeyValueException UNAVAILABLE when it is open to others without certificates
   */
  String bindFor(Member member) {
    String bound = host == null ? member.host() : host;
    if (certificates == null && !Loopback.isHost(bound)) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          ("The node %s is to listen on %s, which other machines reach, and whoever reaches it may"
                  + " change everything. Set kv.cluster.tls.certificate, kv.cluster.tls.key and"
                  + " kv.cluster.tls.authority, or listen on loopback (kv.cluster.host).")
              .formatted(member.id(), bound));
    }
    return bound;
  }

  /** Of Raft, for both sides of a connection. */
  Parameters parameters() {
    return certificates == null ? new Parameters() : certificates.parameters();
  }
}
