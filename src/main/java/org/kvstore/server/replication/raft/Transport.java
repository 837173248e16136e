package org.kvstore.server.replication.raft;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.client.RaftClient;
import org.apache.ratis.client.RaftClientRpc;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftClientRequest;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.AlreadyClosedException;
import org.apache.ratis.protocol.exceptions.TimeoutIOException;
import org.apache.ratis.util.JavaUtils;

/**
 * Sends requests to other nodes: one connection and one stream of requests to each, for all shards.
 *
 * <p>A stream ends with the first answer that names another leader, whatever else is on its way in
 * it, and with its connection. What was on its way fails then, and may have arrived. Whoever sends
 * next makes the stream anew; its monitor sees to it that nobody ends the new one in the belief
 * that it is the old one. A stream that answers nothing in time is given up too: the connection may
 * be dead without anybody saying so.
 */
final class Transport implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Transport.class.getName());

  private final RaftClient client;
  private final RaftClientRpc rpc;
  private final Map<RaftPeerId, Link> links = new ConcurrentHashMap<>();

  /**
   * @param client whose connections are used; closed with this
   */
  Transport(RaftClient client) {
    this.client = client;
    rpc = client.getClientRpc();
  }

  /** Makes a node known. */
  void connect(RaftPeer peer) {
    links.computeIfAbsent(
        peer.getId(),
        id -> {
          rpc.addRaftPeers(List.of(peer));
          return new Link(id);
        });
  }

  /** The answer of the node that a request is for, which is known. */
  CompletableFuture<RaftClientReply> send(RaftClientRequest request) {
    Link link = links.get(request.getServerId());
    return link == null
        ? CompletableFuture.failedFuture(new IOException("Not known: " + request.getServerId()))
        : link.send(request);
  }

  /** The way to one node; its monitor guards which stream is the newest. */
  private final class Link {
    private final RaftPeerId to;
    private long streams;

    Link(RaftPeerId to) {
      this.to = to;
    }

    synchronized CompletableFuture<RaftClientReply> send(RaftClientRequest request) {
      CompletableFuture<RaftClientReply> reply = rpc.sendRequestAsyncUnordered(request);
      if (failedWith(reply, AlreadyClosedException.class)) {
        renew(streams);
        reply = rpc.sendRequestAsyncUnordered(request);
      }
      long stream = streams;
      reply.whenComplete(
          (answer, failure) -> {
            if (JavaUtils.unwrapCompletionException(failure) instanceof TimeoutIOException) {
              renew(stream);
            }
          });
      return reply;
    }

    private synchronized void renew(long stream) {
      if (stream == streams) {
        streams++;
        rpc.handleException(to, new IOException("The stream is renewed."), true);
      }
    }

    private boolean failedWith(CompletableFuture<?> reply, Class<? extends Throwable> kind) {
      return reply.isCompletedExceptionally()
          && kind.isInstance(
              JavaUtils.unwrapCompletionException(
                  reply.handle((answer, failure) -> failure).join()));
    }
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "The connections to other nodes did not close.", e);
    }
  }
}
