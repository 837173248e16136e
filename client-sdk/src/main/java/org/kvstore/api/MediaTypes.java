package org.kvstore.api;

/** Media types of the contract beyond those that {@code MediaType} of Jakarta REST has. */
public final class MediaTypes {
  /** RFC 9457 problem details. */
  public static final String PROBLEM = "application/problem+json";

  /** One entry as a JSON document, instead of its raw value. */
  public static final String ENTRY = "application/vnd.kvstore.entry+json";

  /** Newline-delimited JSON: one document a line. */
  public static final String NDJSON = "application/x-ndjson";

  /** JSON Patch, RFC 6902. */
  public static final String JSON_PATCH = "application/json-patch+json";

  /** JSON Merge Patch, RFC 7396. */
  public static final String MERGE_PATCH = "application/merge-patch+json";

  /** Adds to a decimal number: {@code {"by": 1}}. */
  public static final String INCREMENT = "application/vnd.kvstore.increment+json";

  /** The archive of a backup. */
  public static final String TAR = "application/x-tar";

  private MediaTypes() {}
}
