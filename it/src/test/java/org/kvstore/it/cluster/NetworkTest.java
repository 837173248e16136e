package org.kvstore.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What passes between two nodes, and what does not. */
class NetworkTest {
  private static final int SILENCE_MILLIS = 200;
  private static final int PATIENCE_MILLIS = 10_000;

  private final Network network = new Network(3);
  private ServerSocket node;
  private Socket source;
  private Socket target;

  @BeforeEach
  void connect() throws IOException {
    node = new ServerSocket();
    node.bind(network.address(2));
    node.setSoTimeout(PATIENCE_MILLIS);
    source = connect(1);
    target = node.accept();
  }

  @AfterEach
  void close() throws IOException {
    source.close();
    target.close();
    node.close();
    network.close();
  }

  @Test
  void openNetwork_passesBothWays() throws IOException {
    assertPasses(source, target);
    assertPasses(target, source);
  }

  @Test
  void cutDirection_holdsBackWhatTheOtherDoesNot() throws IOException {
    network.cut(1, 2);
    assertPasses(target, source);
    source.getOutputStream().write(7);
    assertSilent(target);
    network.heal();
    assertThat(target.getInputStream().read()).isEqualTo(7);
  }

  @Test
  void isolatedNode_isCutFromAllOthers_whichAreNot() throws IOException {
    network.isolate(java.util.List.of(1));
    source.getOutputStream().write(7);
    assertSilent(target);
    target.getOutputStream().write(8);
    assertSilent(source);
    try (Socket third = connect(3);
        Socket other = node.accept()) {
      assertPasses(third, other);
    }
  }

  @Test
  void resetConnection_ends() throws IOException {
    target.setSoTimeout(PATIENCE_MILLIS);
    network.reset();
    assertThatThrownBy(() -> assertThat(target.getInputStream().read()).isNotNegative())
        .isInstanceOfAny(IOException.class, AssertionError.class)
        .isNotInstanceOf(SocketTimeoutException.class);
    source.close();
    source = connect(1);
    target = node.accept();
    assertPasses(source, target);
  }

  @Test
  void hostsFile_sendsEachNodeThroughItsOwnLinks() {
    assertThat(network.hosts(1).lines().filter(line -> line.endsWith("n1.kvstore.test")))
        .containsExactly(network.address(1).getAddress().getHostAddress() + " n1.kvstore.test");
    assertThat(addressIn(1, 2)).isNotEqualTo(addressIn(3, 2)).isNotEqualTo(addressIn(2, 2));
  }

  private Socket connect(int from) throws IOException {
    return new Socket(InetAddress.getByName(addressIn(from, 2)), network.address(2).getPort());
  }

  private String addressIn(int from, int to) {
    return network
        .hosts(from)
        .lines()
        .filter(line -> line.endsWith(" n%d.kvstore.test".formatted(to)))
        .map(line -> line.split(" ")[0])
        .findFirst()
        .orElseThrow();
  }

  private static void assertPasses(Socket from, Socket to) throws IOException {
    from.getOutputStream().write(1);
    to.setSoTimeout(PATIENCE_MILLIS);
    assertThat(to.getInputStream().read()).isEqualTo(1);
  }

  private static void assertSilent(Socket socket) throws IOException {
    socket.setSoTimeout(SILENCE_MILLIS);
    assertThatThrownBy(() -> socket.getInputStream().read())
        .isInstanceOf(SocketTimeoutException.class);
    socket.setSoTimeout(PATIENCE_MILLIS);
  }
}
