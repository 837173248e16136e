package org.kvstore.server.model;

import org.kvstore.api.ErrorCode;
import org.kvstore.api.KeyRules;

/**
 * A valid key, ordered by its unsigned UTF-8 bytes.
 *
 * @param utf8 the key's bytes; valid by {@link KeyRules}
 */
public record Key(Bytes utf8) implements Comparable<Key> {

  /**
   * Checks a key that came from outside.
   *
   * @throws KeyValueException KEY_INVALID with the broken rule
   */
  public static Key of(String text) {
    KeyRules.violation(text)
        .ifPresent(
            rule -> {
              throw KeyValueException.of(ErrorCode.KEY_INVALID, rule).withField("key");
            });
    return new Key(Bytes.ofUtf8(text));
  }

  /**
   * A key of the server's own, which no client can name: it begins with a byte that no key of a
   * client has.
   *
   * @param name what follows that byte
   */
  public static Key ofSystem(String name) {
    return new Key(Bytes.ofUtf8('\0' + name));
  }

  /** Whether it is one of the server's own. */
  public boolean isSystem() {
    return KeyRange.SYSTEM.contains(utf8);
  }

  /** A key that was checked before it was stored. */
  public static Key ofStored(byte[] utf8) {
    return new Key(Bytes.takeOver(utf8));
  }

  /** The key as text. */
  public String text() {
    return utf8.toUtf8();
  }

  @Override
  public int compareTo(Key other) {
    return utf8.compareTo(other.utf8);
  }

  @Override
  public String toString() {
    return text();
  }
}
