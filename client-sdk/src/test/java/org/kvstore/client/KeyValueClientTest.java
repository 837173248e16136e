package org.kvstore.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.api.StatusDocument;

/** The client's operations over real sockets. */
class KeyValueClientTest {
  private final FakeServer server = new FakeServer();
  private final KeyValueClient kv = KeyValueClient.connect(server.uri().toString());

  @AfterEach
  void close() {
    kv.close();
    server.close();
  }

  @Test
  void get_afterPut_readsValueAndMetadata() {
    assertThat(kv.put("a", "one")).isEqualTo(new Written(true, "\"1\""));
    assertThat(kv.put("a", "two", PutOptions.expiringAfter(Duration.ofHours(1))))
        .isEqualTo(new Written(false, "\"2\""));

    Entry entry = kv.get("a").orElseThrow();

    assertThat(entry.key()).isEqualTo("a");
    assertThat(entry.text()).isEqualTo("two");
    assertThat(entry.contentType()).isEqualToIgnoringWhitespace("text/plain;charset=UTF-8");
    assertThat(entry.createRevision()).isEqualTo(1);
    assertThat(entry.modRevision()).isEqualTo(2);
    assertThat(entry.version()).isEqualTo(2);
    assertThat(entry.etag()).isEqualTo("\"2\"");
    assertThat(entry.expiresAt()).isAfter(Instant.now());
    assertThat(entry.lease()).isNull();
    assertThat(kv.head("a")).contains(entry.metadata());
  }

  @Test
  void get_absent_isEmpty() {
    assertThat(kv.get("a")).isEmpty();
    assertThat(kv.head("a")).isEmpty();
    assertThat(kv.delete("a")).isFalse();
    assertThat(kv.getAsync("a").toCompletableFuture().join()).isEmpty();
  }

  @Test
  void put_anyBytes_comeBack() {
    byte[] bytes = new byte[70_000];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    kv.put("b", Value.of(bytes), PutOptions.none());
    assertThat(kv.get("b").orElseThrow().value()).isEqualTo(Value.of(bytes));
    assertThat(kv.get("b").orElseThrow().contentType()).isEqualTo("application/octet-stream");
  }

  @Test
  void put_zeroBytes_comeBackAsAnEmptyValue() {
    kv.put("empty", Value.of(new byte[0]), PutOptions.none());
    assertThat(kv.get("empty").orElseThrow().value().size()).isZero();
  }

  @Test
  void getIfChanged_sameTag_isEmpty() {
    Written written = kv.put("a", "one");
    assertThat(kv.getIfChanged("a", written.etag())).isEmpty();
    kv.put("a", "two");
    assertThat(kv.getIfChanged("a", written.etag()).map(Entry::text)).contains("two");
  }

  @Test
  void compareAndSet_unchanged_keepsTypeAndExpiry() {
    kv.put("a", "{}", PutOptions.expiringAfter(Duration.ofHours(1)).withContentType("text/x"));
    Entry read = kv.get("a").orElseThrow();
    kv.compareAndSet(read, "{1}");
    Entry changed = kv.get("a").orElseThrow();
    assertThat(changed.text()).isEqualTo("{1}");
    assertThat(changed.contentType()).isEqualTo("text/x");
    assertThat(changed.expiresAt()).isEqualTo(read.expiresAt());
  }

  @Test
  void compareAndSet_writtenInBetween_namesTheCurrentTag() {
    kv.put("a", "one");
    Entry read = kv.get("a").orElseThrow();
    Written other = kv.put("a", "other");
    assertThatThrownBy(() -> kv.compareAndSet(read, "mine"))
        .isInstanceOfSatisfying(
            PreconditionFailedException.class,
            failed -> assertThat(failed.etag()).contains(other.etag()));
    assertThatThrownBy(() -> kv.delete(read)).isInstanceOf(PreconditionFailedException.class);
    assertThat(kv.get("a").map(Entry::text)).contains("other");
  }

  @Test
  void ifAbsent_present_fails() {
    kv.put("a", "one", PutOptions.ifAbsent());
    assertThatThrownBy(() -> kv.put("a", "two", PutOptions.ifAbsent()))
        .isInstanceOf(PreconditionFailedException.class);
  }

  @Test
  void entries_manyPages_allInOrder() {
    for (int i = 100; i < 125; i++) {
      kv.put("k/" + i, "v" + i);
    }
    kv.put("other", "x");
    assertThat(kv.entries(KeyRange.prefix("k/"), ListOptions.defaults().withLimit(10)))
        .extracting(Entry::text)
        .hasSize(25)
        .startsWith("v100")
        .endsWith("v124");
    assertThat(kv.count(KeyRange.all())).isEqualTo(26);
    assertThat(server.requests()).filteredOn(line -> line.contains("limit=10")).hasSize(3);
  }

  @Test
  void entries_firstOnly_readsOnePage() {
    for (int i = 0; i < 5; i++) {
      kv.put("k/" + i, "v");
    }
    int before = server.requests().size();
    assertThat(kv.entries(KeyRange.all(), ListOptions.defaults().withLimit(2)).findFirst())
        .isPresent();
    assertThat(server.requests()).hasSize(before + 1);
  }

  @Test
  void deleteRange_prefixAndAll() {
    kv.put("a/1", "x");
    kv.put("a/2", "x");
    kv.put("b", "x");
    assertThat(kv.delete(KeyRange.prefix("a/"))).isEqualTo(2);
    assertThat(kv.delete(KeyRange.all())).isEqualTo(1);
  }

  @Test
  void export_streamsLines() throws IOException {
    kv.put("a", "x");
    kv.put("b", Value.of(new byte[] {(byte) 0xff}), PutOptions.none());
    try (InputStream lines = kv.export(KeyRange.all())) {
      assertThat(new String(lines.readAllBytes(), StandardCharsets.UTF_8).lines())
          .hasSize(2)
          .anyMatch(line -> line.contains("\"valueBase64\":\"/w==\""));
    }
  }

  @Test
  void await_absentKey_returnsWhenItIsWritten() {
    CompletableFuture<?> waiting =
        CompletableFuture.supplyAsync(() -> kv.await("a", null, Duration.ofSeconds(20)));
    CompletableFuture<Written> written = CompletableFuture.supplyAsync(() -> kv.put("a", "x"));
    assertThat(written.join().created()).isTrue();
    assertThat(waiting.join()).isEqualTo(kv.get("a"));
  }

  @Test
  void await_timeOver_isEmpty() {
    assertThat(kv.await("a", null, Duration.ofMillis(10))).isEmpty();
    String etag = kv.put("a", "x").etag();
    assertThat(kv.await("a", etag, Duration.ofSeconds(1))).isEmpty();
  }

  @Test
  void putAsync_completesWhenWritten() {
    Value value = Value.of("x");
    assertThat(kv.putAsync("a", value, PutOptions.none()).toCompletableFuture().join())
        .isEqualTo(new Written(true, "\"1\""));
  }

  @Test
  void status_isRead() {
    StatusDocument status = kv.status();
    assertThat(status.version()).isEqualTo("1.2.3");
    assertThat(status.shards().get(0).revision()).isEqualTo(42);
    assertThat(status.cacheHitRatio()).isEqualTo(0.5);
  }

  @Test
  void manyRequests_doNotExhaustTheConnections() {
    for (int i = 0; i < 200; i++) {
      kv.put("a", "x");
      kv.get("missing");
      kv.head("a");
      kv.getIfChanged("a", "\"0\"");
      kv.delete("a");
    }
    assertThat(server.requests()).hasSize(1000);
  }
}
