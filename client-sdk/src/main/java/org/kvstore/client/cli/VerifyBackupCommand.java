package org.kvstore.client.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code kv verify-backup}: checks an archive, without a server. */
@Command(
    name = "verify-backup",
    description = "Checks every byte of an archive, without a server.",
    sortOptions = false)
final class VerifyBackupCommand implements Callable<Integer> {
  @ParentCommand private Kv kv;

  @Parameters(paramLabel = "FILE", description = "The archive.")
  private Path file;

  @SuppressWarnings("NullAway.Init") // set by picocli
  VerifyBackupCommand() {}

  @Override
  public Integer call() throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      ArchiveHead head = ArchiveReader.read(in, ArchiveReader.Target.NOWHERE);
      kv.streams().out().println(BackupCommand.sentence(head, Files.size(file)));
    }
    return ExitCode.OK;
  }
}
