package org.kvstore.server.model;

/**
 * A change of a value in terms of what it is.
 *
 * @param kind how the document is meant
 * @param document the patch as it was sent; well-formed by its kind
 */
public record Patch(Kind kind, Bytes document) {

  /** The kinds of patch. The order is part of the disk format. */
  public enum Kind {
    /** JSON Patch, RFC 6902. */
    JSON_PATCH,
    /** JSON Merge Patch, RFC 7396. */
    MERGE_PATCH,
    /** Adds a decimal number to a decimal value; a missing one counts as 0. */
    INCREMENT
  }
}
