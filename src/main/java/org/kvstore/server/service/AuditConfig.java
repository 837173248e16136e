package org.kvstore.server.service;

import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.KeyValueException;

/**
 * Whether and where it is written down who did what.
 *
 * @param file what its files are named after; empty for no audit log
 * @param maxBytes how long a part gets before the next one begins
 * @param maxFiles parts that are kept
 */
public record AuditConfig(Optional<Path> file, long maxBytes, int maxFiles) {
  /** No audit log. */
  public static final AuditConfig OFF = new AuditConfig(Optional.empty(), 1, 1);

  /** What the files are named after that refusals go to, given what the others are named after. */
  public static Path refused(Path name) {
    return name.resolveSibling(name.getFileName() + ".refused");
  }

  /** A part of what is named so: 0 for the newest. */
  public Path part(Path name, int number) {
    return maxFiles == 1 ? name : name.resolveSibling(name.getFileName() + "." + number);
  }

  /**
   * Opens what would be written to: a server that could not say what is done does not start.
   *
   * @throws KeyValueException UNAVAILABLE, naming the property and the reason
   */
  void requireWritable() {
    file.map(name -> List.of(name, refused(name))).orElse(List.of()).forEach(this::requireWritable);
  }

  private void requireWritable(Path name) {
    Path newest = part(name, 0).toAbsolutePath();
    try {
      new FileOutputStream(newest.toFile(), true).close();
    } catch (IOException e) {
      throw KeyValueException.of(
              ErrorCode.UNAVAILABLE,
              "kv.audit-log is '%s'; the file cannot be written: %s"
                  .formatted(file.map(Path::toString).orElse(""), e.getMessage()))
          .withCause(e);
    }
  }
}
