package org.kvstore.server.security;

import java.util.Locale;

/**
 * Whom a grant is for.
 *
 * @param kind what the name is of
 * @param name as the proof of identity says it, compared exactly
 */
record Holder(Kind kind, String name) {

  /** What a holder is. */
  enum Kind {
    /** Whoever proves to be of this name, by whichever means. */
    SUBJECT,
    /** Whoever proves to be in this group. */
    GROUP,
    /** Whoever has this API token. */
    TOKEN;

    /** How documents name it. */
    String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
