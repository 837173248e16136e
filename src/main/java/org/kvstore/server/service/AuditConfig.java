package org.kvstore.server.service;

import java.nio.file.Path;
import java.util.Optional;

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
}
