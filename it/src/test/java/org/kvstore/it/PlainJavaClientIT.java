package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.client.Entry;
import org.kvstore.client.InvalidRequestException;
import org.kvstore.client.KeyRange;
import org.kvstore.client.KeyValueClient;
import org.kvstore.client.KeyValueException;
import org.kvstore.client.ListOptions;
import org.kvstore.client.PreconditionFailedException;
import org.kvstore.client.PutOptions;
import org.kvstore.client.TooLargeException;
import org.kvstore.client.UnavailableException;
import org.kvstore.client.Value;
import org.kvstore.client.Written;
import org.kvstore.it.support.Deployed;

/** The typed client in plain Java, against the real service. */
class PlainJavaClientIT extends Deployed {
  private final KeyValueClient client = service.client();
  private final String prefix = prefix();
  private final String key = prefix + "n\u00E4me; %2F? #1+1";

  @AfterEach
  void close() {
    client.close();
  }

  @Test
  void entry_carriesEverything() {
    Written written =
        client.put(
            key,
            Value.of(new byte[] {0, (byte) 0xFF}),
            PutOptions.expiringAfter(Duration.ofHours(1)).withContentType("image/png"));
    assertThat(written.created()).isTrue();
    Entry entry = client.get(key).orElseThrow();
    assertThat(entry.key()).isEqualTo(key);
    assertThat(entry.value().bytes()).containsExactly(0, 0xFF);
    assertThat(entry.contentType()).isEqualTo("image/png");
    assertThat(entry.etag()).isEqualTo(written.etag());
    assertThat(entry.version()).isEqualTo(1);
    assertThat(entry.expiresAt()).isNotNull();
    assertThat(client.head(key).orElseThrow()).isEqualTo(entry.metadata());
    assertThat(client.getIfChanged(key, entry.etag())).isEmpty();
    assertThat(client.get(prefix + "missing")).isEmpty();
    assertThat(client.delete(key)).isTrue();
    assertThat(client.delete(key)).isFalse();
    assertThat(client.getAt(key, entry.modRevision())).contains(entry);
  }

  @Test
  void compareAndSet_isTwoLines() {
    client.put(key, "1");
    Entry read = client.get(key).orElseThrow();
    client.compareAndSet(read, "2");
    assertThatThrownBy(() -> client.compareAndSet(read, "late"))
        .isInstanceOfSatisfying(
            PreconditionFailedException.class,
            missed -> assertThat(missed.etag()).contains(client.get(key).orElseThrow().etag()));
    assertThatThrownBy(() -> client.delete(read)).isInstanceOf(PreconditionFailedException.class);
    assertThat(client.get(key).orElseThrow().text()).isEqualTo("2");
  }

  @Test
  void await_returnsTheNews() {
    CompletableFuture<Optional<Entry>> waiting =
        CompletableFuture.supplyAsync(() -> client.await(key, null, Duration.ofSeconds(60)));
    client.put(key, "news");
    assertThat(waiting.join().orElseThrow().text()).isEqualTo("news");
    String etag = client.get(key).orElseThrow().etag();
    assertThat(client.await(key, etag, Duration.ofSeconds(2))).isEmpty();
  }

  @Test
  void listing_isStreamedOverPages() throws IOException {
    for (int i = 0; i < 25; i++) {
      client.put(prefix + "%02d".formatted(i), "v" + i);
    }
    KeyRange range = KeyRange.prefix(prefix);
    assertThat(client.entries(range, ListOptions.defaults().withLimit(10)).map(Entry::text))
        .hasSize(25)
        .startsWith("v0", "v1")
        .endsWith("v24");
    assertThat(client.count(range)).isEqualTo(25);
    try (InputStream export = client.export(range)) {
      assertThat(new String(export.readAllBytes(), StandardCharsets.UTF_8).lines()).hasSize(25);
    }
    assertThat(client.delete(range)).isEqualTo(25);
    assertThat(client.entries(prefix)).isEmpty();
  }

  @Test
  void asynchronousCalls_complete() {
    CompletableFuture<Entry> read =
        client
            .putAsync(key, Value.of("x"), PutOptions.none())
            .thenCompose(written -> client.getAsync(key))
            .thenApply(Optional::orElseThrow)
            .toCompletableFuture();
    assertThat(read.join().text()).isEqualTo("x");
    assertThat(client.getAsync(prefix + "missing").toCompletableFuture().join()).isEmpty();
  }

  @Test
  void failures_areTyped() {
    assertThatThrownBy(() -> client.put("a//b", "x")).isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> client.put(key, "x".repeat((1 << 20) + 1)))
        .isInstanceOf(TooLargeException.class);
    assertThatThrownBy(() -> client.getAt(key, 1L << 40))
        .isInstanceOf(InvalidRequestException.class);
    assertThatThrownBy(() -> client.list(KeyRange.all(), ListOptions.defaults().withLimit(5000)))
        .isInstanceOf(KeyValueException.class);
    try (KeyValueClient nobody = KeyValueClient.connect("http://127.0.0.1:1")) {
      assertThatThrownBy(() -> nobody.put(key, "x")).isInstanceOf(UnavailableException.class);
      assertThat(nobody.isReady()).isFalse();
    }
    assertThat(client.isReady()).isTrue();
  }
}
