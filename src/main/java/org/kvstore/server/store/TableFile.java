package org.kvstore.server.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.rocksdb.Options;
import org.rocksdb.RocksDBException;
import org.rocksdb.SstFileReader;

/** A table file by itself: RocksDB does not always name the one that it cannot read. */
final class TableFile {
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
