package org.kvstore.server.store;

import org.kvstore.server.model.Key;
import org.kvstore.server.store.Rows.ChangeHead;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;

/**
 * Deletes the rows of history that no read can reach any more: every version of a key but the
 * newest at or below the oldest readable revision, and that one too when it is a delete. Each
 * change names the version that it replaced, so it follows the log and looks nothing up.
 *
 * <p>Giving history up is a command in the log; this follows it, on each replica by itself, in
 * steps of bounded size. It touches nothing that a read of the present can reach, so it needs no
 * place among the commits.
 */
final class Sweeper {
  /** The row of how far a replica has swept. */
  static final byte[] SWEPT = {'s', 'w', 'e', 'p', 't'};

  private final Database database;
  private final long swept;
  private final long target;

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
    StagedBatch staged = new StagedBatch(database);
    long reached = sweepChanges(events, staged);
    staged.put(Table.META, SWEPT, new Encoder(Long.BYTES).fixed64(reached).toArray());
    try (WriteBatch batch = staged.toWriteBatch()) {
      database.write(batch);
      return reached < target;
    } catch (RocksDBException e) {
      throw Database.writeFailure(e);
    }
  }

  /** Looks at changes up to the end of a revision, which it returns. */
  private long sweepChanges(int events, StagedBatch batch) {
    long reached = swept;
    int looked = 0;
    byte[] head = new byte[Rows.CHANGE_HEAD];
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
        rows.value(head);
        sweep(revision, Rows.keyOfChange(rowKey), Rows.changeHead(head), batch);
      }
      Database.check(rows);
    }
    return target;
  }

  private static void sweep(long revision, Key key, ChangeHead change, StagedBatch batch) {
    if (change.previous() != 0) {
      delete(change.previous(), key, batch);
    }
    if (!change.isPut()) {
      delete(revision, key, batch);
    }
  }

  private static void delete(long revision, Key key, StagedBatch batch) {
    batch.delete(Table.VERSIONS, Rows.versionKey(key.utf8(), revision));
    batch.delete(Table.CHANGES, Rows.changeKey(revision, key));
  }
}
