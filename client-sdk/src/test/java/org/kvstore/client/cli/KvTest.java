package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.client.FakeServer;
import org.kvstore.client.FakeStore;

/** The program, run as from a command line against a small server. */
class KvTest {
  private static final byte[] BINARY = {0, (byte) 0xff, '\n', '\r', (byte) 0xc3, 0x28};

  private final FakeServer server = new FakeServer();

  @TempDir private Path folder;

  @AfterEach
  void close() {
    server.close();
  }

  private Run kv(String... arguments) {
    return kvWithInput(new byte[0], arguments);
  }

  private Run kvWithInput(byte[] input, String... arguments) {
    String[] atServer = {"--server", server.uri().toString()};
    String[] all = Stream.concat(Stream.of(atServer), Stream.of(arguments)).toArray(String[]::new);
    return Run.of(input, all);
  }

  private FakeStore.Stored stored(String key) {
    return server.store().get(key);
  }

  private void store(String key, String value) {
    server.store().put(key, value.getBytes(StandardCharsets.UTF_8), "text/plain", null);
  }

  @Test
  void put_argument_isStoredAsText() {
    Run run = kv("put", "name", "GoLang");
    assertThat(run.exitCode()).isZero();
    assertThat(run.err()).isEmpty();
    assertThat(run.out()).isEqualToIgnoringNewLines("\"1\"");
    assertThat(stored("name").value()).asString().isEqualTo("GoLang");
    assertThat(stored("name").contentType())
        .isEqualToIgnoringWhitespace("text/plain;charset=UTF-8");
  }

  @Test
  void put_standardInputAndFile_areStoredByteForByte() throws IOException {
    Path file = Files.write(folder.resolve("value"), BINARY);
    assertThat(kvWithInput(BINARY, "put", "dash", "-").exitCode()).isZero();
    assertThat(kvWithInput(BINARY, "put", "nothing").exitCode()).isZero();
    assertThat(kv("put", "file", "--file", file.toString()).exitCode()).isZero();
    assertThat(server.store().range("").values())
        .hasSize(3)
        .allSatisfy(stored -> assertThat(stored.value()).isEqualTo(BINARY))
        .allSatisfy(
            stored -> assertThat(stored.contentType()).isEqualTo("application/octet-stream"));
  }

  @Test
  void put_emptyValue_isStored() {
    assertThat(kv("put", "e", "").exitCode()).isZero();
    assertThat(stored("e").value()).isEmpty();
    Run run = kv("get", "e");
    assertThat(run.exitCode()).isZero();
    assertThat(run.bytes()).isEmpty();
  }

  @Test
  void put_valuesThatLookLikeSyntax_areTakenAsTheyAre() {
    assertThat(kv("put", "a", "@file").exitCode()).isZero();
    assertThat(kv("put", "b", "\"quoted\"").exitCode()).isZero();
    assertThat(kv("put", "c", "${env:HOME}").exitCode()).isZero();
    assertThat(kv("put", "--", "-d", "-5").exitCode()).isZero();
    assertThat(kv("get", "a").out()).isEqualTo("@file");
    assertThat(kv("get", "b").out()).isEqualTo("\"quoted\"");
    assertThat(kv("get", "c").out()).isEqualTo("${env:HOME}");
    assertThat(kv("get", "--", "-d").out()).isEqualTo("-5");
  }

  @Test
  void put_conditions() {
    assertThat(kv("put", "a", "1", "--if-absent").exitCode()).isZero();
    Run lost = kv("put", "a", "2", "--if-absent");
    assertThat(lost.exitCode()).isEqualTo(ExitCode.PRECONDITION_FAILED);
    assertThat(lost.err()).startsWith("kv: ").contains("\"1\"").hasLineCount(1);
    assertThat(kv("put", "a", "2", "--if-match", "\"1\"").exitCode()).isZero();
    assertThat(kv("put", "a", "3", "--if-match", "2").exitCode()).isZero();
    assertThat(kv("put", "a", "4", "--if-match", "2").exitCode()).isEqualTo(4);
    assertThat(kv("get", "a").out()).isEqualTo("3");
  }

  @Test
  void put_ttlAndKeepTtl() {
    Instant before = Instant.now();
    kv("put", "a", "1", "--ttl", "1h", "--content-type", "text/x");
    Instant expiry = stored("a").expiresAt();
    assertThat(expiry).isBetween(before.plusSeconds(3590), before.plusSeconds(3700));
    assertThat(stored("a").contentType()).isEqualTo("text/x");
    kv("put", "a", "2", "--keep-ttl");
    assertThat(stored("a").expiresAt()).isEqualTo(expiry);
    kv("put", "a", "3");
    assertThat(stored("a").expiresAt()).isNull();
  }

  @Test
  void get_binary_isByteExact() throws IOException {
    server.store().put("b", BINARY, "application/octet-stream", null);
    assertThat(kv("get", "b").bytes()).isEqualTo(BINARY);
    Path file = folder.resolve("out");
    assertThat(kv("get", "b", "--output", file.toString()).bytes()).isEmpty();
    assertThat(file).hasBinaryContent(BINARY);
    assertThat(kv("get", "b", "--json").out()).contains("\"valueBase64\":\"AP8KDcMo\"");
  }

  @Test
  void get_long_hasMetadataAndValue() {
    store("a", "one\n");
    assertThat(kv("get", "a", "--long").out())
        .contains("Key: a", "ETag: \"1\"", "Size: 4", "Version: 1")
        .endsWith("\n\none\n");
  }

  @Test
  void get_absent_isCode3() {
    Run run = kv("get", "nope");
    assertThat(run.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(run.out()).isEmpty();
    assertThat(run.err()).isEqualToIgnoringNewLines("kv: not found: nope");
  }

  @Test
  void delete_keyAndCondition() {
    store("a", "1");
    store("b", "2");
    assertThat(kv("delete", "a").exitCode()).isZero();
    assertThat(kv("delete", "a").exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(kv("delete", "b", "--if-match", "1").exitCode()).isEqualTo(4);
    assertThat(kv("delete", "b", "--if-match", "2").exitCode()).isZero();
  }

  @Test
  void delete_prefix_needsYes() {
    store("p/1", "x");
    store("p/2", "x");
    store("q", "x");
    assertThat(kv("delete", "--prefix", "p/").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(server.store().range("")).hasSize(3);
    Run run = kv("delete", "--prefix", "p/", "--yes");
    assertThat(run.out()).isEqualToIgnoringNewLines("2 deleted");
    assertThat(server.store().range("")).containsOnlyKeys("q");
  }

  @Test
  void ls_forms() {
    store("a", "1");
    store("a/b/c", "22");
    store("a/b/d", "");
    store("é", "x");
    assertThat(kv("ls").out().lines()).containsExactly("a", "a/b/c", "a/b/d", "é");
    assertThat(kv("ls", "a/").out().lines()).containsExactly("a/b/c", "a/b/d");
    assertThat(kv("ls", "--count").out()).isEqualToIgnoringNewLines("4");
    assertThat(kv("ls", "--limit", "2").out().lines()).containsExactly("a", "a/b/c");
    assertThat(kv("ls", "--tree").out().lines())
        .containsExactly("a", "a/", "  b/", "    c", "    d", "é");
    assertThat(kv("ls", "--long", "a/b/c").out().lines())
        .hasSize(2)
        .last()
        .asString()
        .containsSubsequence("2", "1", "2", "text/plain", "-", "a/b/c");
  }

  @Test
  void ls_manyPages_listsAll() {
    for (int i = 10_000; i < 12_500; i++) {
      store("k" + i, "");
    }
    assertThat(kv("ls").out().lines()).hasSize(2500).isSorted().doesNotHaveDuplicates();
    assertThat(server.requests()).hasSize(3);
  }

  @Test
  void wait_keyIsWrittenLater_printsIt() {
    CompletableFuture<Run> waiting =
        CompletableFuture.supplyAsync(() -> kv("wait", "a", "--timeout", "30s"));
    store("a", "here");
    assertThat(waiting.join().out()).isEqualTo("here");
  }

  @Test
  void wait_unchanged_isCode5() {
    store("a", "same");
    Run run = kv("wait", "a", "--etag", "1", "--timeout", "20ms");
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.out()).isEmpty();
    assertThat(kv("wait", "a", "--etag", "0").out()).isEqualTo("same");
  }

  @Test
  void status_tableAndJson() {
    assertThat(kv("status").out()).contains("1.2.3", "standalone", "50.0 %", "4.0 KiB");
    assertThat(kv("status", "--json").out()).contains("\"version\":\"1.2.3\"");
  }

  @ParameterizedTest
  @CsvSource({
    "INTERNAL, 1",
    "STORAGE_FULL, 1",
    "REQUEST_INVALID, 2",
    "UNAVAILABLE, 5",
    "INDETERMINATE, 5",
    "TOO_MANY_REQUESTS, 5"
  })
  void failure_hasItsCodeAndOneLine(ErrorCode code, int exitCode) {
    server.failNext(code);
    Run run = kv("put", "a", "x");
    assertThat(run.exitCode()).isEqualTo(exitCode);
    assertThat(run.err()).startsWith("kv: " + code.title()).hasLineCount(1);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void failure_verbose_hasAStackTrace() {
    server.failNext(ErrorCode.INTERNAL);
    assertThat(kv("put", "a", "x", "--verbose").err()).contains("\tat org.kvstore.client");
  }

  @Test
  void serverDown_isCode5() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    Run run = Run.of(new byte[0], "get", "a", "-s", "http://127.0.0.1:" + port);
    assertThat(run.exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(run.err()).contains("unavailable").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "get",
        "put a b --ttl soon",
        "put a b --ttl 0s",
        "put a b --bogus",
        "put a b --if-absent --if-match 1",
        "delete",
        "delete a --prefix b",
        "ls --limit 0",
        "ls --tree --count",
        "import --max-errors 0",
        "lease frobnicate",
        "get a -s ftp://x",
        "get a -s http://127.0.0.1:1,x",
        "get a --cacert /dev/null",
        "get a --cert /dev/null",
        "get a --key /dev/null",
        "get a//b",
        "frobnicate",
        ""
      })
  void wrongUsage_isCode2AndSendsNothing(String arguments) {
    String[] words = arguments.isEmpty() ? new String[0] : arguments.split(" ");
    Run run = kv(words);
    assertThat(run.exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("kv: ").doesNotContain("\tat ");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void missingFile_isNamed() {
    Run run = kv("put", "a", "--file", "/nowhere/file");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("no such file: /nowhere/file").hasLineCount(1);
  }

  @Test
  void help_documentsExitCodes() {
    assertThat(kv("--help").out()).contains("Exit codes:", "4   the condition");
    assertThat(kv("put", "--help").out()).contains("--if-absent");
    assertThat(kv("--version").out()).startsWith("kv ");
    assertThat(kv("generate-completion").out()).contains("complete -F");
  }
}
