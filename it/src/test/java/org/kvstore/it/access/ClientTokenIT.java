package org.kvstore.it.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueException;
import org.kvstore.client.Watch;
import org.kvstore.client.WatchEvent;
import org.kvstore.client.WatchOptions;
import org.kvstore.it.support.Cli;

/** The typed client and the program say who is asking, on every way that they have. */
@Timeout(240)
class ClientTokenIT {
  private static SecuredServer server;
  private static String token;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    server = SecuredServer.ready("client-token");
    JsonObject made = server.token("app");
    token = made.getString("token");
    server.grant("subject", "app", "app/", "write");
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @Test
  void client_withAToken_readsWritesAndWatches() {
    try (KeyValueClient client =
        KeyValueClient.builder(server.service().uri()).token(token).build()) {
      try (Watch watch = client.watch(WatchOptions.prefix("app/"))) {
        client.put("app/a", "1");
        assertThat(changed(watch)).isEqualTo("app/a");
      }
      assertThat(client.get("app/a").orElseThrow().value().text()).isEqualTo("1");
      assertThat(code(() -> client.get("other/a"))).isEqualTo(ErrorCode.FORBIDDEN);
      assertThat(code(() -> next(client.watch(WatchOptions.range(KeyRange.all())))))
          .isEqualTo(ErrorCode.FORBIDDEN);
      assertThat(code(() -> client.restore(new ByteArrayInputStream(new byte[1]))))
          .isEqualTo(ErrorCode.FORBIDDEN);
    }
  }

  @Test
  void client_asksForTheTokenAtEachRequest() {
    AtomicReference<String> current = new AtomicReference<>("outdated");
    try (KeyValueClient client =
        KeyValueClient.builder(server.service().uri()).token(current::get).build()) {
      assertThat(code(() -> client.get("app/x"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
      current.set(token);
      assertThat(client.get("app/x")).isEmpty();
    }
  }

  @Test
  void client_withoutAToken_isUnauthenticated() {
    try (KeyValueClient client = KeyValueClient.connect(server.service().uri().toString())) {
      assertThat(code(() -> client.get("app/a"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
  }

  @Test
  void token_thatIsNone_isRefusedAndNotShown() {
    try (KeyValueClient client =
        KeyValueClient.builder(server.service().uri()).token("two words").build()) {
      assertThatThrownBy(() -> client.get("app/a"))
          .hasStackTraceContaining("visible ASCII")
          .message()
          .doesNotContain("two words");
    }
  }

  @Test
  void program_readsTheTokenFromAFile() throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve("token"), token + "\n", StandardCharsets.UTF_8);
    Cli cli = new Cli(server.service());

    cli.run("--token-file", file.toString(), "put", "app/cli", "v").expect(0);
    assertThat(cli.run("--token-file", file.toString(), "get", "app/cli").expect(0).text())
        .startsWith("v");
    assertThat(cli.run("get", "app/cli").expect(1).err()).contains("token");
    assertThat(cli.run("--token-file", file.toString(), "get", "other/a").expect(1).err())
        .contains("no permission");
  }

  private static String changed(Watch watch) {
    WatchEvent event = next(watch);
    while (!(event instanceof WatchEvent.Changed)) {
      event = next(watch);
    }
    return ((WatchEvent.Changed) event).key();
  }

  private static WatchEvent next(Watch watch) {
    try {
      return watch.next(Duration.ofSeconds(60)).orElseThrow();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
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
