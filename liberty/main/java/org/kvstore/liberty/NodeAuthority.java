package org.kvstore.liberty;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;

/**
 * A certification authority of a cluster's own, in a directory: {@code authority.crt} and {@code
 * authority.key}, beside {@code NODE.crt} and {@code NODE.key} of each node. The authority is made
 * once and never replaced, as what it has vouched for would be worth nothing. Each file is whole or
 * absent, and a key is for its owner alone.
 */
final class NodeAuthority {
  private static final String NAME = "authority";
  private static final Duration LIFE = Duration.ofDays(3650);
  private static final Duration NODE_LIFE = Duration.ofDays(825);

  private final Path directory;
  private final Clock clock;

  NodeAuthority(Path directory, Clock clock) {
    this.directory = directory;
    this.clock = clock;
  }

  /**
   * Sees to the authority, once it is certain that nothing of these nodes would be overwritten.
   *
   * @param replace whether it may be
   */
  void prepare(List<NamedNode> nodes, boolean replace)
      throws IOException, InterruptedException, GeneralSecurityException {
    for (NamedNode node : nodes) {
      if (!replace && (Files.exists(certificate(node.name())) || Files.exists(key(node.name())))) {
        throw new StartupException(
            "%s has files of %s: --force replaces them".formatted(directory, node.name()));
      }
    }
    if (Files.exists(certificate(NAME)) != Files.exists(key(NAME))) {
      throw new StartupException(
          "one of %s and %s is missing".formatted(certificate(NAME), key(NAME)));
    }
    if (!Files.exists(key(NAME))) {
      Files.createDirectories(directory, OwnerOnly.directory(directory));
      create();
    }
    if (left().compareTo(Duration.ofDays(1)) < 0) {
      throw new StartupException(
          "%s ends at %s: make another authority, in another directory"
              .formatted(certificate(NAME), end()));
    }
  }

  private void create() throws IOException, InterruptedException, GeneralSecurityException {
    try (KeyTool tool = new KeyTool(directory)) {
      List<String> uses = List.of("bc:critical=ca:true,pathlen:0", "ku:critical=keyCertSign");
      publish(directory, NAME, tool.root(NAME, LIFE, uses), tool.password());
    }
  }

  /** Makes a pair for a node, and returns when it ends. */
  Instant issue(NamedNode node) throws IOException, InterruptedException, GeneralSecurityException {
    try (KeyTool tool = new KeyTool(directory)) {
      KeyStore pairs =
          tool.signed(
              Files.readAllBytes(certificate(NAME)),
              Files.readAllBytes(key(NAME)),
              node.name(),
              left().compareTo(NODE_LIFE) < 0 ? left() : NODE_LIFE,
              List.of(
                  "san=" + node.alternativeNames(),
                  "eku=serverAuth,clientAuth",
                  "ku:critical=digitalSignature"));
      return publish(directory, node.name(), pairs, tool.password());
    }
  }

  /** When the authority ends. */
  Instant end() throws IOException, GeneralSecurityException {
    return ((X509Certificate)
            KeyMaterial.certificates(Files.readAllBytes(certificate(NAME))).get(0))
        .getNotAfter()
        .toInstant();
  }

  private Duration left() throws IOException, GeneralSecurityException {
    return Duration.between(clock.instant(), end());
  }

  /** Writes a pair of a key store as PEM files, and returns when it ends. */
  static Instant publish(Path directory, String name, KeyStore pairs, char[] password)
      throws IOException, GeneralSecurityException {
    X509Certificate certificate = (X509Certificate) pairs.getCertificate(name);
    byte[] secret = pairs.getKey(name, password).getEncoded();
    write(directory.resolve(name + ".key"), "PRIVATE KEY", secret, OwnerOnly.file(directory));
    write(directory.resolve(name + ".crt"), "CERTIFICATE", certificate.getEncoded());
    return certificate.getNotAfter().toInstant();
  }

  private static void write(Path file, String label, byte[] content, FileAttribute<?>... attributes)
      throws IOException {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    Path partial = file.resolveSibling(file.getFileName() + ".partial");
    Files.deleteIfExists(partial);
    Files.createFile(partial, attributes);
    Files.writeString(
        partial,
        "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(label, text),
        StandardCharsets.US_ASCII);
    Files.move(partial, file, ATOMIC_MOVE);
  }

  private Path certificate(String name) {
    return directory.resolve(name + ".crt");
  }

  private Path key(String name) {
    return directory.resolve(name + ".key");
  }
}
