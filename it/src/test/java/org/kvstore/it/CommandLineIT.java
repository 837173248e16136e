package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.Cli.Run;
import org.kvstore.it.support.Deployed;

/** The client program, run as users run it: values raw, exit codes that scripts rely on. */
class CommandLineIT extends Deployed {
  private static final int FAILURE = 1;
  private static final int USAGE = 2;
  private static final int MISSING = 3;
  private static final int CONDITION = 4;
  private static final int UNAVAILABLE = 5;

  private final Cli kv = new Cli(service);
  private final String prefix = prefix();
  private final String key = prefix + "n\u00E4me";

  @Test
  void putAndGet_byteForByte() throws Exception {
    String etag = kv.run("put", key, "GoLang").expect(0).text().strip();
    assertThat(etag).isEqualTo(service.get(target(key)).send().expect(200).etag());
    assertThat(kv.run("get", key).expect(0).text()).isEqualTo("GoLang");

    byte[] bytes = {0, 1, '\r', '\n', (byte) 0xFF};
    kv.run(bytes, "put", key, "-", "--if-match", etag).expect(0);
    assertThat(kv.run("get", key).expect(0).out()).isEqualTo(bytes);
    kv.run("put", key, "late", "--if-match", etag).expect(CONDITION);
    kv.run("put", key, "late", "--if-absent").expect(CONDITION);

    kv.run("delete", key).expect(0);
    Run missing = kv.run("get", key).expect(MISSING);
    assertThat(missing.out()).isEmpty();
    assertThat(missing.err()).contains(key);
    kv.run("put", prefix + "/", "x").expect(USAGE);
    kv.run("frobnicate").expect(USAGE);
  }

  @Test
  void ls_showsKeysAndTree() throws Exception {
    for (String name : new String[] {"a", "b/1", "b/2"}) {
      service.put(target(prefix + name)).body("x").send().expect(201);
    }
    assertThat(kv.run("ls", prefix).expect(0).text().lines())
        .containsExactly(prefix + "a", prefix + "b/1", prefix + "b/2");
    assertThat(kv.run("ls", prefix, "--count").expect(0).text().strip()).isEqualTo("3");
    assertThat(kv.run("ls", prefix, "--tree").expect(0).text()).contains("b", "1", "2");
    assertThat(kv.run("ls", prefix, "--long").expect(0).text().lines()).hasSize(4);
  }

  @Test
  void local_readsWhatTheServerHas_andSaysHowOldThatIs() throws Exception {
    service.put(target(key)).body("here").send().expect(201);
    Run local = kv.run("get", key, "--local").expect(0);
    assertThat(local.text()).isEqualTo("here");
    assertThat(local.err().strip()).isEqualTo("age: 0 ms");
    assertThat(kv.run("get", key + "-none", "--local").expect(MISSING).err()).contains("age: 0 ms");
    assertThat(kv.run("ls", prefix, "--local").expect(0).text().strip()).isEqualTo(key);
    assertThat(kv.run("ls", prefix, "--local", "--count").expect(0).text().strip()).isEqualTo("1");
    kv.run("get", key, "--local", "--revision", "1").expect(USAGE);
  }

  @Test
  void waitEndsWithTheNews_orWithTheTime() throws Exception {
    CompletableFuture<Run> waiting = CompletableFuture.supplyAsync(() -> run("wait", key));
    service.put(target(key)).body("done").send().expect(201);
    assertThat(waiting.join().expect(0).text()).isEqualTo("done");
    kv.run("wait", prefix + "never", "--timeout", "1s").expect(UNAVAILABLE);
  }

  @Test
  void exportIsImportedAgain() throws Exception {
    for (int i = 0; i < 50; i++) {
      service.put(target(prefix + i)).header("Content-Type", "text/x-" + i).body("v" + i).send();
    }
    service.put(target(prefix + "bytes")).body(new byte[] {(byte) 0xFF}).send().expect(201);
    Run export = kv.run("export", prefix).expect(0);
    assertThat(export.text().lines()).hasSize(51);
    kv.run("delete", "--prefix", prefix, "--yes").expect(0);
    assertThat(kv.run("ls", prefix).expect(0).text()).isEmpty();

    Path file = Files.createTempFile("export", ".ndjson");
    Files.write(file, export.out());
    assertThat(kv.run("import", file.toString()).expect(0).err()).contains("51 imported");
    assertThat(service.get(target(prefix + 7)).send().header("Content-Type")).isEqualTo("text/x-7");
    assertThat(kv.run("export", prefix).expect(0).text()).isEqualTo(export.text());
    kv.run("not json\n".getBytes(StandardCharsets.UTF_8), "import").expect(1);
    Files.delete(file);
  }

  @Test
  void status_andAServiceThatIsNotThere() throws Exception {
    assertThat(kv.run("status").expect(0).text()).contains("standalone");
    kv.run("--server", "http://127.0.0.1:1", "get", key).expect(UNAVAILABLE);
    assertThat(kv.run("--help").expect(0).text()).contains("Exit codes");
  }

  @Test
  void watch_printsTheChangesAfterAPosition() throws Exception {
    String from = position();
    long created = service.put(target(key)).body("1").send().expect(201).revision();
    long replaced = service.put(target(key)).body("two\nlines").send().expect(204).revision();
    service.delete(target(key)).send().expect(204);
    String[] watch = {"watch", prefix, "--from", from, "--prev", "--count", "3"};
    assertThat(kv.run(watch).expect(0).text().lines())
        .containsExactly(
            "%d put %s = 1".formatted(created, key),
            "%d put %s = two\\u000alines (was 1)".formatted(replaced, key),
            "%d delete %s (was two\\u000alines)".formatted(replaced + 1, key));

    Run late = kv.run("watch", prefix, "--from", from, "--count", "4", "--timeout", "3s");
    assertThat(late.expect(UNAVAILABLE).text().lines()).hasSize(3);
    assertThat(late.err()).contains("3 of 4");
    kv.run("watch", prefix, "--from", "nowhere").expect(USAGE);
  }

  @Test
  void watch_inJson_canBeTakenUpAgain() throws Exception {
    String from = position();
    service.put(target(key)).body("1").send().expect(201);
    Run watched = kv.run("watch", prefix, "--json", "--from", from, "--timeout", "15s");
    List<JsonObject> lines = watched.expect(0).text().lines().map(Answer::json).toList();
    assertThat(lines)
        .filteredOn(line -> line.containsKey("entry"))
        .singleElement()
        .matches(line -> line.getJsonObject("entry").getString("value").equals("1"));
    String last = lines.get(lines.size() - 1).getString("position");
    assertThat(last).isNotEqualTo(from);
    service.put(target(key)).body("2").send().expect(204);
    Run resumed = kv.run("watch", prefix, "--from", last, "--count", "1");
    assertThat(resumed.expect(0).text()).endsWith(" = 2\n");
  }

  @Test
  void history_andWhatCompactLeavesOfIt() throws Exception {
    for (int i = 1; i <= 3; i++) {
      service.put(target(key)).body("v" + i).send();
    }
    long newest = service.get(target(key)).send().expect(200).revision();
    List<String> versions = kv.run("history", key).expect(0).text().lines().toList();
    assertThat(versions).hasSize(3);
    assertThat(versions.get(0)).endsWith(" %d put %s = v3".formatted(newest, key));
    assertThat(kv.run("history", key, "--limit", "1").expect(0).text().lines()).hasSize(1);
    kv.run("history", prefix + "never").expect(MISSING);

    String from = position();
    service.put(target(key)).body("v4").send().expect(204);
    String oldest = Long.toString(newest);
    assertThat(kv.run("compact", oldest).expect(0).text().strip()).isEqualTo(oldest);
    assertThat(kv.run("get", key, "--revision", oldest).expect(0).text()).isEqualTo("v3");
    kv.run("get", key, "--revision", Long.toString(newest - 1)).expect(FAILURE);
    assertThat(kv.run("watch", prefix, "--from", from, "--count", "1").expect(0).text())
        .endsWith(" = v4\n");
    service.put(target(key)).body("v5").send().expect(204);
    kv.run("compact").expect(0);
    assertThat(kv.run("watch", prefix, "--from", from).expect(FAILURE).err()).contains("ompact");
  }

  @Test
  void incr_printsTheSum() throws Exception {
    assertThat(kv.run("incr", key).expect(0).text()).isEqualTo("1\n");
    assertThat(kv.run("incr", key, "2.5").expect(0).text()).isEqualTo("3.5\n");
    assertThat(kv.run("incr", key, "--", "-4").expect(0).text()).isEqualTo("-0.5\n");
    service.put(target(key)).body("text").send().expect(204);
    kv.run("incr", key).expect(FAILURE);
    assertThat(service.get(target(key)).send().text()).isEqualTo("text");
  }

  @Test
  void lease_takesItsKeysWithIt() throws Exception {
    String lease = kv.run("lease", "grant", "1m").expect(0).text().strip();
    kv.run("put", key, "x", "--lease", lease).expect(0);
    assertThat(kv.run("lease", "show", lease).expect(0).text())
        .contains("Id: " + lease, "Ttl: PT1M", "Key: " + key);
    assertThat(kv.run("lease", "renew", lease).expect(0).text()).contains("Expires-At: ");
    kv.run("lease", "revoke", lease).expect(0);
    kv.run("get", key).expect(MISSING);
    kv.run("lease", "show", lease).expect(MISSING);
    kv.run("lease", "renew", lease).expect(MISSING);
    kv.run("lease", "revoke", lease).expect(MISSING);
    kv.run("put", key, "x", "--lease", lease).expect(MISSING);
    kv.run("lease", "grant", "25h").expect(USAGE);
  }

  private String position() {
    return service.get("/v1/kv?countOnly=true").send().expect(200).json().getString("position");
  }

  private Run run(String... arguments) {
    try {
      return kv.run(arguments);
    } catch (java.io.IOException | InterruptedException e) {
      throw new CompletionException(e);
    }
  }
}
