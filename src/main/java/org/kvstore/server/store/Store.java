package org.kvstore.server.store;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Histogram;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.LogPosition;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Page;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;
import org.kvstore.server.store.EntryEvaluation.Evaluated;
import org.kvstore.server.store.RequestRows.Remembered;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * One shard: its entries, their history and the log of changes, persisted to files.
 *
 * <p>Two locks, always taken in this order:
 *
 * <ol>
 *   <li>{@code commitMonitor} makes commits, recovery, restore and close follow one another. Only
 *       its holder changes {@code database} and {@code failed}. It is held across evaluation and
 *       fsync.
 *   <li>the read-write lock of {@code views}, see {@link ViewPublisher}, guards what readers see
 *       and the life of the database handle.
 * </ol>
 *
 * A view is published after its batch is durable, so readers see only durable and complete commits.
 */
public final class Store implements ChangeLog, AutoCloseable {
  private static final Logger LOG = System.getLogger(Store.class.getName());
  private static final int SWEEP_STEP = 2_000;
  private static final long RECOVERY_HEADROOM = 4 << 20;

  private final StoreOptions options;
  private final Limits limits;
  private final CommitListener listener;
  private final Patcher patcher;

  private final Object commitMonitor = new Object();
  private final QueueHeads heads;
  private final EntryCache cache;
  private final ViewPublisher views;
  private final Histogram syncs = Histogram.ofDurations();

  /** Guarded by commitMonitor; null once closed, or while recovery has yet to succeed. */
  private @Nullable Database database;

  /** Guarded by commitMonitor: a write failed, so memory and files may differ until recovery. */
  private boolean failed;

  /** Guarded by commitMonitor. */
  private boolean closed;

  /** Bytes of all batches. */
  private final AtomicLong written = new AtomicLong();

  /** Guarded by commitMonitor: a database that is to take over before the next one is opened. */
  private @Nullable Replacement replacement;

  private Store(StoreOptions options, Limits limits, Hooks hooks) {
    this.options = options;
    this.limits = limits;
    listener = hooks.listener();
    patcher = hooks.patcher();
    heads = new QueueHeads(options.replicated());
    cache = new EntryCache(options.entryCacheBytes());
    views = new ViewPublisher(cache);
  }

  /**
   * What a store calls.
   *
   * @param listener hears of commits
   * @param patcher knows the formats of patches
   */
  public record Hooks(CommitListener listener, Patcher patcher) {}

  /**
   * Opens a store. Everything acknowledged before is there.
   *
   * @param create whether the directory is new; otherwise a database must be there
   * @throws KeyValueException UNAVAILABLE, naming the file that is wrong and what to do
   */
  public static Store open(StoreOptions options, Limits limits, boolean create, Hooks hooks) {
    Store store = new Store(options, limits, hooks);
    if (options.replicated()) {
      Replacement.settle(options.directory());
    }
    synchronized (store.commitMonitor) {
      store.openDatabase(create);
    }
    return store;
  }

  /**
   * Applies commands in order, as one durable group with one fsync.
   *
   * @return their outcomes, in order; durable and visible to every reader
   * @throws KeyValueException INDETERMINATE when the write itself failed: each command may or may
   *     not be found applied after {@link #recover}. Any other code: certainly nothing was applied;
   *     INTERNAL when one of the commands cannot be evaluated, which the others may do without it.
   */
  public List<Outcome> apply(List<Submission> group) {
    synchronized (commitMonitor) {
      Database open = requireWritable();
      View view = views.newest();
      try {
        Staging staging = new Staging(open, cache, view, heads);
        List<Outcome> outcomes = evaluate(group, staging);
        if (!staging.isEmpty()) {
          commit(open, staging);
          tell(staging.events());
        }
        return outcomes;
      } catch (RuntimeException | Error e) {
        // What the heads say goes with a commit; there was none, or it is in doubt.
        heads.forget();
        throw e;
      }
    }
  }

  /**
   * Applies an entry of a replicated log, and notes with the same batch that it has. Visible on
   * return, and durable once the tables are flushed, by {@link #checkpoint} or as the write buffer
   * is full: until then the log has it.
   *
   * @return what became of each of its groups, in order
   * @throws KeyValueException INDETERMINATE when the write failed, INTERNAL when the files cannot
   *     be read: this replica is to stop
   */
  public List<GroupResult> applyEntry(LogPosition position, LogEntry entry) {
    synchronized (commitMonitor) {
      AppliedLog log = new AppliedLog(requireWritable());
      List<LogEntry.Group> groups = entry.groups();
      if (position.index() <= log.position().index()) {
        return Collections.nCopies(groups.size(), new GroupResult.Repeated());
      }
      Map<Integer, GroupResult> refusals = log.refusals(groups);
      List<LogEntry.Group> admitted =
          IntStream.range(0, groups.size())
              .filter(at -> !refusals.containsKey(at))
              .mapToObj(groups::get)
              .toList();
      Iterator<Outcome> outcomes = applyGroups(position, admitted).iterator();
      List<GroupResult> results = new ArrayList<>();
      for (int at = 0; at < groups.size(); at++) {
        GroupResult refusal = refusals.get(at);
        results.add(refusal == null ? next(groups.get(at), outcomes) : refusal);
      }
      return results;
    }
  }

  private List<Outcome> applyGroups(LogPosition position, List<LogEntry.Group> groups) {
    List<Submission> submissions =
        groups.stream().flatMap(group -> group.submissions().stream()).toList();
    Evaluated evaluated = evaluation(position).evaluate(submissions);
    groups.forEach(group -> AppliedLog.write(evaluated.staging(), group.serial()));
    commitEntry(evaluated.staging());
    return evaluated.outcomes();
  }

  private static GroupResult next(LogEntry.Group group, Iterator<Outcome> outcomes) {
    return new GroupResult.Applied(
        group.submissions().stream().map(submission -> outcomes.next()).toList());
  }

  /** Notes that an entry of a replicated log, which holds no command, has been passed. */
  public void passEntry(LogPosition position) {
    synchronized (commitMonitor) {
      if (position.index() > applied().index()) {
        commitEntry(evaluation(position).evaluate(List.of()).staging());
      }
    }
  }

  private EntryEvaluation evaluation(LogPosition position) {
    Database open = requireWritable();
    return new EntryEvaluation(
        heads,
        () -> {
          Staging staging = new Staging(open, cache, views.newest(), heads);
          AppliedLog.write(staging, position);
          return staging;
        },
        staging -> new Evaluator(staging, limits, patcher, options.shard()));
  }

  private void commitEntry(Staging staging) {
    try {
      commit(requireWritable(), staging);
      tell(staging.events());
    } catch (RuntimeException | Error e) {
      heads.forget();
      throw e;
    }
  }

  /** How far the replicated log has been applied. */
  public LogPosition applied() {
    synchronized (commitMonitor) {
      return new AppliedLog(requireWritable()).position();
    }
  }

  /** Whether writes fail until {@link #recover} succeeds. */
  public boolean hasFailed() {
    synchronized (commitMonitor) {
      return failed;
    }
  }

  /**
   * After a failed write: opens the database anew, so that memory again shows what the files hold.
   * Readers are refused for the moment of it.
   *
   * @throws KeyValueException UNAVAILABLE when the files cannot be opened; to be tried again
   */
  public void recover() {
    synchronized (commitMonitor) {
      if (failed && !closed) {
        closeDatabase();
        tell(listener::recovering);
        if (replacement != null) {
          replacement.finish();
        }
        openDatabase(false);
        replacement = null;
        failed = false;
        tell(listener::recovered);
      }
    }
  }

  /**
   * Copies everything into a directory, as of one moment during the call, while writes go on.
   *
   * @param target made by it; missing before
   * @return the revision that the copy shows: no older than the newest acknowledged before the call
   */
  public long copyTo(Path target) {
    synchronized (commitMonitor) {
      requireWritable();
    }
    views.read(view -> view.checkpoint(target));
    return DatabaseCopy.revisionOf(target);
  }

  /** The same without a look at the copy; with a replicated log, it makes all of it durable. */
  public void checkpoint(Path target) {
    views.read(view -> view.checkpoint(target));
  }

  /**
   * Replaces everything by a copy, whose files are complete and durable. Its revision becomes one
   * above all that it and this store ever gave out, and history begins there. Readers and writers
   * wait or are refused for the moment of it.
   *
   * @param expected the revision that the copy is known to show
   * @param now milliseconds since the epoch
   * @return the revision that it shows now
   * @throws KeyValueException REQUEST_INVALID when it is not a whole database, INDETERMINATE when
   *     it will have taken over as soon as its files can be opened; any other: nothing is changed
   */
  public long restore(Replacement copy, long expected, long now) {
    try (DatabaseCopy database =
        DatabaseCopy.openChecked(copy.staged(), expected, options.keys())) {
      synchronized (commitMonitor) {
        Database open = requireWritable();
        long newest = views.newest().revision();
        long revision = database.renumber(newest, open.number(StagedLeases.LAST_LEASE), now);
        database.close();
        takeOver(copy);
        return revision;
      }
    }
  }

  /** Prepares what {@link #install} is given. */
  public Replacement newReplacement() {
    return Replacement.beside(options.directory());
  }

  /**
   * Goes on from a copy of another replica of the same shard, whose files are complete and durable:
   * its history is this store's own, only longer.
   *
   * @throws KeyValueException INDETERMINATE when it will have taken over as soon as its files can
   *     be opened; any other: nothing is changed
   */
  public void install(Replacement copy) {
    synchronized (commitMonitor) {
      takeOver(copy);
    }
  }

  /** Under the monitor. Once it is decided there is no way back, only {@link #recover}. */
  private void takeOver(Replacement copy) {
    try {
      copy.commit();
    } catch (IOException e) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "The restore could not be begun.")
          .withCause(e);
    }
    replacement = copy;
    failed = true;
    try {
      recover();
    } catch (RuntimeException e) {
      throw KeyValueException.of(
              ErrorCode.INDETERMINATE, "The restore is decided, but not finished yet.")
          .withCause(e);
    }
  }

  /** Room on the disk that {@link #recover} may need to replay the log into tables: bytes. */
  public long recoveryBytes() {
    synchronized (commitMonitor) {
      return database == null ? 0 : RECOVERY_HEADROOM + database.logBytes();
    }
  }

  /** The newest entry of a key, or null. */
  public @Nullable Entry get(Key key) {
    return views.entry(key);
  }

  /**
   * The entry as it was at an earlier revision, or null.
   *
   * @throws KeyValueException COMPACTED or, for a revision in the future, REQUEST_INVALID
   */
  public @Nullable Entry getAt(Key key, long revision) {
    return views.look(view -> view.getAt(key, revision));
  }

  @Override
  public long revision() {
    return views.look(View::revision);
  }

  /**
   * One page of a listing.
   *
   * @throws KeyValueException COMPACTED or, for a revision in the future, REQUEST_INVALID
   */
  public Page list(ListQuery query) {
    return views.read(view -> Lister.page(view, query));
  }

  /** How many keys a range has: a page without entries, whose revision says as of when. */
  public Count count(KeyRange range, long revision) {
    try (PinnedView pin = views.pin()) {
      long at = revision == 0 ? pin.read(View::revision) : revision;
      return new Count(Lister.count(pin, range, at), at);
    }
  }

  /**
   * A number of keys.
   *
   * @param keys how many
   * @param revision as of when
   */
  public record Count(long keys, long revision) {}

  /** Reads a whole range as of now, about 1 MiB at a time; the caller closes it. */
  public EntryScan scan(KeyRange range) {
    return scan(range, 1 << 20);
  }

  /** The same, with about so many bytes of values at a time. */
  public EntryScan scan(KeyRange range, long chunkBytes) {
    PinnedView pin = views.pin();
    try {
      return new EntryScan(pin, range, limits.pageKeys(), chunkBytes);
    } catch (RuntimeException e) {
      pin.close();
      throw e;
    }
  }

  @Override
  public Changes changes(long after, int events, long bytes) {
    return views.read(view -> view.changes().changes(after, events, bytes));
  }

  @Override
  public List<Optional<Entry>> before(List<Event> events, long bytes) {
    return views.read(view -> view.changes().before(events, bytes));
  }

  /**
   * The retained versions of a key, the newest first.
   *
   * @param from the revision to begin with, or 0 for the newest
   */
  public History history(Key key, long from, int limit) {
    return views.read(
        view -> {
          long start = from == 0 ? view.revision() : from;
          view.requireReadable(start);
          return view.changes().history(key, start, limit, limits.pageBytes());
        });
  }

  /** A lease, or null. */
  public @Nullable Lease lease(long id) {
    return views.look(view -> view.lease(id));
  }

  /** The keys that hang on a lease, in order. */
  public List<Key> leaseKeys(long id) {
    return views.look(view -> view.leaseKeys(id, limits.leaseKeys()));
  }

  /** The first leases above a number that were revoked here and have branches yet to be told. */
  public List<Lease> endings(long above, int limit) {
    return views.look(view -> view.endings(above, limit));
  }

  /**
   * The newest revision that history may be given up before.
   *
   * @param time versions replaced before it need not be kept
   * @param revisions how many of the newest revisions are to be kept at the most
   */
  public long retainedFrom(long time, long revisions) {
    return views.read(
        view -> Math.max(view.changes().revisionBefore(time), view.revision() - revisions));
  }

  /** Deletes rows of history that was given up, a step's worth; false when nothing is left. */
  public boolean sweep() {
    return views.read(view -> view.sweeper().step(SWEEP_STEP));
  }

  /** The oldest revision that can be read. */
  public long compactedRevision() {
    return views.look(View::compacted);
  }

  /** Whether an Expire command submitted at a time would find something to do. */
  public boolean isDue(long time) {
    return views.look(view -> view.isDue(heads, time, time - limits.requestMemory().toMillis()));
  }

  /** Size of the files of the present, log and tables: bytes. */
  public long usedBytes() {
    return views.read(View::usedBytes);
  }

  /** Bytes that commits have written to the log since the store was made. */
  public long writtenBytes() {
    return written.get();
  }

  /** Whether a submission repeats a request that is remembered, so that it writes nothing. */
  public boolean isRepeat(Submission submission) {
    RequestName request = submission.request();
    Remembered earlier =
        request == null ? null : views.look(view -> view.remembered(request.key()));
    return earlier != null && earlier.covers(submission.submittedAt(), limits.requestMemory());
  }

  /**
   * Rewrites the files without what was deleted, which may take long. Reads and writes go on; it
   * ends early when the store is closed.
   */
  public void reclaim() {
    synchronized (commitMonitor) {
      // The published view may be older than a sweep, and would keep what that deleted.
      View view = views.newest();
      views.follow(new View(requireWritable(), view.revision(), view.compacted()), List.of());
    }
    boolean done = true;
    for (int i = 0; done && i < Table.values().length; i++) {
      Table table = Table.values()[i];
      done = views.read(view -> view.reclaim(table));
    }
  }

  /** Figures for metrics and status; they take a moment, in which commits go on. */
  public StoreStatistics statistics() {
    return views.read(view -> view.statistics(cache, views.pinned() - 1));
  }

  /** What making each group durable took: writing it to the log and the fsync. */
  public Histogram syncs() {
    return syncs;
  }

  /** Closes the files. Reads of several steps under way end with UNAVAILABLE. */
  @Override
  public void close() {
    synchronized (commitMonitor) {
      closed = true;
      closeDatabase();
    }
  }

  private Database requireWritable() {
    if (database == null || failed) {
      throw KeyValueException.of(
          ErrorCode.UNAVAILABLE,
          closed ? "The store is closed." : "The store recovers from a failed write.");
    }
    return database;
  }

  private List<Outcome> evaluate(List<Submission> group, Staging staging) {
    Evaluator evaluator = new Evaluator(staging, limits, patcher, options.shard());
    try {
      return group.stream().map(evaluator::evaluate).toList();
    } catch (KeyValueException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      throw KeyValueException.of(ErrorCode.INTERNAL, "A command could not be evaluated.")
          .withCause(e);
    }
  }

  /** Whatever goes wrong between the write and its publication, the outcome is not known. */
  private void commit(Database open, Staging staging) {
    WriteBatch batch = staging.finish();
    failed = true;
    try (batch) {
      long began = System.nanoTime();
      open.write(batch);
      syncs.record(System.nanoTime() - began);
      written.addAndGet(batch.getDataSize());
      views.follow(new View(open, staging.revision(), staging.compacted()), staging.events());
    } catch (RocksDBException | RuntimeException e) {
      throw KeyValueException.of(
              ErrorCode.INDETERMINATE, "Writing to disk failed; the outcome is not known.")
          .withCause(e);
    }
    failed = false;
  }

  private void tell(List<Event> events) {
    if (!events.isEmpty()) {
      tell(() -> listener.committed(events));
    }
  }

  /** What happened has happened, whatever the listener makes of it. */
  private static void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "A listener failed; it may have missed a commit.", e);
    }
  }

  private void openDatabase(boolean create) {
    heads.forget();
    Database opened = create ? Database.open(options.directory(), options, true) : openExisting();
    try {
      views.begin(
          new View(opened, opened.number(Staging.REVISION), opened.number(Staging.COMPACTED)));
      database = opened;
    } catch (KeyValueException e) {
      opened.close();
      throw damaged(e);
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private Database openExisting() {
    try {
      return Database.open(options.directory(), options, false);
    } catch (KeyValueException e) {
      throw e.code() == ErrorCode.INTERNAL ? damaged(e) : e;
    }
  }

  private KeyValueException damaged(KeyValueException e) {
    return DataDirectory.refusal(
        options.directory(),
        "is damaged: " + e.getMessage() + " " + e.getCause(),
        "Restore the data directory from a backup",
        e);
  }

  /** No reader may start, then none may be left, then the database may go. */
  private void closeDatabase() {
    if (database != null) {
      database.endReclaiming();
    }
    views.end();
    if (database != null) {
      database.close();
      database = null;
    }
  }
}
