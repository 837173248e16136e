package org.kvstore.api.archive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the archive of a backup and checks all of it, in constant memory: the order and names of
 * its entries, each header, what is between them, every checksum, the last entry and the end. Every
 * byte is either content under a checksum or has only one value that is right.
 *
 * <p>What it hands out while it reads is not to be used before {@link #read} has returned.
 */
public final class ArchiveReader {
  /** What a database consists of; nothing else has a name, and no name leads elsewhere. */
  private static final Pattern FILE =
      Pattern.compile("(CURRENT|(MANIFEST|OPTIONS)-[0-9]{6,20}|[0-9]{6,20}\\.(sst|log|blob))");

  /** Files of one archive: some 6 TB of data. Their names and checksums are kept in memory. */
  private static final int MAX_FILES = 100_000;

  private final InputStream in;
  private final Target target;
  private final Checksums sums = new Checksums();
  private final MessageDigest digest = Checksums.digest();
  private final byte[] buffer = new byte[ArchiveWriter.BUFFER_BYTES];
  private String place = "its beginning";

  private ArchiveReader(InputStream in, Target target) {
    this.in = in;
    this.target = target;
  }

  /** Takes the files of an archive. */
  @FunctionalInterface
  public interface Target {
    /** Nowhere: the archive is only checked. */
    Target NOWHERE = (name, size) -> OutputStream.nullOutputStream();

    /**
     * What the archive says of itself comes before its files.
     *
     * @throws IOException when it is not to be read on
     */
    default void begin(ArchiveHead head) throws IOException {}

    /**
     * Where a file goes; it is closed behind its last byte.
     *
     * @param name of the file, without folders
     * @param size bytes that follow
     */
    OutputStream open(String name, long size) throws IOException;
  }

  /**
   * Reads an archive to its end.
   *
   * @return what it says of itself; all of it was as it was written
   * @throws ArchiveException when it is truncated, altered or none
   * @throws IOException when it cannot be read, or its files not be written
   */
  public static ArchiveHead read(InputStream in, Target target) throws IOException {
    return new ArchiveReader(in, target).read();
  }

  /** Whether a file of this name belongs into an archive. */
  public static boolean isFileOfDatabase(String name) {
    return FILE.matcher(name).matches();
  }

  private static boolean isFile(String entry) {
    return entry.startsWith(ArchiveWriter.SHARD)
        && isFileOfDatabase(entry.substring(ArchiveWriter.SHARD.length()));
  }

  private ArchiveHead read() throws IOException {
    TarHeader first = header();
    if (!first.name().equals(ArchiveWriter.HEAD) || first.size() > ArchiveHead.MAX_BYTES) {
      throw new ArchiveException("The archive is not a backup: its first entry is not BACKUP.");
    }
    ArchiveHead head = ArchiveHead.parse(content(first));
    target.begin(head);
    while (true) {
      TarHeader next = header();
      if (next.name().equals(ArchiveWriter.SUMS)) {
        checkSums(next);
        requireEnd();
        return head;
      }
      if (!isFile(next.name()) || sums.count() > MAX_FILES) {
        throw new ArchiveException("The archive has an entry that no backup has.");
      }
      copy(next);
    }
  }

  private TarHeader header() throws IOException {
    byte[] block = new byte[TarHeader.BLOCK];
    fill(block, block.length);
    @Nullable TarHeader header = TarHeader.parse(block);
    if (header == null) {
      throw new ArchiveException("The archive is damaged after " + place + ".");
    }
    place = "the header of " + header.name();
    return header;
  }

  /** The content of a small entry. */
  private byte[] content(TarHeader header) throws IOException {
    byte[] content = new byte[(int) header.size()];
    fill(content, content.length);
    digest.update(content);
    finish(header);
    return content;
  }

  private void copy(TarHeader header) throws IOException {
    String name = header.name().substring(ArchiveWriter.SHARD.length());
    try (OutputStream out = target.open(name, header.size())) {
      for (long left = header.size(); left > 0; ) {
        int length = (int) Math.min(buffer.length, left);
        fill(buffer, length);
        digest.update(buffer, 0, length);
        out.write(buffer, 0, length);
        left -= length;
      }
    }
    finish(header);
  }

  private void finish(TarHeader header) throws IOException {
    if (!sums.add(header.name(), digest)) {
      throw new ArchiveException("The archive has the entry " + header.name() + " twice.");
    }
    place = "the entry " + header.name();
    requireZeros(TarHeader.padding(header.size()));
  }

  private void checkSums(TarHeader header) throws IOException {
    if (header.size() != sums.bytes()) {
      throw new ArchiveException("The list of checksums does not name the archive's entries.");
    }
    byte[] text = new byte[(int) header.size()];
    fill(text, text.length);
    sums.requireEqual(text);
    requireZeros(TarHeader.padding(header.size()));
  }

  private void requireEnd() throws IOException {
    requireZeros(ArchiveWriter.END_BYTES);
    if (in.read() >= 0) {
      throw new ArchiveException("Something follows the end of the archive.");
    }
  }

  private void requireZeros(int count) throws IOException {
    byte[] zeros = new byte[count];
    fill(zeros, count);
    for (byte zero : zeros) {
      if (zero != 0) {
        throw new ArchiveException("The archive is damaged after " + place + ".");
      }
    }
  }

  private void fill(byte[] block, int length) throws IOException {
    if (in.readNBytes(block, 0, length) < length) {
      throw new ArchiveException("The archive is cut off after " + place + ".");
    }
  }
}
