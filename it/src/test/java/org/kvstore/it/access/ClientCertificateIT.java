package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.kvstore.it.access.SecuredServer.OPERATOR;
import static org.kvstore.it.access.SecuredServer.as;

import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueException;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import org.kvstore.it.access.Authority.Issued;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.RawConnection;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/** A client's certificate says who it is, if an authority that the server trusts has issued it. */
@Timeout(300)
class ClientCertificateIT {
  private static final Duration RENEWAL = Duration.ofSeconds(30);

  @TempDir private static Path folder;

  private static Authority authority;
  private static Issued shop;
  private static Map<String, String> variables;
  private static SecuredServer server;
  private static Service service;
  private static int port;

  @BeforeAll
  static void start() throws Exception {
    authority = new Authority(folder, "authority");
    shop = authority.client("shop");
    variables = authority.variables("wanted");
    server = SecuredServer.ready("wanted", variables);
    service = server.service();
    port = server.httpsPort();
    server.grant("subject", "cert:shop", "shop/", "write");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void certificateWithAGrant_readsWritesAndWatchesItsPrefix_andNothingElse() throws Exception {
    try (KeyValueClient client = client(shop)) {
      try (Watch watch = client.watch(WatchOptions.prefix("shop/"))) {
        client.put("shop/a", "1");
        assertThat(changed(watch)).isEqualTo("shop/a");
      }
      assertThat(client.get("shop/a").orElseThrow().text()).isEqualTo("1");
      assertThat(code(() -> client.get("other/a"))).isEqualTo(ErrorCode.FORBIDDEN);
      assertThat(code(() -> client.put("other/a", "1"))).isEqualTo(ErrorCode.FORBIDDEN);
    }
  }

  /** A browser shows the certificate for any page. */
  @Test
  void requestForAnotherPage_isRefused_asTheCertificateProvesNothingOfIt() throws Exception {
    TlsClient browser = TlsClient.of(shop, authority.trusted(), port);
    RawRequest form =
        service
            .post("/put")
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", "https://evil.example")
            .body("key=shop/forged&value=v");
    browser.send(form).expect(ErrorCode.FORBIDDEN);
    browser
        .send(service.get("/v1/kv/shop/forged").header("Sec-Fetch-Site", "cross-site"))
        .expect(ErrorCode.FORBIDDEN);
    browser.send(service.get("/v1/kv/shop/forged")).expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void program_showsACertificate() throws Exception {
    String[] options = {
      "-s", "https://127.0.0.1:" + port,
      "--cacert", variables.get("KV_TLS_TRUSTSTORE"),
      "--cert", shop.writeCertificates(folder.resolve("shop.crt")).toString(),
      "--key", shop.writeKey(folder.resolve("shop.key")).toString()
    };
    Cli cli = new Cli(service);

    cli.run(with(options, "put", "shop/cli", "v")).expect(0);
    assertThat(cli.run(with(options, "get", "shop/cli")).expect(0).text()).startsWith("v");
    assertThat(cli.run(with(options, "get", "other/a")).expect(1).err()).contains("cert:shop");
  }

  @Test
  void certificateWithoutAGrant_mayDoNothing() throws Exception {
    TlsClient.of(authority.client("nobody"), authority.trusted(), port)
        .send(service.get("/v1/kv/shop/a"))
        .expect(ErrorCode.FORBIDDEN);
  }

  @Test
  void certificateOfAnotherAuthority_isRefusedInTheHandshake() throws Exception {
    Authority foreign = new Authority(folder, "foreign");
    assertRefused(TlsClient.of(foreign.client("shop"), authority.trusted(), port));
  }

  @Test
  void certificateThatHasEnded_isRefusedInTheHandshake() throws Exception {
    assertRefused(TlsClient.of(authority.clientUntil("shop", -60), authority.trusted(), port));
  }

  @Test
  void certificateOfAServer_isRefusedInTheHandshake() throws Exception {
    assertRefused(TlsClient.of(authority.server("shop"), authority.trusted(), port));
  }

  @Test
  void authorityThatIsAdded_vouches_untilItIsTakenOut() throws Exception {
    Authority next = new Authority(folder, "next");
    TlsClient client = TlsClient.of(next.client("shop"), authority.trusted(), port);
    TlsClient former = TlsClient.of(shop, authority.trusted(), port);
    Path trusted = Path.of(variables.get("KV_TLS_TRUSTSTORE"));
    String before = Files.readString(trusted);
    assertRefused(client);

    Files.writeString(
        trusted, before + Files.readString(next.writeTrusted(folder.resolve("next.pem"))));
    try {
      await().atMost(RENEWAL).until(() -> status(client) == 200);
      assertThat(status(former)).isEqualTo(200);
    } finally {
      Files.writeString(trusted, before);
    }
    await().atMost(RENEWAL).until(() -> status(client) == 0);
    assertThat(status(former)).isEqualTo(200);
  }

  @Test
  @EnabledIfSystemProperty(named = "long", matches = "true")
  void certificateThatEnds_isNoProofAnyMore_onTheSameConnection() throws Exception {
    Issued ending = authority.clientUntil("shop", 25);
    RawRequest request = service.get("/v1/kv?prefix=shop/").keptAlive();
    try (RawConnection connection = TlsClient.of(ending, authority.trusted(), port).open()) {
      connection.send(request.bytes()).read(request.line()).expect(200);

      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> connection.send(request.bytes()).read(request.line()).status() == 401);
    }
  }

  @Test
  void grantThatIsTakenBack_endsAWatch_andForbidsTheNextRequestOfTheConnection() throws Exception {
    Issued guest = authority.client("guest");
    String grant = server.grant("subject", "cert:guest", "guest/", "read");
    TlsClient client = TlsClient.of(guest, authority.trusted(), port);
    RawRequest request = service.get("/v1/kv?prefix=guest/").keptAlive();
    try (RawConnection connection = client.open();
        EventStream watch =
            EventStream.open(client.open(), service.get("/v1/watch?prefix=guest/"))) {
      connection.send(request.bytes()).read(request.line()).expect(200);

      server.takeBack(grant);

      connection.send(request.bytes()).read(request.line()).expect(ErrorCode.FORBIDDEN);
      assertThatThrownBy(
              () -> {
                while (true) {
                  watch.next();
                }
              })
          .hasRootCauseInstanceOf(EOFException.class);
    }
  }

  @Test
  void withoutACertificate_aTokenIsAsGood_andNeitherIsNot() throws Exception {
    TlsClient client = TlsClient.trusting(authority.trusted(), port);

    client.send(as(OPERATOR, service.get("/v1/kv/other/a"))).expect(ErrorCode.NOT_FOUND);
    client.send(service.get("/v1/kv/shop/a")).expect(ErrorCode.UNAUTHENTICATED);
    client.send(service.get("/health/ready")).expect(200);
  }

  @Test
  void withBoth_theTokenSaysWhoAsks() throws Exception {
    TlsClient client = TlsClient.of(shop, authority.trusted(), port);

    client.send(as(OPERATOR, service.get("/v1/kv/other/a"))).expect(ErrorCode.NOT_FOUND);
    client.send(as("wrong", service.get("/v1/kv/shop/a"))).expect(ErrorCode.UNAUTHENTICATED);
  }

  /** Liberty takes such headers of a proxy for the connection's own, if it is told to. */
  @Test
  void headerWithACertificate_isNoProof() throws Exception {
    String encoded = Base64.getEncoder().encodeToString(shop.certificate().getEncoded());
    RawRequest request =
        service.get("/v1/kv/shop/a").header("$WSCC", encoded).header("$WSIS", "true");

    request.send().expect(ErrorCode.UNAUTHENTICATED);
    TlsClient.trusting(authority.trusted(), port).send(request).expect(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  void required_aTokenIsNotEnough_overTlsOrInClear() throws Exception {
    Map<String, String> strictly = new HashMap<>(variables);
    strictly.put("KV_TLS_CLIENT_CERTIFICATES", "required");
    try (SecuredServer required = SecuredServer.ready("required", strictly)) {
      Service strict = required.service();
      TlsClient without = TlsClient.trusting(authority.trusted(), required.httpsPort());
      TlsClient with = TlsClient.of(shop, authority.trusted(), required.httpsPort());

      without.send(as(OPERATOR, strict.get("/v1/status"))).expect(ErrorCode.UNAUTHENTICATED);
      as(OPERATOR, strict.get("/v1/status")).send().expect(ErrorCode.UNAUTHENTICATED);
      with.send(strict.get("/v1/status")).expect(200);
      with.send(strict.get("/v1/kv/a")).expect(ErrorCode.FORBIDDEN);
      with.send(as(OPERATOR, strict.get("/v1/kv/a"))).expect(ErrorCode.NOT_FOUND);
      without.send(strict.get("/health/ready")).expect(200);
    }
  }

  private static KeyValueClient client(Issued own) throws Exception {
    return KeyValueClient.builder(URI.create("https://127.0.0.1:" + port))
        .trustStore(authority.trusted())
        .keyStore(own.store(), Authority.password())
        .readTimeout(Duration.ofSeconds(60))
        .build();
  }

  /** Of a request for what the shop may read; 0 when the handshake fails. */
  private static int status(TlsClient client) {
    try {
      return client.send(service.get("/v1/kv?prefix=shop/")).status();
    } catch (IOException refused) {
      return 0;
    }
  }

  /** With TLS 1.3 a client learns of it when it reads. */
  private static void assertRefused(TlsClient client) {
    assertThatThrownBy(() -> client.send(service.get("/health/ready")))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(client.speaking("TLSv1.2")::protocol).isInstanceOf(IOException.class);
  }

  private static String[] with(String[] options, String... command) {
    String[] all = new String[options.length + command.length];
    System.arraycopy(options, 0, all, 0, options.length);
    System.arraycopy(command, 0, all, options.length, command.length);
    return all;
  }

  private static String changed(Watch watch) throws InterruptedException {
    WatchEvent event = watch.next(Duration.ofSeconds(60)).orElseThrow();
    while (!(event instanceof WatchEvent.Changed)) {
      event = watch.next(Duration.ofSeconds(60)).orElseThrow();
    }
    return ((WatchEvent.Changed) event).key();
  }

  private static ErrorCode code(Runnable call) {
    try {
      call.run();
      return null;
    } catch (KeyValueException e) {
      return e.code().orElseThrow();
    }
  }
}
