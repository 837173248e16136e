package org.kvstore.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;

/** What the fake server remembers: a sorted map with revisions. Guarded by its own monitor. */
public final class FakeStore {
  private static final Comparator<String> BY_BYTES =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  private final NavigableMap<String, Stored> entries = new TreeMap<>(BY_BYTES);
  private long revision;
  private boolean closed;

  /** One entry. */
  public record Stored(
      byte[] value,
      String contentType,
      long createRevision,
      long modRevision,
      long version,
      @Nullable Instant expiresAt) {

    public String etag() {
      return "\"" + modRevision + "\"";
    }

    EntryDocument document(String key, boolean withValue) {
      String text = EntryDocument.textOrNull(value);
      return new EntryDocument(
          key,
          withValue ? text : null,
          withValue && text == null ? Base64.getEncoder().encodeToString(value) : null,
          contentType,
          createRevision,
          modRevision,
          version,
          expiresAt == null ? null : expiresAt.toString(),
          null);
    }
  }

  public synchronized @Nullable Stored find(String key) {
    return entries.get(key);
  }

  /** What is stored; it is an error of the test when there is nothing. */
  public synchronized Stored get(String key) {
    Stored stored = entries.get(key);
    if (stored == null) {
      throw new AssertionError("nothing is stored for " + key);
    }
    return stored;
  }

  /** Writes as the service does: a new revision each time. */
  public synchronized Stored put(
      String key, byte[] value, @Nullable String contentType, @Nullable Instant expiresAt) {
    Stored earlier = entries.get(key);
    revision++;
    Stored stored =
        new Stored(
            value,
            contentType == null ? "application/octet-stream" : contentType,
            earlier == null ? revision : earlier.createRevision(),
            revision,
            earlier == null ? 1 : earlier.version() + 1,
            expiresAt);
    entries.put(key, stored);
    notifyAll();
    return stored;
  }

  /** The newest revision. */
  public synchronized long revision() {
    return revision;
  }

  public synchronized void remove(String key) {
    entries.remove(key);
    notifyAll();
  }

  /** A copy of the entries whose keys start with a prefix. */
  public synchronized NavigableMap<String, Stored> range(String prefix) {
    NavigableMap<String, Stored> range = new TreeMap<>(BY_BYTES);
    entries.forEach(
        (key, stored) -> {
          if (key.startsWith(prefix)) {
            range.put(key, stored);
          }
        });
    return range;
  }

  /** Waits while the key is absent or has the known tag; returns what is there at the end. */
  synchronized @Nullable Stored await(String key, @Nullable String known, Duration most)
      throws InterruptedException {
    long deadline = System.nanoTime() + most.toNanos();
    while (!closed) {
      Stored stored = entries.get(key);
      long left = Duration.ofNanos(deadline - System.nanoTime()).toMillis();
      if ((stored != null && !stored.etag().equals(known)) || left <= 0) {
        return stored;
      }
      wait(left);
    }
    return entries.get(key);
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
