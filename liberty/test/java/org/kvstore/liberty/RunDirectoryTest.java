package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each server that runs has a directory of its own. */
class RunDirectoryTest {
  @TempDir Path parent;

  @Test
  void claim_isForItsOwnerAlone_andAgainTheSame_onceItIsFree() throws IOException {
    Path first;
    try (RunDirectory directory = RunDirectory.claim(parent.resolve("root"))) {
      first = directory.path();
    }
    try (RunDirectory again = RunDirectory.claim(parent.resolve("root"))) {
      assertThat(again.path()).isEqualTo(first);
    }
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first)))
        .isEqualTo("rwx------");
  }
}
