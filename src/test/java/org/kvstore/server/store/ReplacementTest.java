package org.kvstore.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;

/** A crash after any step of an exchange leaves all of the old database or all of the new one. */
class ReplacementTest {
  /** Steps after which the decision has its name. */
  private static final int DECIDED = 4;

  @TempDir Path parent;
  private Path data;
  private Path shard;

  @BeforeEach
  void initialise() throws IOException {
    data = Files.createTempDirectory(parent, "data");
    try (DataDirectory directory = DataDirectory.open(data)) {
      fill(directory.shard(0), "old");
      directory.initialised();
      shard = directory.shard(0);
    }
  }

  @Test
  void open_afterACrashAtEachStep_findsOldOrNew() throws IOException {
    int steps = steps(replacementIn(data)).size();
    for (int crash = 0; crash <= steps; crash++) {
      initialise();
      crashAfter(crash);

      DataDirectory.open(data).close();

      assertThat(content()).as("after %d steps", crash).isEqualTo(crash < DECIDED ? "old" : "new");
      assertThat(names(data)).containsExactlyInAnyOrder("LOCK", "FORMAT", "shards");
    }
  }

  @Test
  void open_afterACrashWhileItFinishesAnExchange_findsTheNewOne() throws IOException {
    int steps = replacementIn(data).finishing().size();
    for (int crash = 0; crash <= steps; crash++) {
      initialise();
      Replacement replacement = crashAfter(DECIDED);
      for (Replacement.Step step : replacement.finishing().subList(0, crash)) {
        step.run();
      }

      DataDirectory.open(data).close();

      assertThat(content()).isEqualTo("new");
    }
  }

  @Test
  void settle_afterACrashAtEachStepBesideADatabase_findsOldOrNew() throws IOException {
    int steps = steps(Replacement.beside(shard)).size();
    for (int crash = 0; crash <= steps; crash++) {
      initialise();
      Replacement replacement = Replacement.beside(shard);
      Files.createDirectory(replacement.staged());
      fill(replacement.staged(), "new");
      for (Replacement.Step step : steps(replacement).subList(0, crash)) {
        step.run();
      }

      Replacement.settle(shard);

      assertThat(content()).as("after %d steps", crash).isEqualTo(crash < DECIDED ? "old" : "new");
      assertThat(names(shard.resolveSibling("."))).containsExactly("0");
    }
  }

  @Test
  void close_withoutADecision_keepsTheOldOne() throws IOException {
    try (DataDirectory directory = DataDirectory.open(data)) {
      try (Replacement replacement = directory.newReplacement()) {
        fill(replacement.staged(), "new");
      }
      assertThat(content()).isEqualTo("old");
      assertThat(names(data.resolve("tmp"))).isEmpty();
    }
  }

  @Test
  void close_afterTheExchange_freesTheOldOne() throws IOException {
    try (DataDirectory directory = DataDirectory.open(data)) {
      try (Replacement replacement = directory.newReplacement()) {
        fill(replacement.staged(), "new");
        replacement.commit();
        replacement.finish();
      }
      assertThat(content()).isEqualTo("new");
      assertThat(names(data.resolve("tmp"))).isEmpty();
    }
  }

  @Test
  void close_betweenDecisionAndExchange_keepsTheNewOne() throws IOException {
    try (DataDirectory directory = DataDirectory.open(data)) {
      try (Replacement replacement = directory.newReplacement()) {
        fill(replacement.staged(), "new");
        replacement.commit();
      }
    }
    DataDirectory.open(data).close();
    assertThat(content()).isEqualTo("new");
  }

  @Test
  void finish_afterClose_freesTheOldOne() throws IOException {
    try (DataDirectory directory = DataDirectory.open(data)) {
      Replacement replacement = directory.newReplacement();
      fill(replacement.staged(), "new");
      replacement.commit();
      replacement.close();
      replacement.finish();
      assertThat(content()).isEqualTo("new");
      assertThat(names(data.resolve("tmp"))).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "tmp/1", "tmp/..\n", "shards/0\n", "/tmp/1\n", "tmp/1\n\n"})
  void open_withADecisionThatIsNoneOfOurs_isRefused(String decision) throws IOException {
    Files.writeString(data.resolve("RESTORE"), decision);
    var before = FileTrees.digests(data);
    assertThatThrownBy(() -> DataDirectory.open(data))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("RESTORE");
    assertThat(FileTrees.digests(data)).isEqualTo(before);
  }

  @Test
  void commit_thatCannotBeWritten_decidesNothing() throws IOException {
    try (DataDirectory directory = DataDirectory.open(data);
        Replacement replacement = directory.newReplacement()) {
      fill(replacement.staged(), "new");
      Files.createDirectory(data.resolve("RESTORE.new"));
      assertThatThrownBy(replacement::commit).isInstanceOf(IOException.class);
    }
    Files.delete(data.resolve("RESTORE.new"));
    DataDirectory.open(data).close();
    assertThat(content()).isEqualTo("old");
  }

  /** The process is gone: nothing is closed but the lock. */
  private Replacement crashAfter(int steps) throws IOException {
    try (DataDirectory directory = DataDirectory.open(data)) {
      Replacement replacement = directory.newReplacement();
      fill(replacement.staged(), "new");
      for (Replacement.Step step : steps(replacement).subList(0, steps)) {
        step.run();
      }
      return replacement;
    }
  }

  private static Replacement replacementIn(Path data) {
    return new Replacement(data, data.resolve("tmp/1"), data.resolve("shards/0"));
  }

  private static List<Replacement.Step> steps(Replacement replacement) {
    List<Replacement.Step> steps = new ArrayList<>(replacement.committing());
    steps.addAll(replacement.finishing());
    return steps;
  }

  private static void fill(Path database, String content) throws IOException {
    Files.createDirectories(database);
    Files.writeString(database.resolve("content"), content);
  }

  private String content() throws IOException {
    return Files.readString(shard.resolve("content"));
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> String.valueOf(file.getFileName())).toList();
    }
  }
}
