package org.kvstore.server.replication.raft;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.ratis.util.MD5FileUtil;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.store.FileTrees;

/** A checkpoint that was received takes over when each of its files is what was sent, or not. */
class CheckpointFilesTest {
  @TempDir Path directory;
  private Path one;
  private Path other;

  @BeforeEach
  void receive() throws IOException {
    one = Files.writeString(directory.resolve("000007.sst"), "a table");
    other = Files.writeString(directory.resolve("MANIFEST-000004"), "which tables there are");
  }

  @Test
  void asSent_isAccepted() throws IOException {
    digest(one);
    digest(other);

    CheckpointFiles.verify(directory);
  }

  @Test
  void takenHere_hasNoDigests() throws IOException {
    CheckpointFiles.verify(directory);
  }

  @Test
  void damagedFile_isRefused_andNamed() throws IOException {
    digest(one);
    digest(other);
    FileTrees.flipBit(one, 3, 5);

    assertThatThrownBy(() -> CheckpointFiles.verify(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(one.toString());
  }

  @Test
  void fileWithoutADigest_whileOthersHaveOne_isRefused_andNamed() throws IOException {
    digest(one);

    assertThatThrownBy(() -> CheckpointFiles.verify(directory))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(other.toString());
  }

  private static void digest(Path file) throws IOException {
    MD5FileUtil.saveMD5File(file.toFile(), MD5FileUtil.computeMd5ForFile(file.toFile()));
  }
}
