package org.kvstore.server.service;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import org.kvstore.api.archive.ArchiveHead;
import org.kvstore.api.archive.ArchiveWriter;

/** A backup that is made and waits to be sent; to be closed, sent or not. */
public final class Backup implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Backup.class.getName());

  private final ArchiveHead head;
  private final ArchiveWriter archive;
  private final long bytesPerSecond;
  private final Runnable permit;
  private final Runnable sent;
  private final Runnable onClose;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param bytesPerSecond how fast it is sent, at the most
   * @param permit throws once it is not permitted any more
   * @param sent runs when all of it is sent
   * @param onClose runs once, when its files are not needed any more
   */
  Backup(
      ArchiveHead head,
      ArchiveWriter archive,
      long bytesPerSecond,
      Runnable permit,
      Runnable sent,
      Runnable onClose) {
    this.head = head;
    this.archive = archive;
    this.bytesPerSecond = bytesPerSecond;
    this.permit = permit;
    this.sent = sent;
    this.onClose = onClose;
  }

  /** How long the archive is: bytes. */
  public long size() {
    return archive.size();
  }

  /** A name for it, by store, time and revision. */
  public String fileName() {
    String time = head.createdAt().toString().replaceAll("[:-]", "");
    return "kvstore-%s-%d.tar".formatted(time, head.revision());
  }

  /**
   * Sends it, in constant memory. Its files go before its last bytes: whoever has read it to its
   * end finds the place for the next one free.
   */
  public void writeTo(OutputStream out) throws IOException {
    try {
      archive.writeTo(new PacedStream(out, bytesPerSecond, permit), this::close);
      out.flush();
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "A backup broke off. revision={0} reason={1}",
          Long.toString(head.revision()),
          e);
      throw e;
    }
    sent.run();
  }

  @Override
  public void close() {
    if (!closed.getAndSet(true)) {
      onClose.run();
    }
  }
}
