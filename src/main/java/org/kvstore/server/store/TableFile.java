package org.kvstore.server.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileReader;
import org.rocksdb.TableProperties;

/** A table file by itself: RocksDB does not always name the one that it cannot read. */
final class TableFile {
  /** Lengths, its part of a filter, and an entry of the index: bytes of a row, at the most. */
  private static final int ROW_BYTES = 64;

  /** Properties and footer: bytes of a file, at the most. */
  private static final int FILE_BYTES = 16 << 10;

  private TableFile() {}

  /** Reads all of a table against its checksums. */
  static void verify(Path file) throws RocksDBException {
    try (Options options = new Options();
        SstFileReader reader = new SstFileReader(options)) {
      reader.open(file.toString());
      reader.verifyChecksum();
    }
  }

  /**
   * What the rows of a table take without compression, in a table again: bytes, at the most.
   *
   * @param more bytes by which each row is to grow
   */
  static long clearBytes(Path file, int more) throws RocksDBException {
    try (Options options = new Options();
        SstFileReader reader = new SstFileReader(options)) {
      reader.open(file.toString());
      TableProperties properties = reader.getTableProperties();
      // A key may be in the index too, if each block holds one row.
      return FILE_BYTES
          + 2 * properties.getRawKeySize()
          + properties.getRawValueSize()
          + properties.getNumEntries() * (ROW_BYTES + more);
    }
  }

  /**
   * Opens each table of a database that cannot be opened, to find the one that is at fault.
   *
   * @throws org.kvstore.server.model.KeyValueException UNAVAILABLE, naming the first such file
   */
  static void requireReadable(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*.sst")) {
      for (Path file : files) {
        requireReadableFile(file);
      }
    }
  }

  private static void requireReadableFile(Path file) {
    try (Options options = new Options();
        SstFileReader reader = new SstFileReader(options)) {
      reader.open(file.toString());
      reader.getTableProperties();
    } catch (RocksDBException e) {
      throw DataDirectory.refusal(
          file, "is damaged: " + e.getMessage(), "Restore the data directory from a backup", e);
    }
  }
}
