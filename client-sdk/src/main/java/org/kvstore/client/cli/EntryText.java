package org.kvstore.client.cli;

import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.kvstore.api.EntryDocument;
import org.kvstore.client.Entry;

/** Entries as text. */
final class EntryText {
  private EntryText() {}

  /** The document of the contract, with the value as text or in base64. */
  static String json(Entry entry) {
    return Json.write(document(entry));
  }

  static EntryDocument document(Entry entry) {
    byte[] bytes = entry.value().bytes();
    String text = EntryDocument.textOrNull(bytes);
    Instant expiresAt = entry.expiresAt();
    return new EntryDocument(
        entry.key(),
        text,
        text == null ? Base64.getEncoder().encodeToString(bytes) : null,
        entry.contentType(),
        entry.createRevision(),
        entry.modRevision(),
        entry.version(),
        expiresAt == null ? null : expiresAt.toString(),
        entry.lease());
  }

  /** The metadata by name, in the order to print it. */
  static Map<String, String> metadata(Entry entry) {
    Map<String, String> lines = new LinkedHashMap<>();
    lines.put("Key", entry.key());
    lines.put("Content-Type", entry.contentType());
    lines.put("Size", Integer.toString(entry.value().size()));
    lines.put("ETag", entry.etag());
    lines.put("Create-Revision", Long.toString(entry.createRevision()));
    lines.put("Mod-Revision", Long.toString(entry.modRevision()));
    lines.put("Version", Long.toString(entry.version()));
    Instant expiresAt = entry.expiresAt();
    if (expiresAt != null) {
      lines.put("Expires-At", expiresAt.toString());
    }
    String lease = entry.lease();
    if (lease != null) {
      lines.put("Lease", lease);
    }
    return lines;
  }
}
