package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server's copy is whole at every moment, and the newest that is. */
class PublishedStoreTest {
  private static final String PASSWORD = "of-the-copy";

  @TempDir Path folder;

  private Path certificate;
  private Path key;
  private PublishedStore store;

  @BeforeEach
  void firstPair() throws Exception {
    certificate = folder.resolve("tls.crt");
    key = folder.resolve("tls.key");
    install(pair("one", "EC", "PRIVATE KEY"));
    store =
        new PublishedStore(
            "key pair",
            List.of(certificate, key),
            files -> KeyMaterial.pair(files.get(0), files.get(1), PASSWORD.toCharArray()),
            folder.resolve("copy.p12"),
            PASSWORD);
    store.publish();
  }

  @Test
  void publish_makesACopyThatNobodyElseReads() throws Exception {
    assertThat(published()).isEqualTo("CN=one");
    assertThat(Files.getPosixFilePermissions(folder.resolve("copy.p12"))).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({
    "EC, PRIVATE KEY",
    "EC, EC PRIVATE KEY",
    "RSA, PRIVATE KEY",
    "RSA, RSA PRIVATE KEY",
    "Ed25519, PRIVATE KEY"
  })
  void refresh_otherPair_isPublishedOnceItHasSettled(String algorithm, String label)
      throws Exception {
    install(pair("two", algorithm, label));

    assertThat(store.refresh()).isEmpty();
    assertThat(published()).isEqualTo("CN=one");
    assertThat(store.refresh()).contains("key pair", "renewed");
    assertThat(published()).isEqualTo("CN=two");
    assertThat(store.refresh()).isEmpty();
  }

  @Test
  void refresh_certificateBeforeItsKey_waitsForTheKey() throws Exception {
    Pair next = pair("two", "EC", "PRIVATE KEY");
    Files.write(certificate, next.certificate());
    store.refresh();

    assertThat(store.refresh()).contains("WARNING", "the key is not that of the certificate");
    assertThat(published()).isEqualTo("CN=one");

    Files.write(key, next.key());
    store.refresh();
    store.refresh();
    assertThat(published()).isEqualTo("CN=two");
  }

  @Test
  void refresh_brokenOrMissing_keepsTheFormer_andSaysSoOnce() throws Exception {
    Files.writeString(certificate, "broken");
    store.refresh();
    assertThat(store.refresh()).contains("WARNING", "tls.crt");
    assertThat(store.refresh()).isEmpty();

    Files.delete(certificate);
    assertThat(store.refresh()).contains("WARNING", "NoSuchFile");
    assertThat(store.refresh()).isEmpty();
    assertThat(published()).isEqualTo("CN=one");
  }

  @Test
  void publish_encryptedKey_isRefused() throws Exception {
    Files.writeString(
        key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");

    assertThatThrownBy(store::publish)
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("tls.key")
        .hasMessageContaining("password");
  }

  /** Which of them is meant is for the user to say. */
  @Test
  void publish_severalKeys_isRefused() throws Exception {
    Files.write(key, pair("two", "EC", "EC PRIVATE KEY").key(), StandardOpenOption.APPEND);

    assertThatThrownBy(store::publish)
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("tls.key")
        .hasMessageContaining("several private keys");
  }

  private Pair pair(String name, String algorithm, String label) throws Exception {
    return Pair.of(name, algorithm, label, folder);
  }

  private void install(Pair pair) throws IOException {
    Files.write(certificate, pair.certificate());
    Files.write(key, pair.key());
  }

  private String published() throws GeneralSecurityException, IOException {
    KeyStore copy =
        KeyStore.getInstance(folder.resolve("copy.p12").toFile(), PASSWORD.toCharArray());
    String alias = copy.aliases().nextElement();
    assertThat(copy.getKey(alias, PASSWORD.toCharArray())).isNotNull();
    return ((X509Certificate) copy.getCertificate(alias)).getSubjectX500Principal().getName();
  }
}
