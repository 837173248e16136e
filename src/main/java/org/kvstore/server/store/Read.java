package org.kvstore.server.store;

import java.util.List;
import java.util.Optional;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lease;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Page;

/**
 * A question to a store, as a value: it can be asked of a store here, or of one on another node.
 * {@link ReadForm} is its form on the way.
 *
 * @param <T> what the answer is
 */
public sealed interface Read<T> {

  /**
   * Asks a store.
   *
   * @throws org.kvstore.server.model.KeyValueException as the store's own method does
   */
  T from(Store store);

  /** The newest entry of a key. */
  record Get(Key key) implements Read<Optional<Entry>> {
    @Override
    public Optional<Entry> from(Store store) {
      return Optional.ofNullable(store.get(key));
    }
  }

  /** The entry of a key as it was at a revision. */
  record GetAt(Key key, long revision) implements Read<Optional<Entry>> {
    @Override
    public Optional<Entry> from(Store store) {
      return Optional.ofNullable(store.getAt(key, revision));
    }
  }

  /** A page of a listing. */
  record PageOf(ListQuery query) implements Read<Page> {
    @Override
    public Page from(Store store) {
      return store.list(query);
    }
  }

  /** How many keys a range has at a revision, or, with 0, now. */
  record CountOf(KeyRange range, long revision) implements Read<Store.Count> {
    @Override
    public Store.Count from(Store store) {
      return store.count(range, revision);
    }
  }

  /** The versions of a key from a revision on, or, with 0, from the newest. */
  record HistoryOf(Key key, long from, int limit) implements Read<History> {
    @Override
    public History from(Store store) {
      return store.history(key, from, limit);
    }
  }

  /** A lease. */
  record LeaseOf(long id) implements Read<Optional<Lease>> {
    @Override
    public Optional<Lease> from(Store store) {
      return Optional.ofNullable(store.lease(id));
    }
  }

  /** The keys that hang on a lease, in order. */
  record KeysOf(long lease) implements Read<List<Key>> {
    @Override
    public List<Key> from(Store store) {
      return store.leaseKeys(lease);
    }
  }

  /** Events after a revision, as {@link Store#changes} says. */
  record ChangesAfter(long after, int events, long bytes) implements Read<Changes> {
    @Override
    public Changes from(Store store) {
      return store.changes(after, events, bytes);
    }
  }

  /**
   * The entries that events replaced or deleted, as {@link Store#before} says. Of the events it
   * keeps what that depends on.
   */
  record Before(List<Event> events, long bytes) implements Read<List<Optional<Entry>>> {

    /** Copies the list. */
    public Before {
      events =
          events.stream()
              .map(event -> at(event.key(), event.revision(), event.previous()))
              .toList();
    }

    static Event at(Key key, long revision, long previous) {
      return new Event(revision, previous, 0, Event.Reason.CLIENT, key, null);
    }

    @Override
    public List<Optional<Entry>> from(Store store) {
      return store.before(events, bytes);
    }
  }

  /** The newest revision. */
  record Newest() implements Read<Long> {
    @Override
    public Long from(Store store) {
      return store.revision();
    }
  }
}
