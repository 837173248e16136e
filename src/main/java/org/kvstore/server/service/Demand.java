package org.kvstore.server.service;

/** What a request waits for beside a thread of the container. */
public enum Demand {
  /** Nothing: it reads one entry, or opens something. */
  READ,
  /** Its turn to have a page of many entries made. */
  PAGE,
  /** The committer. */
  WRITE
}
