package org.kvstore.liberty;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes key pairs and signs their certificates with Java's own keytool, in a key store that nobody
 * else may read and that is deleted in the end.
 */
final class KeyTool implements AutoCloseable {
  /** As an hour ago: the clocks of others may be slow. */
  private static final String START = "-1H";

  /** The alias of {@link KeyMaterial#pair}. */
  private static final String SIGNER = "server";

  private final Path folder;
  private final Path store;
  private final String password = Environment.randomPassword();

  KeyTool(Path parent) throws IOException {
    folder = Files.createTempDirectory(parent, "partial-");
    store = folder.resolve("pairs.p12");
  }

  /** Makes a pair that vouches for itself. */
  KeyStore root(String name, Duration life, List<String> extensions)
      throws IOException, InterruptedException, GeneralSecurityException {
    return generate(name, life, extensions, List.of());
  }

  /** Makes a pair that another one, in PEM, vouches for. */
  KeyStore signed(
      byte[] certificate, byte[] key, String name, Duration life, List<String> extensions)
      throws IOException, InterruptedException, GeneralSecurityException {
    try (OutputStream out = Files.newOutputStream(store)) {
      KeyMaterial.pair(certificate, key, password()).store(out, password());
    }
    return generate(name, life, extensions, List.of("-signer", SIGNER));
  }

  private KeyStore generate(
      String name, Duration life, List<String> extensions, List<String> signer)
      throws IOException, InterruptedException, GeneralSecurityException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of("-genkeypair", "-keystore", store.toString(), "-storetype", "PKCS12"));
    command.addAll(List.of("-storepass:env", "PASSWORD", "-alias", name, "-dname", "CN=" + name));
    command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1", "-startdate", START));
    command.addAll(List.of("-validity", Long.toString(life.toDays())));
    extensions.forEach(extension -> command.addAll(List.of("-ext", extension)));
    command.addAll(signer);
    run(command);
    return KeyStore.getInstance(store.toFile(), password());
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PASSWORD", password);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new StartupException("keytool failed: " + said.strip());
    }
  }

  /** Of the key store and of each key in it. */
  char[] password() {
    return password.toCharArray();
  }

  @Override
  public void close() throws IOException {
    FileTree.delete(folder);
  }
}
