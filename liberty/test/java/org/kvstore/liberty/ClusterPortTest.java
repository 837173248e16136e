package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nobody who only reaches a node's port passes for another node. */
class ClusterPortTest {
  @TempDir static Path folder;

  private static Path own;
  private static Path others;

  @BeforeAll
  static void makeCertificates() throws Exception {
    own = make("own");
    others = make("others");
  }

  @Test
  void serverThatIsNoNode_hasNone() {
    assertThat(ClusterPort.of(Map.of("KV_CLUSTER_HOST", "0.0.0.0"))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "::1"})
  void thisMachineAlone_needsNothing(String host) {
    assertThat(port(Map.of("KV_CLUSTER_HOST", host)).check()).isEmpty();
    assertThat(port(Map.of()).check()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "::", "10.0.0.7", "n1.example.org"})
  void elsewhere_withoutCertificates_isRefused(String host) {
    assertThatThrownBy(() -> port(Map.of("KV_CLUSTER_HOST", host)).check())
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("the node listens on " + host + " (see KV_CLUSTER_HOST)")
        .hasMessageContaining("KV_CLUSTER_TLS_AUTHORITY")
        .hasMessageContaining("kvstore.jar certificates");
  }

  @Test
  void hostOfTheMembers_isTheOneThatCounts_ifNoneIsSet() {
    String members = "n2=127.0.0.1:9082,n1=host1:9081";

    assertThatThrownBy(() -> port(Map.of("KV_CLUSTER_MEMBERS", members)).check())
        .hasMessageContaining("the node listens on host1");
    assertThat(port(Map.of("KV_CLUSTER_MEMBERS", members, "KV_CLUSTER_HOST", "127.0.0.1")).host())
        .isEqualTo("127.0.0.1");
  }

  @Test
  void addressOfItsOwn_countsForANodeThatTheMembersDoNotName() {
    Map<String, String> environment =
        Map.of(
            "KV_CLUSTER_NODE", "n4",
            "KV_CLUSTER_MEMBERS", "n1=127.0.0.1:9081",
            "KV_CLUSTER_ADDRESS", "127.0.0.2:9084");

    ClusterPort port = ClusterPort.of(environment).orElseThrow();

    assertThat(port.host()).isEqualTo("127.0.0.2");
    assertThat(port.port()).hasValue(9084);
  }

  @Test
  void elsewhere_withCertificates_isAllowed() {
    assertThat(port(files(own, own, own)).check()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"KV_CLUSTER_TLS_CERTIFICATE", "KV_CLUSTER_TLS_KEY", "KV_CLUSTER_TLS_AUTHORITY"})
  void onlySomeOfThem_areRefused_onLoopbackToo(String missing) {
    Map<String, String> variables = files(own, own, own);
    variables.remove(missing);
    variables.put("KV_CLUSTER_HOST", "127.0.0.1");

    assertThatThrownBy(() -> port(variables).check())
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("belong together, but " + missing + " is not set");
  }

  @Test
  void whatOtherNodesWouldRefuse_isRefused() throws Exception {
    assertThatThrownBy(() -> port(files(own, others, own)).check())
        .hasMessageContaining("the key is not that of the certificate");
    assertThatThrownBy(() -> port(files(own, own, others)).check())
        .hasMessageContaining("CertPathValidatorException");
    assertThatThrownBy(() -> port(files(own, folder, own)).check())
        .hasMessageContaining("NoSuchFileException");
  }

  @Test
  void certificateForServersAlone_isRefused() throws Exception {
    Path web = Files.createDirectory(folder.resolve("web"));
    try (KeyTool tool = new KeyTool(folder)) {
      byte[] certificate = Files.readAllBytes(own.resolve("authority.crt"));
      byte[] key = Files.readAllBytes(own.resolve("authority.key"));
      List<String> uses = List.of("eku=serverAuth");
      NodeAuthority.publish(
          web,
          "n1",
          tool.signed(certificate, key, "n1", Duration.ofDays(60), uses),
          tool.password());
    }

    assertThatThrownBy(() -> port(files(web, web, own)).check())
        .hasMessageContaining("not for both servers and clients");
  }

  @Test
  void keyInAnOlderForm_isRefused_withTheWayOut() throws Exception {
    Path old = Files.createDirectory(folder.resolve("old"));
    Pair pair = Pair.of("n1", "EC", "EC PRIVATE KEY", folder);
    Files.write(old.resolve("n1.crt"), pair.certificate());
    Files.write(old.resolve("n1.key"), pair.key());

    assertThatThrownBy(() -> port(files(old, old, own)).check()).hasMessageContaining("PKCS #8");
  }

  @Test
  void certificateThatEnds_isWarnedOf_andThenRefused() {
    NodeCertificate certificate =
        new NodeCertificate(
            own.resolve("n1.crt"), own.resolve("n1.key"), own.resolve("authority.crt"));

    assertThat(certificate.check(after(780))).isEmpty();
    assertThat(certificate.check(after(800)))
        .singleElement()
        .asString()
        .contains("WARNING", "n1.crt", " ends at ");
    assertThatThrownBy(() -> certificate.check(after(826))).hasMessageContaining("validity");
  }

  @Test
  void portOfAnotherProcess_isNamed() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      String members = "n0=127.0.0.1:1,n1=127.0.0.1:%d".formatted(taken.getLocalPort());

      assertThatThrownBy(() -> port(Map.of("KV_CLUSTER_MEMBERS", members)).check())
          .hasMessageContaining("cannot listen on port " + taken.getLocalPort())
          .hasMessageContaining("KV_CLUSTER_MEMBERS");
      assertThatCode(() -> port(Map.of("KV_CLUSTER_MEMBERS", "n10=127.0.0.1:1")).check())
          .doesNotThrowAnyException();
    }
  }

  private static Clock after(int days) {
    return Clock.offset(Clock.systemUTC(), Duration.ofDays(days));
  }

  private static ClusterPort port(Map<String, String> variables) {
    Map<String, String> environment = new HashMap<>(variables);
    environment.put("KV_CLUSTER_NODE", "n1");
    return ClusterPort.of(environment).orElseThrow();
  }

  private static Map<String, String> files(Path certificate, Path key, Path authority) {
    return new HashMap<>(
        Map.of(
            "KV_CLUSTER_HOST", "0.0.0.0",
            "KV_CLUSTER_TLS_CERTIFICATE", certificate.resolve("n1.crt").toString(),
            "KV_CLUSTER_TLS_KEY", key.resolve("n1.key").toString(),
            "KV_CLUSTER_TLS_AUTHORITY", authority.resolve("authority.crt").toString()));
  }

  private static Path make(String name) throws Exception {
    Path directory = folder.resolve(name);
    CertificatesCommand.run(
        List.of("--directory", directory.toString(), "--nodes", "n1=host1"),
        new PrintStream(OutputStream.nullOutputStream()));
    return directory;
  }
}
