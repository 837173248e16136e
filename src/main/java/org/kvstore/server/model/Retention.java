package org.kvstore.server.model;

import java.time.Duration;

/**
 * What is kept of the past. History that is beyond either bound is given up by itself.
 *
 * @param age how long a replaced version is kept
 * @param revisions how many of the newest revisions are kept at the most
 */
public record Retention(Duration age, int revisions) {
  /** A day, and a million revisions. */
  public static final Retention DEFAULT = new Retention(Duration.ofHours(24), 1_000_000);
}
