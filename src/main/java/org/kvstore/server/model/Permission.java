package org.kvstore.server.model;

/** What a grant lets its holder do with keys; each includes those before it. */
public enum Permission {
  /** To see keys, values, versions and changes. */
  READ,

  /**
   * To change them. It includes reading, as each write tells something of what was there: whether
   * it created, which version it made, why its condition failed.
   */
  WRITE,

  /** To grant permissions on them; on every key: to do what operators do. */
  ADMIN;

  /** Whether whoever has this may do what that allows. */
  public boolean includes(Permission wanted) {
    return compareTo(wanted) >= 0;
  }
}
