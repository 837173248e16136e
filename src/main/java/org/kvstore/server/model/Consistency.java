package org.kvstore.server.model;

/** What a read sees. */
public enum Consistency {
  /** Every write that was acknowledged before the read began, at whatever node. */
  LINEARIZABLE,

  /**
   * What the node that is asked has applied: complete commits, in order, but perhaps not the newest
   * ones. It needs no other node.
   */
  LOCAL
}
