package org.kvstore.server.replication.raft;

import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLException;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.grpc.GrpcTlsConfig;
import org.apache.ratis.thirdparty.io.grpc.netty.GrpcSslContexts;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * By what nodes know each other (RFC 8446, section 4.3.2: each side asks for the other's). All are
 * PEM files.
 *
 * @param certificate the node's own, which names its host and is for servers and for clients
 * @param key of it
 * @param authority who issues those of all nodes, and of nobody else: whoever has one takes part
 */
public record PeerCertificates(Path certificate, Path key, Path authority) {

  /** As Raft takes them, for both sides of a connection. */
  Parameters parameters() {
    requireReadable();
    Parameters parameters = new Parameters();
    GrpcConfigKeys.TLS.setConf(
        parameters,
        new GrpcTlsConfig(key.toFile(), certificate.toFile(), authority.toFile(), true));
    return parameters;
  }

  private void requireReadable() {
    for (Path file : new Path[] {certificate, key, authority}) {
      if (!Files.isReadable(file)) {
        throw KeyValueException.of(
            ErrorCode.UNAVAILABLE,
            "%s cannot be read. It is named by kv.cluster.tls.certificate, .key or .authority."
                .formatted(file));
      }
    }
  }

  /**
   * For a connection to another node.
   *
   * @throws KeyValueException UNAVAILABLE when they are of no use
   */
  SslContext ofClient() {
    requireReadable();
    try {
      return GrpcSslContexts.forClient()
          .trustManager(authority.toFile())
          .keyManager(certificate.toFile(), key.toFile())
          .build();
    } catch (SSLException | IllegalArgumentException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE, "The certificates of kv.cluster.tls cannot be used.")
          .withCause(e);
    }
  }
}
