package org.kvstore.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;

/**
 * A key with its value and metadata, as they were at one revision. Immutable.
 *
 * @param key the key
 * @param value the bytes; empty when a listing left the values out
 * @param metadata revisions, media type and expiry
 */
public record Entry(String key, Value value, Metadata metadata) {

  static Entry of(EntryDocument document) {
    return new Entry(document.key(), Value.owning(document.bytes()), Metadata.of(document));
  }

  /** The value as UTF-8 text. */
  public String text() {
    return value.text();
  }

  /** The entity tag, in quotes: what a compare-and-set compares. */
  public String etag() {
    return metadata.etag();
  }

  /** Media type that the value was stored with. */
  public String contentType() {
    return metadata.contentType();
  }

  /** Revision of the write that created the entry. */
  public long createRevision() {
    return metadata.createRevision();
  }

  /** Revision of the newest write. */
  public long modRevision() {
    return metadata.modRevision();
  }

  /** Number of writes since the entry was created, from 1. */
  public long version() {
    return metadata.version();
  }

  /** When the entry expires, or null when it does not. */
  public @Nullable Instant expiresAt() {
    return metadata.expiresAt();
  }

  /** Lease that the entry hangs on, or null. */
  public @Nullable String lease() {
    return metadata.lease();
  }
}
