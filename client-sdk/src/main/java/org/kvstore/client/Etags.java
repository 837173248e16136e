package org.kvstore.client;

/** Entity tags of raw values: the revision in double quotes (RFC 9110 section 8.8.3). */
final class Etags {
  static final String ANY = "*";

  private Etags() {}

  static String ofRevision(long modRevision) {
    return "\"" + modRevision + "\"";
  }

  /** The tag in quotes, for people who write a bare 42. */
  static String quoted(String etag) {
    return etag.equals(ANY) || etag.endsWith("\"") ? etag : "\"" + etag + "\"";
  }
}
