package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Lease.Status;
import org.kvstore.server.model.ShardNumber;
import org.rocksdb.RocksIterator;

/** The leases of a group of commands while it is evaluated: {@link Staging} says how. */
final class StagedLeases {
  static final byte[] LAST_LEASE = {'l', 'e', 'a', 's', 'e'};
  private static final byte[] NOTHING = new byte[0];

  private final Database database;
  private final StagedBatch batch;
  private final QueueHead times;
  private final UnreadableRows unreadable;
  private final Map<Long, Optional<Lease>> changed = new HashMap<>();

  /** Keys that the group hung on a lease (true) or took off it (false). */
  private final Map<Long, TreeMap<Key, Boolean>> keys = new HashMap<>();

  private long lastLease = -1;

  StagedLeases(Database database, StagedBatch batch, QueueHeads heads) {
    this.database = database;
    this.batch = batch;
    times = heads.leases();
    unreadable = heads.unreadable();
  }

  /** A lease, or null when there is none. */
  @Nullable Lease get(long id) {
    Optional<Lease> staged = changed.get(id);
    if (staged != null) {
      return staged.orElse(null);
    }
    byte[] row = database.get(Table.LEASES, database.newest(), LeaseRows.lease(id));
    return row == null ? null : LeaseRows.lease(id, row);
  }

  /** A number that no lease has had, and whose home a shard is. */
  long nextId(ShardNumber shard) {
    if (lastLease < 0) {
      byte[] row = database.get(Table.META, database.newest(), LAST_LEASE);
      lastLease = row == null ? 0 : new Decoder(row).fixed64();
    }
    lastLease = shard.leaseAfter(lastLease);
    batch.put(Table.META, LAST_LEASE, new Encoder(Long.BYTES).fixed64(lastLease).toArray());
    return lastLease;
  }

  /** Adds a lease, or replaces it. */
  void put(Lease lease) {
    Lease before = get(lease.id());
    if (before != null && before.expiresAt() != lease.expiresAt()) {
      batch.delete(Table.LEASES, LeaseRows.time(before));
    }
    changed.put(lease.id(), Optional.of(lease));
    batch.put(Table.LEASES, LeaseRows.lease(lease.id()), LeaseRows.value(lease));
    batch.put(Table.LEASES, LeaseRows.time(lease), NOTHING);
    if (lease.status() == Status.ENDING) {
      batch.put(Table.LEASES, LeaseRows.ending(lease.id()), NOTHING);
    }
    times.include(lease.expiresAt());
  }

  /** Forgets a lease, whose keys have been deleted. */
  void delete(Lease lease) {
    changed.put(lease.id(), Optional.empty());
    batch.delete(Table.LEASES, LeaseRows.lease(lease.id()));
    batch.delete(Table.LEASES, LeaseRows.time(lease));
    if (lease.status() == Status.ENDING) {
      batch.delete(Table.LEASES, LeaseRows.ending(lease.id()));
    }
  }

  /** Follows a key from one lease to another; 0 stands for none. */
  void move(Key key, long from, long to) {
    if (from == to) {
      return;
    }
    if (from != 0) {
      hang(key, from, false);
    }
    if (to != 0) {
      hang(key, to, true);
    }
  }

  private void hang(Key key, long id, boolean on) {
    keys.computeIfAbsent(id, any -> new TreeMap<>()).put(key, on);
    byte[] row = LeaseRows.key(id, key);
    if (on) {
      batch.put(Table.LEASES, row, NOTHING);
    } else {
      batch.delete(Table.LEASES, row);
    }
    Lease lease = get(id);
    if (lease != null) {
      put(lease.withKeys(lease.keys() + (on ? 1 : -1)));
    }
  }

  /** The keys that hang on a lease, in order. */
  List<Key> keysOf(long id) {
    TreeSet<Key> found = new TreeSet<>();
    try (RocksIterator rows = database.iterator(Table.LEASES, database.newest())) {
      rows.seek(LeaseRows.keys(id));
      for (; rows.isValid() && LeaseRows.isKeyOf(id, rows.key()); rows.next()) {
        found.add(LeaseRows.keyOf(rows.key()));
      }
      Database.check(rows);
    }
    keys.getOrDefault(id, new TreeMap<>())
        .forEach(
            (key, on) -> {
              if (on) {
                found.add(key);
              } else {
                found.remove(key);
              }
            });
    return List.copyOf(found);
  }

  /** The lease whose time was over first, at or before a time; null when none is. */
  @Nullable Lease firstOver(long time) {
    Lease first = firstStored(time);
    for (Optional<Lease> staged : changed.values()) {
      Lease lease = staged.orElse(null);
      if (lease != null && lease.isOver(time) && (first == null || isBefore(lease, first))) {
        first = lease;
      }
    }
    return first;
  }

  private @Nullable Lease firstStored(long time) {
    List<Lease> untouched = new ArrayList<>(1);
    long head = Long.MAX_VALUE;
    try (RocksIterator rows = database.iterator(Table.LEASES, database.newest())) {
      for (rows.seek(LeaseRows.times(times.time())); rows.isValid(); rows.next()) {
        byte[] row = rows.key();
        long id = LeaseRows.leaseOfTime(row);
        if (changed.containsKey(id)) {
          continue;
        }
        head = LeaseRows.timeOf(row);
        if (head > time || isFound(id, untouched)) {
          break;
        }
        head = Long.MAX_VALUE;
      }
      Database.check(rows);
    }
    times.raise(head);
    changed.values().forEach(kept -> kept.ifPresent(lease -> times.include(lease.expiresAt())));
    return untouched.isEmpty() ? null : untouched.get(0);
  }

  private boolean isFound(long id, List<Lease> found) {
    try {
      Lease lease = get(id);
      return lease != null && found.add(lease);
    } catch (RuntimeException e) {
      unreadable.pass(Table.LEASES, LeaseRows.lease(id), e);
      return false;
    }
  }

  private static boolean isBefore(Lease one, Lease other) {
    return one.expiresAt() != other.expiresAt()
        ? one.expiresAt() < other.expiresAt()
        : one.id() < other.id();
  }
}
