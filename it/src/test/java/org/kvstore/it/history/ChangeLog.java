package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Revision.Change;

/**
 * The store as its event stream tells it: revisions rise by one, each changes a key once and as the
 * entry before it allows, and the end of a lease takes all of its keys.
 */
public final class ChangeLog {
  private final Map<String, JsonObject> entries;
  private long revision;

  /** Of an empty store. */
  public ChangeLog(long revision) {
    this(revision, new TreeMap<>());
  }

  private ChangeLog(long revision, Map<String, JsonObject> entries) {
    this.revision = revision;
    this.entries = entries;
  }

  public ChangeLog copy() {
    return new ChangeLog(revision, new TreeMap<>(entries));
  }

  /** The newest revision. */
  public long revision() {
    return revision;
  }

  /** The entries by their keys, as listings show them. */
  public Map<String, JsonObject> entries() {
    return entries;
  }

  /** The keys whose entries hang on a lease. */
  public List<String> keysOf(long lease) {
    return entries.values().stream()
        .filter(entry -> entry.getString("lease", "").equals(Long.toString(lease)))
        .map(entry -> entry.getString("key"))
        .toList();
  }

  /** Adds the next revision, and fails when it cannot be the next. */
  public void append(Revision next) {
    assertThat(next.number()).as("the revision after %d: %s", revision, next).isEqualTo(++revision);
    Set<String> ended = new HashSet<>();
    Set<String> keys = new HashSet<>();
    for (Change change : next.changes()) {
      assertThat(keys.add(change.key())).as("one change of %s in %s", change.key(), next).isTrue();
      assertThat(change.revision()).as("%s", next).isEqualTo(revision);
      if (change.reason().equals("lease")) {
        ended.add(leaseOf(change.key()));
      }
      apply(change);
    }
    assertThat(ended).as("leases that end in one revision: %s", next).hasSizeLessThan(2);
    assertThat(entries.values())
        .as("entries that hang on a lease that has ended: %s", next)
        .noneMatch(entry -> ended.contains(entry.getString("lease", "")));
  }

  private String leaseOf(String key) {
    @Nullable JsonObject entry = entries.get(key);
    String lease = entry == null ? "" : entry.getString("lease", "");
    assertThat(lease).as("the lease that %s ends with, of %s", key, entry).isNotEmpty();
    return lease;
  }

  private void apply(Change change) {
    @Nullable JsonObject before = entries.get(change.key());
    if (!change.isPut()) {
      assertThat(before).as("the entry that %s deletes", change).isNotNull();
      entries.remove(change.key());
      return;
    }
    long created = before == null ? revision : number(before, "createRevision");
    assertThat(number(change.entry(), "createRevision")).as("%s", change).isEqualTo(created);
    long version = before == null ? 1 : number(before, "version") + 1;
    assertThat(number(change.entry(), "version")).as("%s", change).isEqualTo(version);
    entries.put(change.key(), change.entry());
  }

  private static long number(JsonObject entry, String name) {
    JsonNumber number = entry.getJsonNumber(name);
    return number.longValue();
  }
}
