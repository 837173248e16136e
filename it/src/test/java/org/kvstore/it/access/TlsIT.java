package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.access.Authority.Issued;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** HTTPS with a certificate of one's own, which is renewed, and with the one that is generated. */
@Timeout(300)
class TlsIT {
  private static final Duration RENEWAL = Duration.ofSeconds(30);
  private static final String STRICT = "Strict-Transport-Security";

  @TempDir private static Path folder;

  private static Authority authority;
  private static Path certificate;
  private static Path key;
  private static ServerProcess server;
  private static Service service;
  private static TlsClient client;

  @BeforeAll
  static void start() throws Exception {
    authority = new Authority(folder, "authority");
    certificate = folder.resolve("tls.crt");
    key = folder.resolve("tls.key");
    install(authority.server("first"));
    server =
        ServerProcess.ready(
            ServerProcess.directory("tls"),
            Map.of(
                "KV_TLS_CERTIFICATE", certificate.toString(),
                "KV_TLS_KEY", key.toString(),
                "KV_HTTP_REDIRECT", "true"));
    service = server.service();
    client = TlsClient.trusting(authority.trusted(), server.httpsPort());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void renewedCertificate_isServed_whileAWatchGoesOn() throws Exception {
    try (EventStream watch =
        EventStream.open(client.open(), service.get("/v1/watch?prefix=renewed/"))) {
      Issued renewed = authority.server("renewed");
      install(renewed);

      awaitServed(renewed);

      client.send(service.put("/v1/kv/renewed/a").body("v")).expect(201);
      assertThat(watch.nextChange().key()).isEqualTo("renewed/a");
    }
    assertThat(server.log()).contains("was renewed");
  }

  @Test
  void brokenCertificate_isNotTaken_andTheNextGoodOneIs() throws Exception {
    Issued former = authority.server("former");
    install(former);
    awaitServed(former);

    Files.writeString(certificate, "-----BEGIN CERTIFICATE-----\nhalf of one");

    await()
        .atMost(RENEWAL)
        .until(() -> server.log().contains("cannot be used, the former one stays"));
    assertThat(client.served()).isEqualTo(former.certificate());
    Issued mended = authority.server("mended");
    install(mended);
    awaitServed(mended);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void modernProtocol_isSpoken(String protocol) throws Exception {
    assertThat(client.speaking(protocol).protocol()).isEqualTo(protocol);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1", "TLSv1.1"})
  void oldProtocol_isRefused(String protocol) {
    TlsClient old = client.speaking(protocol);
    assertThatThrownBy(old::protocol).isInstanceOf(SSLException.class);
  }

  /** The generated certificates have keys for ECDSA. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256",
        "-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305",
        "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384"
      })
  void authenticatedEncryptionWithForwardSecrecy_isSpoken(String options) throws Exception {
    assertThat(openssl(options)).contains("Cipher is").doesNotContain("Cipher is (NONE)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-tls1 -cipher ALL:@SECLEVEL=0",
        "-tls1_1 -cipher ALL:@SECLEVEL=0",
        "-tls1_2 -cipher ALL:!AESGCM:!CHACHA20",
        "-tls1_2 -cipher ALL:!kECDHE",
        "-tls1_2 -cipher aNULL:@SECLEVEL=0",
        "-tls1_3 -ciphersuites TLS_AES_128_CCM_SHA256"
      })
  void whateverIsLess_isRefused(String options) throws Exception {
    assertThat(openssl(options))
        .contains("Cipher is (NONE)")
        .as("what was offered and refused")
        .containsPattern("written [0-9]{3} bytes");
  }

  @Test
  void clientThatNegotiatesAgain_isCutOff() throws Exception {
    assertThat(openssl("-tls1_2", "R\n")).contains("RENEGOTIATING").doesNotContain("DONE");
    assertThat(openssl("-tls1_2", "Q\n")).contains("DONE");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/status", "/v1/kv/missing", "/v1/kv/%00", "/health", "/openapi"})
  void answerOverTls_tellsBrowsersToStay(String path) throws Exception {
    assertThat(client.send(service.get(path)).header(STRICT)).isEqualTo("max-age=31536000");
  }

  @Test
  void requestInClear_isSentToHttps() {
    Answer answer =
        service.get("/v1/kv/a%2Fb;c?revision=1&x=%20").header("Host", "kv.example:8080").send();

    assertThat(answer.status()).isEqualTo(308);
    assertThat(answer.header("Location"))
        .isEqualTo("https://kv.example:" + server.httpsPort() + "/v1/kv/a%2Fb;c?revision=1&x=%20");
    assertThat(answer.headers()).doesNotContainKey("strict-transport-security");
  }

  /** Liberty parses such a query in one way or another; what counts is what comes of it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "x=\r\nX-Injected:1",
        "x=\nX-Injected:1",
        "x=\rX-Injected:1",
        "x=\0\u0001\t\u000b\u007f",
        "x= y",
        "x=\u0085X-Injected:1",
        "x=\u00e9\u00c4\u008d"
      })
  void queryOfNoUri_addsNothingToTheAnswer(String query) throws Exception {
    try (RawConnection connection = service.get("/v1/kv/a?" + query).open()) {
      String answer = new String(connection.rest().readAllBytes(), StandardCharsets.ISO_8859_1);

      assertThat(answer.lines().filter(line -> line.startsWith("X-Injected"))).isEmpty();
      assertThat(answer.lines().filter(line -> line.startsWith("Location")))
          .allMatch(line -> line.matches("Location: [\\x21-\\x7e]+"));
      assertThat(answer.lines().findFirst())
          .hasValueSatisfying(status -> assertThat(status).startsWith("HTTP/1.1 "));
    }
  }

  @Test
  void writeInClear_isNotDone_norRead() throws Exception {
    try (var connection =
        service.put("/v1/kv/clear").header("Content-Length", "1000000").unframed("begin").open()) {
      assertThat(connection.read("PUT /v1/kv/clear").status()).isEqualTo(308);
    }
    client.send(service.get("/v1/kv/clear")).expect(ErrorCode.NOT_FOUND);
  }

  /** A client that learns nothing of its mistake would send the token in clear each time. */
  @Test
  void tokenInClear_isRefused_notSentOn() {
    Answer answer = SecuredServer.as("secret", service.get("/v1/kv/a")).send();

    answer.expect(ErrorCode.FORBIDDEN);
    assertThat(answer.text()).contains("in clear").doesNotContain("secret");
    assertThat(answer.headers()).doesNotContainKey("location");
  }

  @Test
  void hostThatIsNone_isNotSentOn() {
    service.get("/v1/kv/a").header("Host", "a/b").send().expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void probeInClear_isAnswered() {
    Answer answer = service.get("/health/ready").send().expect(200);
    assertThat(answer.headers()).doesNotContainKey("strict-transport-security");
  }

  @Test
  void generatedPair_httpClosed_listensForHttpsAlone() throws Exception {
    Path data = ServerProcess.directory("tls-generated");
    Path tls = data.resolveSibling("data-tls");
    try (ServerProcess generated =
        ServerProcess.ready(
            data, Map.of("KV_TLS_DIR", tls.toString(), ServerProcess.HTTP_PORT, "-1"))) {
      TlsClient trusting = TlsClient.trusting(generatedIn(tls), generated.httpsPort());

      Answer answer = trusting.send(service.get("/v1/status")).expect(200);

      assertThat(answer.headers()).doesNotContainKey("strict-transport-security");
      assertThat(Listening.ports(generated.pid())).containsOnly(generated.httpsPort());
      assertThat(Files.getPosixFilePermissions(tls)).hasSize(3);
    }
  }

  private static void install(Issued pair) throws Exception {
    pair.writeCertificates(certificate);
    pair.writeKey(key);
  }

  private static void awaitServed(Issued pair) {
    await().atMost(RENEWAL).until(() -> client.served().equals(pair.certificate()));
  }

  private static KeyStore generatedIn(Path tls) throws Exception {
    char[] password = Files.readString(tls.resolve("password")).strip().toCharArray();
    KeyStore pair = KeyStore.getInstance(tls.resolve("key.p12").toFile(), password);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", pair.getCertificate(pair.aliases().nextElement()));
    return trusted;
  }

  private static String openssl(String options) throws IOException, InterruptedException {
    return openssl(options, "Q\n");
  }

  /** What another implementation of TLS says of a connection. */
  private static String openssl(String options, String input)
      throws IOException, InterruptedException {
    Path output = folder.resolve("openssl");
    Process process =
        new ProcessBuilder(
                ("openssl s_client -connect 127.0.0.1:" + server.httpsPort() + " " + options)
                    .split(" "))
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
      in.flush();
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).as(options).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(output);
  }
}
