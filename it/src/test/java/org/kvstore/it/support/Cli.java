package org.kvstore.it.support;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The client program, as a process of its own. */
public final class Cli {
  /** Longest run; generous, as some move a million entries on a busy machine. */
  private static final long PATIENCE_MINUTES = 15;

  private final Service service;
  private final List<String> javaOptions;

  /** Its classes as they are once they are loaded, so that each run starts in half the time. */
  private static final class Classes {
    static final Path FILE = dump();

    private static Path dump() {
      try {
        Path folder =
            Files.createTempDirectory(Path.of(System.getProperty("it.target")), "classes");
        Path file = folder.resolve("kv.jsa");
        Process process =
            new ProcessBuilder(
                    ServerProcess.java().toString(),
                    ServerProcess.QUICK_START,
                    "-XX:ArchiveClassesAtExit=" + file,
                    "-jar",
                    System.getProperty("it.cli"),
                    "--server",
                    "http://127.0.0.1:1",
                    "get",
                    "key")
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
        return file;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new AssertionError(e);
      }
    }
  }

  public Cli(Service service) {
    this(service, List.of("-XX:TieredStopAtLevel=1"));
  }

  private Cli(Service service, List<String> javaOptions) {
    this.service = service;
    this.javaOptions = javaOptions;
  }

  /** The program run with other options for Java. */
  public Cli withJavaOptions(String... options) {
    return new Cli(service, List.of(options));
  }

  /**
   * What a run of the program left.
   *
   * @param code its exit code
   * @param out its standard output
   * @param err its standard error
   */
  public record Run(int code, byte[] out, String err) {
    /** Standard output as text. */
    public String text() {
      return new String(out, StandardCharsets.UTF_8);
    }

    /** Checks the exit code. */
    public Run expect(int expected) {
      assertThat(code).as("exit code; out: %s err: %s", text(), err).isEqualTo(expected);
      return this;
    }
  }

  /** Runs a command without input. */
  public Run run(String... arguments) throws IOException, InterruptedException {
    return run(new byte[0], arguments);
  }

  /** Runs a command with bytes on its standard input. */
  public Run run(byte[] in, String... arguments) throws IOException, InterruptedException {
    Path files = Files.createTempDirectory(Path.of(System.getProperty("it.target")), "cli");
    Path input = Files.write(files.resolve("in"), in);
    List<String> command = new ArrayList<>();
    command.add(ServerProcess.java().toString());
    command.add(ServerProcess.QUICK_START);
    command.add("-XX:SharedArchiveFile=" + Classes.FILE);
    command.addAll(javaOptions);
    command.addAll(List.of("-jar", System.getProperty("it.cli")));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("KV_URL", service.uri().toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.redirectInput(input.toFile());
    builder.redirectOutput(files.resolve("out").toFile());
    builder.redirectError(files.resolve("err").toFile());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).as("%s", command).isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Run(
        process.exitValue(),
        Files.readAllBytes(files.resolve("out")),
        Files.readString(files.resolve("err")));
  }
}
