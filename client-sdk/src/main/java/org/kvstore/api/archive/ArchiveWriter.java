package org.kvstore.api.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/**
 * Writes the archive of a backup: a tar archive (ustar) of these entries, in constant memory.
 *
 * <pre>
 * BACKUP          what it is: {@link ArchiveHead}
 * shards/0/...    the files of the database of shard 0
 * SHA256SUMS      the SHA-256 of every entry before it
 * </pre>
 *
 * The last entry makes an archive whole: without it, or with another byte anywhere, {@link
 * ArchiveReader} refuses it. The size is known before the first byte is written.
 */
public final class ArchiveWriter {
  static final String HEAD = "BACKUP";
  static final String SUMS = "SHA256SUMS";
  static final String SHARD = "shards/0/";

  /** Two empty blocks. */
  static final int END_BYTES = 2 * TarHeader.BLOCK;

  static final int BUFFER_BYTES = 256 << 10;

  private final ArchiveHead head;
  private final List<Member> files;

  /**
   * One file of the database; it does not change any more.
   *
   * @param file its name
   * @param size bytes that its content has
   * @param content where that comes from
   */
  public record Member(String file, long size, Content content) {

    /** A file as it is. */
    public Member(Path path, long size) {
      this(String.valueOf(path.getFileName()), size, () -> Files.newInputStream(path));
    }

    String name() {
      return SHARD + file;
    }
  }

  /** What a file of the archive holds. */
  @FunctionalInterface
  public interface Content {
    /** Opens it, to be read once and closed. */
    InputStream open() throws IOException;
  }

  public ArchiveWriter(ArchiveHead head, List<Member> files) {
    this.head = head;
    this.files = List.copyOf(files);
  }

  /** How long the archive is: bytes. */
  public long size() {
    long sums = Checksums.bytes(List.of(HEAD));
    long size = entrySize(head.bytes().length) + END_BYTES;
    for (Member file : files) {
      size += entrySize(file.size());
      sums += Checksums.bytes(List.of(file.name()));
    }
    return size + entrySize(sums);
  }

  /**
   * Writes the archive.
   *
   * @param filesRead is run once the files are not needed any more, before the last entry
   * @throws IOException also when a file is not as long as it was said to be; what is written by
   *     then is no archive
   */
  public void writeTo(OutputStream out, Runnable filesRead) throws IOException {
    Checksums sums = new Checksums();
    byte[] buffer = new byte[BUFFER_BYTES];
    MessageDigest digest = Checksums.digest();
    byte[] first = head.bytes();
    digest.update(first);
    sums.add(HEAD, digest);
    write(HEAD, first, out);
    for (Member file : files) {
      out.write(header(file.name(), file.size()));
      try (InputStream in = file.content().open()) {
        copy(in, file, digest, out, buffer);
      }
      sums.add(file.name(), digest);
      out.write(new byte[TarHeader.padding(file.size())]);
    }
    filesRead.run();
    write(SUMS, sums.text(), out);
    out.write(new byte[END_BYTES]);
  }

  private static void copy(
      InputStream in, Member file, MessageDigest digest, OutputStream out, byte[] buffer)
      throws IOException {
    long left = file.size();
    while (left > 0) {
      int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
      if (read < 0) {
        throw new IOException("A file of the backup is shorter than it was: " + file.name());
      }
      digest.update(buffer, 0, read);
      out.write(buffer, 0, read);
      left -= read;
    }
  }

  private void write(String name, byte[] content, OutputStream out) throws IOException {
    out.write(header(name, content.length));
    out.write(content);
    out.write(new byte[TarHeader.padding(content.length)]);
  }

  private byte[] header(String name, long size) {
    return new TarHeader(name, size, head.createdAt().getEpochSecond()).bytes();
  }

  private static long entrySize(long size) {
    return TarHeader.BLOCK + size + TarHeader.padding(size);
  }
}
