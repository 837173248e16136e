package org.kvstore.server.model;

/**
 * A place in a replicated log (Ongaro and Ousterhout, In Search of an Understandable Consensus
 * Algorithm, section 5.3).
 *
 * @param term the term of the leader that made the entry; 0 before the first
 * @param index the entry's number, from 0; -1 before the first
 */
public record LogPosition(long term, long index) {
  /** Before every entry. */
  public static final LogPosition NONE = new LogPosition(0, -1);
}
