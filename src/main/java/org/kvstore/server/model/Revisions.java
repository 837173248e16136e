package org.kvstore.server.model;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A revision of each shard, in order: a point in the history of all of them. Immutable. */
public final class Revisions {
  private static final int MOST_SHARDS = 1 << 14;

  private final long[] all;

  private Revisions(long[] all) {
    this.all = all;
  }

  /** Those of shards 0, 1 and so on. */
  public static Revisions of(long... revisions) {
    return new Revisions(revisions.clone());
  }

  /** How many shards they are of. */
  public int shards() {
    return all.length;
  }

  /** The revision of a shard. */
  public long at(int shard) {
    return all[shard];
  }

  /** The same, with another revision of one shard. */
  public Revisions with(int shard, long revision) {
    long[] others = all.clone();
    others[shard] = revision;
    return new Revisions(others);
  }

  /** Bytes that {@link #write} takes at the most. */
  public int mostBytes() {
    return 3 + 9 * all.length;
  }

  /** Writes how many there are, and each of them: seven bits a byte, the lowest first. */
  public void write(ByteBuffer out) {
    write(out, all.length);
    for (long revision : all) {
      write(out, revision);
    }
  }

  /** Reads what was written; null when that is nothing that can have been. */
  public static @Nullable Revisions read(ByteBuffer in) {
    long shards = number(in);
    if (shards < 1 || shards > MOST_SHARDS || shards > in.remaining()) {
      return null;
    }
    long[] all = new long[(int) shards];
    for (int i = 0; i < all.length; i++) {
      all[i] = number(in);
    }
    return Arrays.stream(all).allMatch(revision -> revision >= 0) ? new Revisions(all) : null;
  }

  private static void write(ByteBuffer out, long number) {
    long rest = number;
    while (rest >= 0x80) {
      out.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    out.put((byte) rest);
  }

  /** The number that follows; -1 when it is too long. */
  private static long number(ByteBuffer in) {
    long number = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      byte next = in.get();
      number |= (next & 0x7FL) << shift;
      if (next >= 0) {
        return number;
      }
    }
    return -1;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Revisions revisions && Arrays.equals(all, revisions.all);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(all);
  }

  @Override
  public String toString() {
    return Arrays.toString(all);
  }
}
