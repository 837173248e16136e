package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.kvstore.it.support.ServerProcess;

/** A certification authority for a test, made with the JDK's own tool. */
final class Authority {
  private static final String PASSWORD = "for-this-test-run";
  private static final String ALIAS = "it";
  private static final String SERVER_NAMES = "san=ip:127.0.0.1,dns:localhost";

  private final Path folder;
  private final Path store;

  Authority(Path folder, String name) throws IOException, InterruptedException {
    this.folder = Files.createDirectories(folder.resolve(name));
    store = generate(name, "bc:c");
  }

  /** Certificates with the key of the first, in the forms that programs take. */
  record Issued(List<X509Certificate> chain, PrivateKey key) {
    KeyStore store() throws GeneralSecurityException, IOException {
      KeyStore keys = KeyStore.getInstance("PKCS12");
      keys.load(null, null);
      keys.setKeyEntry(ALIAS, key, password(), chain.toArray(Certificate[]::new));
      return keys;
    }

    X509Certificate certificate() {
      return chain.get(0);
    }

    /** Writes the certificates to a PEM file. */
    Path writeCertificates(Path file) throws GeneralSecurityException, IOException {
      StringBuilder text = new StringBuilder();
      for (X509Certificate each : chain) {
        text.append(pem("CERTIFICATE", each.getEncoded()));
      }
      return Files.writeString(file, text);
    }

    /** Writes the key to a PEM file. */
    Path writeKey(Path file) throws IOException {
      return Files.writeString(file, pem("PRIVATE KEY", key.getEncoded()));
    }
  }

  /** The password of the key stores. */
  static char[] password() {
    return PASSWORD.toCharArray();
  }

  /** The authority's own certificate, as a trust store. */
  KeyStore trusted() throws GeneralSecurityException, IOException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(
        ALIAS, KeyStore.getInstance(store.toFile(), password()).getCertificate(ALIAS));
    return trusted;
  }

  /** The authority's own certificate, as a PEM file. */
  Path writeTrusted(Path file) throws GeneralSecurityException, IOException {
    return Files.writeString(
        file, pem("CERTIFICATE", trusted().getCertificate(ALIAS).getEncoded()));
  }

  /**
   * The variables of a server of this machine that asks clients for certificates of this authority.
   *
   * @param use wanted or required
   */
  Map<String, String> variables(String use) throws Exception {
    Issued own = server("server");
    return Map.of(
        "KV_TLS_CERTIFICATE", own.writeCertificates(folder.resolve("server.crt")).toString(),
        "KV_TLS_KEY", own.writeKey(folder.resolve("server.key")).toString(),
        "KV_TLS_CLIENT_CERTIFICATES", use,
        "KV_TLS_TRUSTSTORE", writeTrusted(folder.resolve("authority.pem")).toString());
  }

  /** A pair for a server of this machine. */
  Issued server(String name) throws Exception {
    return issue(name, "-validity", "30", "-ext", SERVER_NAMES, "-ext", "eku=serverAuth");
  }

  /** A pair for a client. */
  Issued client(String name) throws Exception {
    return issue(name, "-validity", "30", "-ext", "eku=clientAuth");
  }

  /** A pair for a client whose certificate ends a number of seconds from now, or has ended. */
  Issued clientUntil(String name, long seconds) throws Exception {
    long start = seconds - TimeUnit.DAYS.toSeconds(1);
    return issue(name, "-startdate", start + "S", "-validity", "1", "-ext", "eku=clientAuth");
  }

  private Issued issue(String name, String... options) throws Exception {
    Path pair = generate(name, "ku=digitalSignature");
    Path request = folder.resolve("request");
    Path answer = folder.resolve("answer");
    keytool(pair, "-certreq", "-file", request.toString());
    List<String> arguments = new ArrayList<>(List.of("-gencert", "-rfc"));
    arguments.addAll(List.of("-infile", request.toString(), "-outfile", answer.toString()));
    arguments.addAll(List.of(options));
    keytool(store, arguments.toArray(String[]::new));
    KeyStore keys = KeyStore.getInstance(pair.toFile(), password());
    try (InputStream in = Files.newInputStream(answer)) {
      X509Certificate own =
          (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
      X509Certificate issuer = (X509Certificate) trusted().getCertificate(ALIAS);
      return new Issued(List.of(own, issuer), (PrivateKey) keys.getKey(ALIAS, password()));
    }
  }

  private Path generate(String name, String extension) throws IOException, InterruptedException {
    Path file = Files.createTempDirectory(folder, "pair").resolve("pair.p12");
    keytool(
        file,
        "-genkeypair",
        "-keyalg",
        "EC",
        "-dname",
        "CN=" + name,
        "-ext",
        extension,
        "-validity",
        "30");
    return file;
  }

  private static void keytool(Path store, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.add("-J" + ServerProcess.QUICK_START);
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", ALIAS, "-keystore", store.toString()));
    command.addAll(List.of("-storepass", PASSWORD));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  private static String pem(String label, byte[] content) {
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content));
  }
}
