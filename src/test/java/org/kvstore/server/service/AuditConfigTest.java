package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that could not say what is done does not start. */
class AuditConfigTest {
  @TempDir Path folder;

  @Test
  void fileThatCannotBeWritten_isRefused_byTheNameOfTheProperty() {
    Path missing = folder.resolve("missing").resolve("audit.log");

    assertThatThrownBy(() -> new AuditConfig(Optional.of(missing), 1, 2).requireWritable())
        .hasMessageContaining("kv.audit-log is '" + missing + "'")
        .hasMessageContaining("No such file");
  }

  @Test
  void fileOfRefusalsThatCannotBeWritten_isRefusedToo() throws Exception {
    Path log = folder.resolve("audit.log");
    Files.createDirectory(folder.resolve("audit.log.refused.0"));

    assertThatThrownBy(() -> new AuditConfig(Optional.of(log), 1, 2).requireWritable())
        .hasMessageContaining("kv.audit-log")
        .hasMessageContaining("audit.log.refused.0");
  }

  @Test
  void filesThatCanBeWritten_areKeptAsTheyAre() throws Exception {
    Path newest = Files.writeString(folder.resolve("audit.log.0"), "line\n");

    new AuditConfig(Optional.of(folder.resolve("audit.log")), 1, 2).requireWritable();
    AuditConfig.OFF.requireWritable();

    assertThat(newest).hasContent("line\n");
  }
}
