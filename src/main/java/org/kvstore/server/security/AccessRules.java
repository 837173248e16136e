package org.kvstore.server.security;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.store.CommitListener;
import org.kvstore.server.store.EntryScan;
import org.kvstore.server.store.Store;

/**
 * The tokens and grants of a store, in memory. It hears of each commit before that is acknowledged,
 * so a grant is in force, or not any more, when whoever changed it has the answer. On a node of a
 * cluster that hears of commits no more, or has not for long, it says so instead: see {@link
 * RulesFeed}.
 *
 * <p>Its monitor makes changes of the rules follow one another; whoever asks sees the newest
 * without it.
 */
public final class AccessRules implements CommitListener, Supplier<Rules> {
  private static final Logger LOG = System.getLogger(AccessRules.class.getName());

  private final Store store;
  private final RulesFeed feed;
  private final Map<String, Long> uses = new ConcurrentHashMap<>();

  /** What the store has of them. */
  private final Map<String, Long> kept = new ConcurrentHashMap<>();

  private volatile Rules rules = Rules.NONE;

  /** The store is being opened anew: whether the rules are still its own is not known. */
  private volatile boolean isOutdated;

  /** Guarded by the monitor: the rules are those of this revision or a later one. */
  private long revision;

  AccessRules(Store store, RulesFeed feed) {
    this.store = store;
    this.feed = feed;
  }

  /**
   * The newest rules; of a node of a cluster, as they were some seconds ago at the most.
   *
   * @throws KeyValueException UNAVAILABLE while they are not known
   */
  @Override
  public Rules get() {
    Rules newest = ofLocalReads();
    feed.requireRecent();
    return newest;
  }

  /**
   * The newest rules that this node has; while it is cut off from others, however old, as what is
   * read by them.
   *
   * @throws KeyValueException UNAVAILABLE while the store is being opened anew, or once this node
   *     hears of changes no more
   */
  Rules ofLocalReads() {
    feed.requireThere();
    if (isOutdated) {
      throw KeyValueException.of(ErrorCode.UNAVAILABLE, "The store is being opened anew.");
    }
    return rules;
  }

  /** When each token was used last, as far as that is known: milliseconds since the epoch. */
  Map<String, Long> uses() {
    return uses;
  }

  /** Whether the store has that a token was used last then. */
  boolean isKept(String id, long time) {
    Long there = kept.get(id);
    return there != null && there == time;
  }

  /** Reads all of them. What is committed meanwhile is heard of afterwards. */
  synchronized void load() {
    Map<String, ApiToken> tokens = new HashMap<>();
    Map<String, Grant> grants = new HashMap<>();
    Map<String, Long> found = new HashMap<>();
    try (EntryScan scan = store.scan(KeyRange.SYSTEM)) {
      do {
        for (Entry entry : scan.entries()) {
          readOrSkip(entry, tokens, grants, found);
        }
      } while (scan.advance());
      revision = scan.revision();
    }
    rules = new Rules(tokens, grants);
    uses.keySet().retainAll(tokens.keySet());
    kept.keySet().retainAll(found.keySet());
    kept.putAll(found);
    found.forEach((id, time) -> uses.merge(id, time, Math::max));
  }

  /** One that cannot be read permits nothing, and does not keep out those who can set it right. */
  private static void readOrSkip(
      Entry entry,
      Map<String, ApiToken> tokens,
      Map<String, Grant> grants,
      Map<String, Long> kept) {
    try {
      read(entry, tokens, grants, kept);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "A token or grant cannot be read. revision=" + entry.modRevision(), e);
    }
  }

  private static void read(
      Entry entry,
      Map<String, ApiToken> tokens,
      Map<String, Grant> grants,
      Map<String, Long> kept) {
    Key key = entry.key();
    String token = SecurityRows.tokenId(key);
    if (token != null) {
      tokens.put(token, SecurityRows.token(token, entry.value()));
    }
    String grant = SecurityRows.grantId(key);
    if (grant != null) {
      grants.put(grant, SecurityRows.grant(entry.value()));
    }
    String use = SecurityRows.useId(key);
    if (use != null) {
      kept.put(use, SecurityRows.lastUse(entry.value()));
    }
  }

  @Override
  public void committed(List<Event> events) {
    List<Event> own = events.stream().filter(event -> event.key().isSystem()).toList();
    if (!own.isEmpty()) {
      change(own);
    }
  }

  private synchronized void change(List<Event> events) {
    Map<String, ApiToken> tokens = new HashMap<>(rules.tokens());
    Map<String, Grant> grants = new HashMap<>(rules.grants());
    for (Event event : events) {
      if (event.revision() > revision) {
        change(event, tokens, grants);
      }
    }
    rules = new Rules(tokens, grants);
    uses.keySet().retainAll(tokens.keySet());
  }

  private void change(Event event, Map<String, ApiToken> tokens, Map<String, Grant> grants) {
    String token = SecurityRows.tokenId(event.key());
    if (token != null) {
      tokens.remove(token);
    }
    String grant = SecurityRows.grantId(event.key());
    if (grant != null) {
      grants.remove(grant);
    }
    String use = SecurityRows.useId(event.key());
    if (use != null) {
      kept.remove(use);
    }
    Entry entry = event.entry();
    if (entry != null) {
      readOrSkip(entry, tokens, grants, kept);
    }
  }

  @Override
  public void recovering() {
    isOutdated = true;
  }

  /** After a restore they are others; until they are read, nobody but the operator gets in. */
  @Override
  public void recovered() {
    try {
      load();
    } catch (RuntimeException e) {
      rules = Rules.NONE;
      LOG.log(Level.ERROR, "The grants could not be read: only the operator is let in.", e);
    } finally {
      isOutdated = false;
    }
  }
}
