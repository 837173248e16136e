package org.kvstore.api.archive;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an archive says of itself, in its first entry: a line each, in this order.
 *
 * <pre>
 * kvstore-backup 1
 * store ID
 * shards 1
 * revision N
 * created 2026-01-01T00:00:00Z
 * encrypted KEY          only if its files are
 * </pre>
 *
 * @param storeId identity of the store that it is of
 * @param revision the point in time that it shows
 * @param createdAt when it was made, in whole seconds
 * @param keyId of the key that its files are encrypted with; empty when they are in clear
 */
public record ArchiveHead(String storeId, long revision, Instant createdAt, String keyId) {
  /** Longest head. */
  static final int MAX_BYTES = 512;

  private static final Pattern LINES =
      Pattern.compile(
          "kvstore-backup 1\nstore ([0-9a-f-]{1,64})\nshards 1\nrevision (0|[1-9][0-9]{0,18})\n"
              + "created ([0-9TZ:-]{1,40})\n(?:encrypted ([0-9a-f]{16})\n)?");

  /** Cuts the time to seconds. */
  public ArchiveHead {
    createdAt = createdAt.truncatedTo(ChronoUnit.SECONDS);
  }

  /** Of files in clear. */
  public ArchiveHead(String storeId, long revision, Instant createdAt) {
    this(storeId, revision, createdAt, "");
  }

  /** Whether the files of the archive are encrypted. */
  public boolean isEncrypted() {
    return !keyId.isEmpty();
  }

  /** The lines themselves. */
  public String text() {
    String lines =
        "kvstore-backup 1\nstore %s\nshards 1\nrevision %d\ncreated %s\n"
            .formatted(storeId, revision, createdAt);
    return isEncrypted() ? lines + "encrypted " + keyId + "\n" : lines;
  }

  byte[] bytes() {
    return text().getBytes(StandardCharsets.US_ASCII);
  }

  static ArchiveHead parse(byte[] bytes) throws ArchiveException {
    Matcher lines = LINES.matcher(new String(bytes, StandardCharsets.ISO_8859_1));
    if (!lines.matches()) {
      throw new ArchiveException(
          "The archive does not begin as a backup of a format that is known: kvstore-backup 1.");
    }
    try {
      return new ArchiveHead(
          lines.group(1),
          Long.parseLong(lines.group(2)),
          Instant.parse(lines.group(3)),
          Objects.requireNonNullElse(lines.group(4), ""));
    } catch (NumberFormatException | DateTimeException e) {
      throw new ArchiveException("The head of the archive has no valid revision and time.");
    }
  }
}
