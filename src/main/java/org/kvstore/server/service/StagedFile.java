package org.kvstore.server.service;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.DiskSpace;

/**
 * A file that arrives: durable once it is closed. It takes no more room than the floor of the disk
 * leaves, and tells a full disk from a client that has gone.
 */
final class StagedFile extends FilterOutputStream {
  private final FileChannel channel;
  private final DiskSpace disk;

  private StagedFile(FileChannel channel, DiskSpace disk) {
    super(Channels.newOutputStream(channel));
    this.channel = channel;
    this.disk = disk;
  }

  static StagedFile create(Path path, DiskSpace disk) {
    try {
      return new StagedFile(
          FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), disk);
    } catch (FileAlreadyExistsException e) {
      throw KeyValueException.invalid(
          "body", "The archive has the file %s twice.".formatted(path.getFileName()));
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  @Override
  public void write(byte[] bytes, int offset, int length) {
    disk.requireRoomFor(length);
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  @Override
  public void close() {
    try (channel) {
      channel.force(true);
    } catch (IOException e) {
      throw notWritten(e);
    }
  }

  private static KeyValueException notWritten(IOException e) {
    return KeyValueException.of(ErrorCode.STORAGE_FULL, "The archive could not be written to disk.")
        .withCause(new UncheckedIOException(e));
  }
}
