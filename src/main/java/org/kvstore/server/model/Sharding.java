package org.kvstore.server.model;

import java.util.OptionalInt;
import java.util.zip.CRC32C;

/**
 * Which shard a key belongs to: the CRC-32C of its tag, or of the whole key when it has none,
 * modulo the number of shards. The tag is what stands between the first opening brace and the next
 * closing one, unless that is nothing, as in Redis Cluster. Keys with the same tag are in the same
 * shard; a key never changes its shard.
 *
 * @param shards how many there are, from 1
 */
public record Sharding(int shards) {
  /** All keys in one. */
  public static final Sharding NONE = new Sharding(1);

  /** The shard of a key: from 0. */
  public int of(Key key) {
    return shards == 1 ? 0 : of(key.utf8());
  }

  /** The shard that all keys of a range belong to; empty when they may be in several. */
  public OptionalInt of(KeyRange range) {
    if (shards == 1) {
      return OptionalInt.of(0);
    }
    Bytes start = range.start();
    if (start.successor().equals(range.end())) {
      return OptionalInt.of(of(start));
    }
    // The tag of a prefix is that of all its keys, once it is whole.
    boolean isPrefix = range.end() != null && range.end().equals(start.afterPrefix());
    return isPrefix && tagEnd(start.toArray()) > 0
        ? OptionalInt.of(of(start))
        : OptionalInt.empty();
  }

  private int of(Bytes key) {
    byte[] bytes = key.toArray();
    int end = tagEnd(bytes);
    int start = end > 0 ? indexOf('{', bytes, 0) + 1 : 0;
    CRC32C crc = new CRC32C();
    crc.update(bytes, start, (end > 0 ? end : bytes.length) - start);
    return (int) (crc.getValue() % shards);
  }

  /** Where the tag ends; -1 when there is none. */
  private static int tagEnd(byte[] key) {
    int open = indexOf('{', key, 0);
    int close = open < 0 ? -1 : indexOf('}', key, open + 1);
    return close > open + 1 ? close : -1;
  }

  private static int indexOf(char wanted, byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == wanted) {
        return i;
      }
    }
    return -1;
  }
}
