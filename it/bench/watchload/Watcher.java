import java.util.BitSet;

/**
 * One watch of a prefix, and what is wrong with what it saw. It saw exactly the acknowledged writes
 * since its opening, in order, if it saw as many of them as there are, none twice, revisions only
 * rising, and each at the revision of its acknowledgement.
 *
 * <p>Owned by the thread that reads; {@link #seen} may be read by any.
 */
final class Watcher implements EventStream.Listener {
  final int prefix;
  private final Watchers all;
  private final long openedAfter;
  private final int writtenBefore;
  private final BitSet writes = new BitSet();
  private long newest;
  private volatile boolean open;
  private volatile long seen;
  private long doubled;
  private long disordered;
  private long foreign;

  /** It is opened now, while nobody writes. */
  Watcher(Watchers all, int prefix) {
    this.all = all;
    this.prefix = prefix;
    openedAfter = all.ledger().newest();
    writtenBefore = all.ledger().acknowledged(prefix);
    newest = openedAfter;
  }

  @Override
  public void progress() {
    open = true;
  }

  @Override
  public void put(int write, long sentAt, long revision) {
    int index = write / all.ledger().prefixes();
    if (writes.get(index)) {
      doubled++;
    } else if (revision <= newest) {
      disordered++;
    }
    if (all.ledger().prefixOf(write) != prefix || !all.isRevision(write, revision)) {
      foreign++;
    }
    writes.set(index);
    newest = Math.max(newest, revision);
    seen++;
    all.arrived(write, sentAt);
  }

  boolean isOpen() {
    return open;
  }

  /** Events so far. */
  long seen() {
    return seen;
  }

  /** How many writes that are acknowledged have not arrived yet. */
  long behind() {
    return Math.max(0, all.ledger().acknowledged(prefix) - writtenBefore - seen);
  }

  /** How many acknowledged writes it has not seen. */
  long lost() {
    Ledger ledger = all.ledger();
    long lost = 0;
    for (int write = prefix; write < ledger.sent(); write += ledger.prefixes()) {
      boolean wanted = ledger.revision(write) > openedAfter;
      lost += wanted && !writes.get(write / ledger.prefixes()) ? 1 : 0;
    }
    return lost;
  }

  long doubled() {
    return doubled;
  }

  long disordered() {
    return disordered;
  }

  /** Events of another prefix, or with a revision that others saw another write at. */
  long foreign() {
    return foreign;
  }
}
