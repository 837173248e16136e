package org.kvstore.client;

import jakarta.ws.rs.core.Response;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.RestoredDocument;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveReader;

/** Backs up a store and restores it. */
final class Backups {
  /** What a server with an encryption key is to take. */
  enum Kind {
    ENCRYPTED(""),
    UNENCRYPTED_TOO("?unencrypted=true");

    private final String query;

    Kind(String query) {
      this.query = query;
    }
  }

  private final Requests requests;
  private final Supplier<Connector> connector;

  Backups(Requests requests, Supplier<Connector> connector) {
    this.requests = requests;
    this.connector = connector;
  }

  ArchiveHead backup(OutputStream archive) throws IOException {
    Response response = requests.once(Transport.READ, KeyValueApi::backup);
    try (response;
        InputStream body = new Copying(Responses.body(response), archive)) {
      ArchiveHead head = ArchiveReader.read(body, ArchiveReader.Target.NOWHERE);
      archive.flush();
      return head;
    }
  }

  RestoredDocument restore(Path archive, Kind kind) throws IOException {
    try (InputStream in = Files.newInputStream(archive)) {
      ArchiveReader.read(in, ArchiveReader.Target.NOWHERE);
    }
    return restore(() -> open(archive), Files.size(archive), kind);
  }

  RestoredDocument restore(Supplier<InputStream> archive, long size, Kind kind) {
    return Json.read(
        connector.get().post("/v1/admin/restore" + kind.query, MediaTypes.TAR, archive, size),
        RestoredDocument.class);
  }

  private static InputStream open(Path archive) {
    try {
      return Files.newInputStream(archive);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes what is read from it to a stream too. */
  private static final class Copying extends FilterInputStream {
    private final OutputStream copy;

    Copying(InputStream in, OutputStream copy) {
      super(in);
      this.copy = copy;
    }

    @Override
    public int read() throws IOException {
      int value = in.read();
      if (value >= 0) {
        copy.write(value);
      }
      return value;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = in.read(target, offset, length);
      if (count > 0) {
        copy.write(target, offset, count);
      }
      return count;
    }
  }
}
