package org.kvstore.server.replication.raft;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.ServerServiceDefinition;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyServerBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.ClientCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.ServerCalls;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.apache.ratis.thirdparty.io.netty.handler.ssl.SslContext;
import org.jspecify.annotations.Nullable;

/**
 * What nodes ask each other beside Raft's own messages: a question and an answer, each by itself,
 * on the port and under the certificates that Raft has. Raft's own requests do not serve for that:
 * the first that fails takes with it whatever else is under way between two nodes.
 *
 * <p>A connection that is lost is made anew with the next question; one that is silent is given up
 * after some seconds.
 */
final class PeerCalls implements AutoCloseable {
  private static final String SERVICE = "kvstore.Peer";

  /** What replicas say of themselves, see {@link Standings}. */
  static final MethodDescriptor<byte[], byte[]> STANDING = unary("Standing");

  /** What a node says of itself, see {@link PeerInfo}; the question is who asks. */
  static final MethodDescriptor<byte[], byte[]> INFO = unary("Info");

  /** Has a node lead nothing (1), or no longer so (0). */
  static final MethodDescriptor<byte[], byte[]> DRAIN = unary("Drain");

  /** Has the leader of a shard propose a group of submissions, see {@link ProposalForm}. */
  static final MethodDescriptor<byte[], byte[]> PROPOSE = unary("Propose");

  /** Has a node come to have a replica of a shard (4 bytes); whether it runs: 1, or not yet: 0. */
  static final MethodDescriptor<byte[], byte[]> HOST = unary("Host");

  /** Reads a replica for a node that has none, see {@link ReadQuestion}. */
  static final MethodDescriptor<byte[], byte[]> READ = unary("Read");

  private static final int ALIVE_SECONDS = 5;

  private final @Nullable SslContext tls;
  private final Map<String, ManagedChannel> channels = new ConcurrentHashMap<>();
  private volatile boolean isClosed;

  PeerCalls(Endpoint endpoint) {
    PeerCertificates certificates = endpoint.certificates();
    tls = certificates == null ? null : certificates.ofClient();
  }

  private static MethodDescriptor<byte[], byte[]> unary(String name) {
    return MethodDescriptor.<byte[], byte[]>newBuilder()
        .setType(MethodDescriptor.MethodType.UNARY)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
        .setRequestMarshaller(new Bytes())
        .setResponseMarshaller(new Bytes())
        .build();
  }

  /** Messages are bytes, whose form is of those who send them. */
  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try (stream) {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Answers a question, at once or later; it must not block. It fails when there is no answer. */
  @FunctionalInterface
  interface Handler {
    CompletionStage<byte[]> answer(byte[] question);

    /** One that answers at once. */
    static Handler of(UnaryOperator<byte[]> answer) {
      return question -> CompletableFuture.completedStage(answer.apply(question));
    }
  }

  /** Has a server answer them. */
  static NettyServerBuilder serve(
      NettyServerBuilder server, Map<MethodDescriptor<byte[], byte[]>, Handler> handlers) {
    ServerServiceDefinition.Builder service = ServerServiceDefinition.builder(SERVICE);
    handlers.forEach(
        (method, handler) ->
            service.addMethod(
                method,
                ServerCalls.asyncUnaryCall((question, to) -> answer(handler, question, to))));
    return server
        .permitKeepAliveTime(ALIVE_SECONDS / 2, TimeUnit.SECONDS)
        .addService(service.build());
  }

  private static void answer(Handler handler, byte[] question, StreamObserver<byte[]> to) {
    handler
        .answer(question)
        .whenComplete(
            (answer, failure) -> {
              if (failure == null) {
                to.onNext(answer);
                to.onCompleted();
              } else {
                to.onError(Status.INTERNAL.withDescription(failure.toString()).asException());
              }
            });
  }

  /**
   * Asks a node.
   *
   * @return completed on a thread that must not be blocked; fails when there is no answer in time
   */
  CompletableFuture<byte[]> ask(
      RaftPeer node, MethodDescriptor<byte[], byte[]> method, byte[] question, long millis) {
    if (isClosed) {
      return CompletableFuture.failedFuture(new IOException("The node stops."));
    }
    CompletableFuture<byte[]> answer = new CompletableFuture<>();
    ManagedChannel channel = channels.computeIfAbsent(node.getAddress(), this::connect);
    ClientCalls.asyncUnaryCall(
        channel.newCall(
            method, CallOptions.DEFAULT.withDeadlineAfter(millis, TimeUnit.MILLISECONDS)),
        question,
        new StreamObserver<>() {
          @Override
          public void onNext(byte[] value) {
            answer.complete(value);
          }

          @Override
          public void onError(Throwable failure) {
            // Else the next try to connect could be minutes away.
            channel.resetConnectBackoff();
            answer.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            answer.completeExceptionally(new IOException("There is no answer."));
          }
        });
    return answer;
  }

  private ManagedChannel connect(String address) {
    NettyChannelBuilder channel =
        NettyChannelBuilder.forTarget(address)
            .directExecutor()
            .maxInboundMessageSize(RaftSettings.MESSAGE.getSizeInt())
            .keepAliveTime(ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(ALIVE_SECONDS, TimeUnit.SECONDS);
    return tls == null ? channel.usePlaintext().build() : channel.sslContext(tls).build();
  }

  /** Whether nobody can be asked any more. */
  boolean isClosed() {
    return isClosed;
  }

  /** Those who ask have ended, but for reads that wait; they fail. */
  @Override
  public void close() {
    isClosed = true;
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
