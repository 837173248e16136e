package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The parts of the compose file of a cluster fit each other, the launcher and the image. */
class ComposeTest {
  private static Document compose;

  @BeforeAll
  static void read() throws IOException {
    compose = Document.all(Path.of("compose-cluster.yaml")).get(0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void launcher_wouldLetTheNodeStart_asItsPortIsGuarded(String name) {
    Map<String, String> environment = environment(name);

    assertThat(environment)
        .containsEntry("KV_CLUSTER_NODE", name)
        .containsEntry("KV_CLUSTER_HOST", "0.0.0.0")
        .containsKeys("KV_SECURITY_ADMIN_TOKEN_FILE");
    assertThat(ClusterPort.of(environment).orElseThrow().port()).hasValue(9081);
    List<String> mounted = secrets(name).values().stream().map("/run/secrets/"::concat).toList();
    for (String file : ClusterPort.FILES) {
      assertThat(mounted).contains(environment.get(file));
    }
    assertThat(mounted).contains(environment.get("KV_SECURITY_ADMIN_TOKEN_FILE"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void node_getsItsOwnPair_volumesAndPort(String name) {
    assertThat(secrets(name))
        .containsEntry(name + ".crt", "node.crt")
        .containsEntry(name + ".key", "node.key")
        .hasSize(4);
    assertThat(compose.at("secrets").names()).containsAll(secrets(name).keySet());
    assertThat(compose.at("services", name, "volumes").items())
        .extracting(Document::text)
        .containsExactly(name + "-data:/var/lib/kvstore", name + "-cache:/var/cache/kvstore");
    assertThat(compose.at("volumes").names()).contains(name + "-data", name + "-cache");
    String port = compose.at("services", name, "ports").items().get(0).text();
    assertThat(port).startsWith("127.0.0.1:").endsWith(":8080");
    String published = port.substring("127.0.0.1:".length(), port.length() - ":8080".length());
    assertThat(Objects.toString(environment(name).get("KV_CLUSTER_URLS")).split(","))
        .contains("%s=http://127.0.0.1:%s".formatted(name, published));
  }

  @Test
  void members_areTheServices_andCertificatesNameThem() throws IOException {
    List<String> services = compose.at("services").names();

    for (String service : services) {
      assertThat(environment(service).get("KV_CLUSTER_MEMBERS"))
          .isEqualTo(
              services.stream().map("%1$s=%1$s:9081"::formatted).collect(Collectors.joining(",")));
    }
    assertThat(Files.readString(Path.of("compose-cluster.yaml")))
        .contains(
            "--nodes "
                + services.stream().map("%1$s=%1$s"::formatted).collect(Collectors.joining(",")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"n1", "n2", "n3"})
  void container_isGivenTheTimeThatTheLauncherGivesTheServer(String name) {
    String period = compose.at("services", name, "stop_grace_period").text();

    assertThat(Integer.parseInt(period.replace("s", "")))
        .isGreaterThan((int) ChildServer.STOP_SECONDS);
  }

  private static Map<String, String> environment(String service) {
    Document variables = compose.at("services", service, "environment");
    Map<String, String> environment = new HashMap<>();
    variables.names().forEach(name -> environment.put(name, variables.at(name).text()));
    return environment;
  }

  /** The names that they have in the container, by those in the file. */
  private static Map<String, String> secrets(String service) {
    return compose.at("services", service, "secrets").items().stream()
        .collect(
            Collectors.toMap(
                each -> each.content() instanceof String name ? name : each.at("source").text(),
                each -> each.content() instanceof String name ? name : each.at("target").text()));
  }
}
