package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.BackupService.Arrival;

/** Who may not restore any more when an archive has arrived has not restored it. */
class RestorePermissionTest {
  @TempDir Path folder;

  @Test
  void restore_whosePermissionIsTakenBackMeanwhile_changesNothing() throws IOException {
    try (OpenEngine engine = OpenEngine.in(folder.resolve("data"), Map.of())) {
      BackupService backups = new BackupService(engine.handle());
      byte[] archive = archive(backups);
      long revision = engine.handle().require().shards().system().store().revision();
      Somebody root = new Somebody("root", "");
      InputStream takenBackMeanwhile =
          new FilterInputStream(new ByteArrayInputStream(archive)) {
            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
              root.prefixes.clear();
              return super.read(buffer, offset, length);
            }
          };

      assertThatThrownBy(
              () -> backups.restore(root, new Arrival(takenBackMeanwhile, archive.length, false)))
          .isInstanceOf(KeyValueException.class)
          .hasMessage("No.");

      assertThat(engine.handle().require().shards().system().store().revision())
          .isEqualTo(revision);
      assertThat(root.audited).containsExactly("restore  FORBIDDEN");
    }
  }

  private static byte[] archive(BackupService backups) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Backup backup = backups.backup(Access.UNLIMITED)) {
      backup.writeTo(out);
    }
    return out.toByteArray();
  }
}
