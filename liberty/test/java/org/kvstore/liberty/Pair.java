package org.kvstore.liberty;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * A self-signed pair, as PEM.
 *
 * @param certificate the certificate
 * @param key the private key
 */
record Pair(byte[] certificate, byte[] key) {
  private static final char[] PASSWORD = "for-a-moment".toCharArray();

  /**
   * Makes one with the JDK's own tool.
   *
   * @param label of the PEM block, which says in what form the key is
   */
  static Pair of(String name, String algorithm, String label, Path folder)
      throws GeneralSecurityException, IOException, InterruptedException {
    Path file = folder.resolve(name + ".p12");
    Files.deleteIfExists(file);
    String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    new ProcessBuilder(
            List.of(
                tool,
                "-genkeypair",
                "-alias",
                "a",
                "-dname",
                "CN=" + name,
                "-keyalg",
                algorithm,
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD)))
        .start()
        .waitFor();
    KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD);
    byte[] key = store.getKey("a", PASSWORD).getEncoded();
    return new Pair(
        pem("CERTIFICATE", store.getCertificate("a").getEncoded()),
        pem(label, label.equals("PRIVATE KEY") ? key : innermost(key)));
  }

  /** What PKCS #8 wraps: after the version and the algorithm, in a string of octets. */
  private static byte[] innermost(byte[] pkcs8) {
    int version = contentStart(pkcs8, 0);
    int algorithm = contentEnd(pkcs8, version);
    int octets = contentEnd(pkcs8, algorithm);
    return Arrays.copyOfRange(pkcs8, contentStart(pkcs8, octets), contentEnd(pkcs8, octets));
  }

  private static int contentStart(byte[] der, int at) {
    return at + 2 + (der[at + 1] < 0 ? der[at + 1] & 0x7f : 0);
  }

  private static int contentEnd(byte[] der, int at) {
    int start = contentStart(der, at);
    int length = start == at + 2 ? der[at + 1] : 0;
    for (int i = at + 2; i < start; i++) {
      length = length << 8 | der[i] & 0xff;
    }
    return start + length;
  }

  private static byte[] pem(String label, byte[] content) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n"
        .formatted(label, text)
        .getBytes(StandardCharsets.US_ASCII);
  }
}
