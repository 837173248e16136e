package org.kvstore.server.store;

import java.util.HashMap;
import java.util.Map;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Deletes the rows of history that no read can reach any more: every version of a key but the
 * newest at or below the oldest readable revision, and that one too when it is a delete.
 *
 * <p>Giving history up is a command in the log; this follows it, on each replica by itself, in
 * steps of bounded size. Its writes need not be durable: what a crash undoes is swept again. It
 * touches nothing that a read of the present can reach, so it needs no place among the commits.
 */
final class Sweeper {
  private static final byte[] SWEPT = {'s', 'w', 'e', 'p', 't'};

  private final Database database;
  private final long swept;
  private final long target;

  /** The newest version within reach of the target, by key. */
  private final Map<Key, Long> newest = new HashMap<>();

  /**
   * @param target the oldest readable revision
   */
  Sweeper(Database database, long target) {
    this.database = database;
    this.target = target;
    byte[] row = database.get(Table.META, database.newest(), SWEPT);
    swept = row == null ? 0 : new Decoder(row).fixed64();
  }

  /**
   * Takes one step.
   *
   * @param events how many changes it looks at, about
   * @return whether something is left to do
   */
  boolean step(int events) {
    if (swept >= target) {
      return false;
    }
    try (WriteBatch batch = new WriteBatch()) {
      long reached = sweepChanges(events, batch);
      byte[] mark = new Encoder(Long.BYTES).fixed64(reached).toArray();
      batch.put(database.handle(Table.META), SWEPT, mark);
      database.writeLazily(batch);
      return reached < target;
    } catch (RocksDBException e) {
      throw Database.writeFailure(e);
    }
  }

  /** Looks at changes up to the end of a revision, which it returns. */
  private long sweepChanges(int events, WriteBatch batch) throws RocksDBException {
    long reached = swept;
    int looked = 0;
    try (RocksIterator rows = database.iterator(Table.CHANGES, database.newest())) {
      for (rows.seek(Rows.changeStart(swept + 1)); rows.isValid(); rows.next()) {
        byte[] rowKey = rows.key();
        long revision = Rows.revisionOfChange(rowKey);
        if (revision > target) {
          return target;
        }
        if (looked++ >= events && revision > reached) {
          return reached;
        }
        reached = revision;
        sweep(Rows.changeEvent(rowKey, rows.value()), batch);
      }
      Database.check(rows);
    }
    return target;
  }

  private void sweep(Event event, WriteBatch batch) throws RocksDBException {
    Key key = event.key();
    boolean isNewest = newest.computeIfAbsent(key, this::newestVersion) == event.revision();
    if (!isNewest || !event.isPut()) {
      delete(batch, Rows.versionKey(key.utf8(), event.revision()), event.index());
    }
    if (isNewest) {
      deleteKept(key, batch);
    }
  }

  private long newestVersion(Key key) {
    try (RocksIterator rows = database.iterator(Table.VERSIONS, database.newest())) {
      rows.seek(Rows.versionKey(key.utf8(), target));
      return Rows.revisionOfVersion(rows.key());
    }
  }

  /** Deletes the version that earlier sweeps had to keep: there is one at the most. */
  private void deleteKept(Key key, WriteBatch batch) throws RocksDBException {
    try (RocksIterator rows = database.iterator(Table.VERSIONS, database.newest())) {
      rows.seek(Rows.versionKey(key.utf8(), swept));
      if (rows.isValid() && Rows.keyOfVersion(rows.key()).equals(key)) {
        delete(batch, rows.key(), Rows.indexOfVersion(rows.value()));
      }
      Database.check(rows);
    }
  }

  private void delete(WriteBatch batch, byte[] version, int index) throws RocksDBException {
    batch.delete(database.handle(Table.VERSIONS), version);
    byte[] change = Rows.changeKey(Rows.revisionOfVersion(version), index);
    batch.delete(database.handle(Table.CHANGES), change);
  }
}
