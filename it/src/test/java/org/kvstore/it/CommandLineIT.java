package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Cli;
import org.kvstore.it.support.Cli.Run;
import org.kvstore.it.support.Deployed;

/** The client program, run as users run it: values raw, exit codes that scripts rely on. */
class CommandLineIT extends Deployed {
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

  private Run run(String... arguments) {
    try {
      return kv.run(arguments);
    } catch (java.io.IOException | InterruptedException e) {
      throw new CompletionException(e);
    }
  }
}
