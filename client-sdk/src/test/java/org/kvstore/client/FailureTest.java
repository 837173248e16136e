package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;

/** What each failure means to a caller. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FailureTest {
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterAll
  void close() {
    kv.close();
    server.close();
  }

  static Stream<Arguments> typedCodes() {
    return Stream.of(
        Arguments.of(ErrorCode.KEY_INVALID, InvalidRequestException.class),
        Arguments.of(ErrorCode.REQUEST_INVALID, InvalidRequestException.class),
        Arguments.of(ErrorCode.NOT_FOUND, KeyNotFoundException.class),
        Arguments.of(ErrorCode.COMPACTED, CompactedException.class),
        Arguments.of(ErrorCode.PRECONDITION_FAILED, PreconditionFailedException.class),
        Arguments.of(ErrorCode.TOO_LARGE, TooLargeException.class),
        Arguments.of(ErrorCode.TOO_MANY_REQUESTS, TooManyRequestsException.class),
        Arguments.of(ErrorCode.UNAVAILABLE, UnavailableException.class),
        Arguments.of(ErrorCode.INDETERMINATE, IndeterminateException.class),
        Arguments.of(ErrorCode.STORAGE_FULL, StorageFullException.class),
        Arguments.of(ErrorCode.FORBIDDEN, KeyValueException.class),
        Arguments.of(ErrorCode.INTERNAL, KeyValueException.class));
  }

  @ParameterizedTest
  @MethodSource("typedCodes")
  void problem_becomesItsException(ErrorCode code, Class<? extends KeyValueException> type) {
    server.failNext(code);
    assertThatThrownBy(() -> kv.put("a", "x")).isExactlyInstanceOf(type);
  }

  @ParameterizedTest
  @EnumSource(ErrorCode.class)
  void problem_keepsItsParts(ErrorCode code) {
    server.failNext(code);
    KeyValueException failed = catchThrowableOfType(KeyValueException.class, kv::status);
    assertThat(failed.code()).contains(code);
    assertThat(failed.status()).isEqualTo(code.status());
    assertThat(failed.problem().orElseThrow().requestId()).isEqualTo("r-7");
    assertThat(failed).hasMessageContainingAll(code.title(), code.name(), "because", "r-7");
  }

  @Test
  void async_problem_becomesItsException() {
    server.failNext(ErrorCode.STORAGE_FULL);
    Value value = Value.of("x");
    var stage = kv.putAsync("a", value, PutOptions.none()).toCompletableFuture();
    assertThatThrownBy(stage::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(StorageFullException.class);
  }

  @Test
  void html404_isNotAnAbsentKey() {
    server.answerNext(404, "text/html", "<h1>Context Root Not Found</h1>");
    assertThatThrownBy(() -> kv.get("a"))
        .isExactlyInstanceOf(KeyValueException.class)
        .hasMessageContaining("404");
  }

  @Test
  void answerWithoutTheHeaders_isNotAnEntry() {
    server.answerNext(200, "text/html", "<h1>Welcome</h1>");
    assertThatThrownBy(() -> kv.get("a")).hasMessageContaining("KV-Create-Revision");
  }

  @Test
  void gatewayTimeoutOfAProxy_isIndeterminate() {
    server.answerNext(504, "text/html", "<h1>Gateway Time-out</h1>");
    assertThatThrownBy(() -> kv.put("a", "x")).isInstanceOf(IndeterminateException.class);
  }

  @Test
  void connectionRefused_isUnavailable() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    try (KeyValueClient nobody = KeyValueClient.connect("http://127.0.0.1:" + port)) {
      assertThatThrownBy(() -> nobody.put("a", "x")).isInstanceOf(UnavailableException.class);
      assertThatThrownBy(
              () ->
                  nobody
                      .putAsync("a", Value.of("x"), PutOptions.none())
                      .toCompletableFuture()
                      .join())
          .hasCauseInstanceOf(UnavailableException.class);
      assertThatThrownBy(() -> nobody.watch(WatchOptions.key("a")))
          .isInstanceOf(UnavailableException.class)
          .hasMessageContaining("no connection to 127.0.0.1:" + port);
      assertThat(nobody.isReady()).isFalse();
    }
  }

  @Test
  void noAnswerInTime_writeIsIndeterminate_readIsUnavailable() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        KeyValueClient hasty = hasty(silent.getLocalPort())) {
      assertThatThrownBy(() -> hasty.put("a", "x")).isInstanceOf(IndeterminateException.class);
      assertThatThrownBy(() -> hasty.delete("a")).isInstanceOf(IndeterminateException.class);
      assertThatThrownBy(() -> hasty.get("a")).isInstanceOf(UnavailableException.class);
      assertThatThrownBy(() -> hasty.increment("a", 1)).isInstanceOf(IndeterminateException.class);
      assertThatThrownBy(() -> hasty.watch(WatchOptions.key("a")))
          .isInstanceOf(UnavailableException.class);
    }
  }

  private static KeyValueClient hasty(int port) {
    return KeyValueClient.builder(URI.create("http://127.0.0.1:" + port))
        .readTimeout(Duration.ofMillis(100))
        .build();
  }

  @Test
  void connectionBreaksAfterSending_writeIsIndeterminate() throws IOException {
    try (ServerSocket breaking = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        KeyValueClient client =
            KeyValueClient.connect("http://127.0.0.1:" + breaking.getLocalPort())) {
      Thread acceptor = new Thread(() -> readALittleAndClose(breaking), "breaking-server");
      acceptor.setDaemon(true);
      acceptor.start();
      assertThatThrownBy(() -> client.put("a", "x")).isInstanceOf(IndeterminateException.class);
    }
  }

  private static void readALittleAndClose(ServerSocket breaking) {
    while (!breaking.isClosed()) {
      try (Socket socket = breaking.accept()) {
        assertThat(socket.getInputStream().read()).isPositive();
      } catch (IOException over) {
        return;
      }
    }
  }
}
