package org.kvstore.client.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveWriter;
import org.kvstore.client.FakeServer;

/** Backup, its check, and restore. */
class BackupTest {
  private static final String RESTORED =
      "{\"revision\":4294967303,\"backupRevision\":7,\"storeId\":\"ab\",\"createdAt\":\"now\"}";

  private final FakeServer server = new FakeServer();

  @TempDir private Path folder;
  private Path file;
  private String archive;

  @BeforeEach
  void write() throws IOException {
    file = folder.resolve("store.tar");
    Path current = Files.writeString(folder.resolve("CURRENT"), "MANIFEST-000005\n");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new ArchiveWriter(
            new ArchiveHead("ab", 7, Instant.EPOCH),
            List.of(new ArchiveWriter.Member(current, Files.size(current))))
        .writeTo(out, () -> {});
    Files.delete(current);
    archive = out.toString(StandardCharsets.US_ASCII);
  }

  @AfterEach
  void close() {
    server.close();
  }

  private Run kv(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--server";
    all[arguments.length + 1] = server.uri().toString();
    return Run.of(new byte[0], all);
  }

  @Test
  void backup_leavesACheckedFile() throws IOException {
    server.answerNext(200, MediaTypes.TAR, archive);

    Run run = kv("backup", file.toString());

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("revision 7 of store ab");
    assertThat(file).hasContent(archive);
    assertThat(Files.list(folder)).containsExactly(file);
    assertThat(kv("verify-backup", file.toString()).out()).contains("revision 7 of store ab");
  }

  @Test
  void backup_thatIsCutOff_leavesNoFile() throws IOException {
    server.answerNext(200, MediaTypes.TAR, archive.substring(0, archive.length() - 600));

    Run run = kv("backup", file.toString());

    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("cut off");
    assertThat(Files.list(folder)).isEmpty();
  }

  @Test
  void backup_overAFile_needsForce() throws IOException {
    Files.writeString(file, "precious");
    assertThat(kv("backup", file.toString()).exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(file).hasContent("precious");

    server.answerNext(200, MediaTypes.TAR, archive);
    assertThat(kv("backup", file.toString(), "--force").exitCode()).isZero();
    assertThat(file).hasContent(archive);
  }

  @Test
  void backup_thatIsRefused_keepsTheOldFile() throws IOException {
    Files.writeString(file, "precious");
    server.failNext(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(kv("backup", file.toString(), "--force").exitCode()).isEqualTo(ExitCode.UNAVAILABLE);
    assertThat(file).hasContent("precious");
    assertThat(Files.list(folder)).containsExactly(file);
  }

  @Test
  void restore_sendsTheArchive() throws IOException {
    Files.writeString(file, archive, StandardCharsets.US_ASCII);
    server.answerNext(200, "application/json", RESTORED);

    Run run = kv("restore", file.toString(), "--yes");

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("revision 7", "4294967303");
    assertThat(server.requests()).containsExactly("POST /v1/admin/restore");
    assertThat(server.bodies()).containsExactly(archive);
  }

  @Test
  void restore_unencrypted_saysThatItIsMeant() throws IOException {
    Files.writeString(file, archive, StandardCharsets.US_ASCII);
    server.answerNext(200, "application/json", RESTORED);

    assertThat(kv("restore", file.toString(), "--yes", "--unencrypted").exitCode()).isZero();

    assertThat(server.requests()).containsExactly("POST /v1/admin/restore?unencrypted=true");
  }

  @Test
  void restore_withoutYes_sendsNothing() throws IOException {
    Files.writeString(file, archive, StandardCharsets.US_ASCII);
    assertThat(kv("restore", file.toString()).exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void restore_ofADamagedArchive_sendsNothing() throws IOException {
    Files.writeString(file, archive.replace("MANIFEST", "MANIFESt"), StandardCharsets.US_ASCII);
    Run run = kv("restore", file.toString(), "--yes");
    assertThat(run.exitCode()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).contains("shards/0/CURRENT");
    assertThat(server.requests()).isEmpty();
    assertThat(kv("verify-backup", file.toString()).exitCode()).isEqualTo(ExitCode.FAILURE);
  }
}
