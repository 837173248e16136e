package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collector;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The parts of the Kubernetes manifest fit each other, the launcher and the image. */
class KubernetesTest {
  private static final Collector<CharSequence, ?, String> COMMA = Collectors.joining(",");

  private static List<Document> manifest;
  private static Document set;
  private static Document pod;
  private static Document container;

  @BeforeAll
  static void read() throws IOException {
    manifest = Document.all(Path.of("kubernetes", "kvstore.yaml"));
    set = document("StatefulSet", "kvstore").at("spec");
    pod = set.at("template", "spec");
    container = pod.at("containers").named("kvstore");
  }

  @Test
  void members_areThePods_byTheirNamesInTheHeadlessService() {
    String service = set.at("serviceName").text();
    String port = container.at("ports").named("raft").at("containerPort").text();
    String pods =
        pods().map(name -> "%1$s=%1$s.%2$s:%3$s".formatted(name, service, port)).collect(COMMA);

    assertThat(variable("KV_CLUSTER_MEMBERS")).isEqualTo(pods);
    String own = "$(KV_CLUSTER_NODE)";
    assertThat(variable("KV_CLUSTER_ADDRESS")).isEqualTo(own + "." + service + ":" + port);
    assertThat(variable("KV_CLUSTER_URLS"))
        .isEqualTo("%1$s=http://%1$s.%2$s.$(POD_NAMESPACE).svc:8080".formatted(own, service));
    assertThat(field("KV_CLUSTER_NODE")).isEqualTo("metadata.name");
    assertThat(field("POD_NAMESPACE")).isEqualTo("metadata.namespace");
    assertThat(document("Service", service).at("spec", "clusterIP").text()).isEqualTo("None");
    assertThat(document("Service", service).at("spec", "publishNotReadyAddresses").text())
        .isEqualTo("true");
  }

  @Test
  void everybody_meansTheSamePods() {
    Object labels = set.at("template", "metadata", "labels").content();

    assertThat(set.at("selector", "matchLabels").content()).isEqualTo(labels);
    assertThat(document("Service", "kvstore").at("spec", "selector").content()).isEqualTo(labels);
    assertThat(document("Service", "kvstore-nodes").at("spec", "selector").content())
        .isEqualTo(labels);
    assertThat(
            document("PodDisruptionBudget", "kvstore")
                .at("spec", "selector", "matchLabels")
                .content())
        .isEqualTo(labels);
    assertThat(antiAffinity().at("labelSelector", "matchLabels").content()).isEqualTo(labels);
  }

  @Test
  void aMajority_isLeftByUpgradesAndByDrains() {
    assertThat(set.at("updateStrategy", "type").text()).isEqualTo("RollingUpdate");
    assertThat(set.at("podManagementPolicy").text()).isEqualTo("Parallel");
    assertThat(document("PodDisruptionBudget", "kvstore").at("spec", "maxUnavailable").number())
        .isEqualTo(1);
    assertThat(antiAffinity().at("topologyKey").text()).isEqualTo("kubernetes.io/hostname");
    assertThat(path("startupProbe")).isEqualTo("/health/started");
    assertThat(path("readinessProbe")).isEqualTo("/health/ready");
    assertThat(path("livenessProbe")).isEqualTo("/health/live");
  }

  @Test
  void pod_isGivenTheTimeThatTheLauncherGivesTheServer() {
    int pause =
        Integer.parseInt(
            container.at("lifecycle", "preStop", "exec", "command").items().get(1).text());

    assertThat(pod.at("terminationGracePeriodSeconds").number())
        .isGreaterThan((int) ChildServer.STOP_SECONDS + pause);
  }

  @Test
  void launcher_wouldLetItStart_asItsPortIsGuarded() {
    Map<String, String> environment = new HashMap<>();
    for (Document each : container.at("env").items()) {
      String value = each.has("value") ? each.at("value").text() : "kvstore-1";
      environment.put(each.at("name").text(), value.replace("$(KV_CLUSTER_NODE)", "kvstore-1"));
    }

    assertThat(environment).containsEntry("KV_CLUSTER_HOST", "0.0.0.0").containsKeys(guards());
    assertThat(environment.get("KV_CLUSTER_TLS_KEY")).endsWith("/kvstore-1.key");
    assertThat(ClusterPort.of(environment).orElseThrow().port()).hasValue(9081);
    for (String file : List.of("KV_CLUSTER_TLS_CERTIFICATE", "KV_SECURITY_ADMIN_TOKEN_FILE")) {
      assertThat(mounts())
          .contains(Objects.toString(Path.of(Objects.toString(environment.get(file))).getParent()));
    }
  }

  @Test
  void root_isNobody_andWritesNothing_butToVolumes() {
    assertThat(pod.at("securityContext", "runAsNonRoot").text()).isEqualTo("true");
    assertThat(pod.at("securityContext", "runAsUser").number()).isEqualTo(10_001);
    assertThat(container.at("securityContext", "readOnlyRootFilesystem").text()).isEqualTo("true");
    assertThat(container.at("securityContext", "allowPrivilegeEscalation").text())
        .isEqualTo("false");
    assertThat(mounts()).contains("/var/lib/kvstore", "/var/cache/kvstore", "/tmp");
    List<String> volumes =
        container.at("volumeMounts").items().stream().map(each -> each.at("name").text()).toList();
    assertThat(volumes)
        .containsExactlyInAnyOrder("data", "cache", "temporary", "certificates", "operator");
    volumes.stream().filter(name -> !name.equals("data")).forEach(pod.at("volumes")::named);
    assertThat(set.at("volumeClaimTemplates").items().get(0).at("metadata", "name").text())
        .isEqualTo("data");
  }

  private static Stream<String> pods() {
    return IntStream.range(0, set.at("replicas").number()).mapToObj(i -> "kvstore-" + i);
  }

  private static String[] guards() {
    return ClusterPort.FILES.toArray(String[]::new);
  }

  private static Document document(String kind, String name) {
    return manifest.stream()
        .filter(each -> each.at("kind").text().equals(kind))
        .filter(each -> each.at("metadata", "name").text().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static Document antiAffinity() {
    return pod.at("affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
        .items()
        .get(0);
  }

  private static String path(String probe) {
    assertThat(container.at(probe, "httpGet", "port").text()).isEqualTo("http");
    return container.at(probe, "httpGet", "path").text();
  }

  private static String variable(String name) {
    return container.at("env").named(name).at("value").text();
  }

  private static String field(String name) {
    return container.at("env").named(name).at("valueFrom", "fieldRef", "fieldPath").text();
  }

  private static List<String> mounts() {
    return container.at("volumeMounts").items().stream()
        .map(each -> each.at("mountPath").text())
        .toList();
  }
}
