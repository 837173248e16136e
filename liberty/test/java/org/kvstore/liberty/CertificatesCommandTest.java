package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes prove themselves to each other by the certificates that the command makes. */
class CertificatesCommandTest {
  @TempDir Path folder;
  private Path directory;

  @BeforeEach
  void name() {
    directory = folder.resolve("certificates");
  }

  @Test
  void nodes_believeEachOther_andNobodyElse() throws Exception {
    make("n1=localhost,127.0.0.1,n2=127.0.0.1");
    Peer first = new Peer(directory, "n1");
    Peer second = new Peer(directory, "n2");
    directory = folder.resolve("of-others");
    make("n2=127.0.0.1");
    Peer stranger = new Peer(directory, "n2");

    assertThat(first.connect(second)).isEqualTo("CN=n2 heard CN=n1");
    assertThat(second.connect(first)).isEqualTo("CN=n1 heard CN=n2");
    assertThatThrownBy(() -> first.connect(stranger)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> stranger.connect(first)).isInstanceOf(IOException.class);
  }

  @Test
  void keys_areForTheirOwnerAlone_andNothingElseIsLeft() throws Exception {
    String said = make("n1=host1");

    assertThat(mode(directory)).isEqualTo("rwx------");
    assertThat(mode(directory.resolve("authority.key"))).isEqualTo("rw-------");
    assertThat(mode(directory.resolve("n1.key"))).isEqualTo("rw-------");
    assertThat(Files.readString(directory.resolve("n1.key"))).contains("BEGIN PRIVATE KEY");
    assertThat(contents()).hasSize(4);
    assertThat(said)
        .contains(
            "n1.crt and n1.key, for host1, until " + certificate("n1").getNotAfter().toInstant())
        .contains("authority.crt, until " + certificate("authority").getNotAfter().toInstant());
  }

  @Test
  void laterCall_addsANodeOfTheSameAuthority_andOverwritesNothing() throws Exception {
    make("n1=host1");
    Map<String, String> before = contents();

    assertThatThrownBy(() -> make("n2=host2,n1=host1"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("has files of n1: --force replaces them");
    assertThat(contents()).isEqualTo(before);

    make("n2=host2");
    assertThat(contents()).containsAllEntriesOf(before).hasSize(6);
    certificate("n2").verify(certificate("authority").getPublicKey());
  }

  @Test
  void force_replacesThePairOfTheNode_andNothingElse() throws Exception {
    make("n1=host1,n2=host2");
    Map<String, String> before = contents();

    make("n1=host3", "--force");

    Map<String, String> after = contents();
    assertThat(after.keySet()).isEqualTo(before.keySet());
    assertThat(
            after.keySet().stream()
                .filter(file -> !Objects.equals(after.get(file), before.get(file))))
        .containsExactlyInAnyOrder("n1.crt", "n1.key");
    assertThat(certificate("n1").getSubjectAlternativeNames()).containsExactly(List.of(2, "host3"));
  }

  @Test
  void halfAnAuthority_isRefused() throws Exception {
    make("n1=host1");
    Files.delete(directory.resolve("authority.key"));

    assertThatThrownBy(() -> make("n2=host2"))
        .hasMessageContaining("authority.key")
        .hasMessageContaining("is missing");
  }

  private String make(String nodes, String... more) throws IOException, InterruptedException {
    List<String> words =
        new ArrayList<>(List.of("--directory", directory.toString(), "--nodes", nodes));
    words.addAll(List.of(more));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    CertificatesCommand.run(words, new PrintStream(said, true, StandardCharsets.UTF_8));
    return said.toString(StandardCharsets.UTF_8);
  }

  private X509Certificate certificate(String name) throws Exception {
    byte[] pem = Files.readAllBytes(directory.resolve(name + ".crt"));
    return (X509Certificate) KeyMaterial.certificates(pem).get(0);
  }

  private Map<String, String> contents() throws IOException {
    Map<String, String> contents = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return contents;
  }

  private static String mode(Path file) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
