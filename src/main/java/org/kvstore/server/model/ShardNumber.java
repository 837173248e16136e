package org.kvstore.server.model;

/**
 * Which of all shards one is. A lease's id says which shard is its home: the one whose number the
 * id leaves, divided by the number of shards.
 *
 * @param number from 0
 * @param shards how many there are
 */
public record ShardNumber(int number, int shards) {
  /** The one that there is. */
  public static final ShardNumber ONLY = new ShardNumber(0, 1);

  /** Of the shards that there are. */
  public ShardNumber {
    if (number < 0 || number >= shards) {
      throw new IllegalArgumentException("There is no shard " + number + " of " + shards + ".");
    }
  }

  /** The number of a lease's home. */
  public static int homeOf(long lease, int shards) {
    return (int) Math.floorMod(lease, (long) shards);
  }

  /** Whether this is the home of a lease. */
  public boolean isHomeOf(long lease) {
    return homeOf(lease, shards) == number;
  }

  /** Whether a number is that of another shard. */
  public boolean isOther(int shard) {
    return shard >= 0 && shard < shards && shard != number;
  }

  /** The id of the next lease whose home this is, after one that was given out last. */
  public long leaseAfter(long last) {
    return (last / shards + 1) * shards + number;
  }
}
