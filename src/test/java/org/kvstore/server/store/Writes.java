package org.kvstore.server.store;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Submission;

/** Short forms of submissions, so that a test shows only what it is about. */
public final class Writes {
  /** When everything is submitted, unless a test says otherwise. */
  public static final long NOW = 1_700_000_000_000L;

  private static final String OCTETS = "application/octet-stream";

  private Writes() {}

  public static Submission put(String key, String value) {
    return put(key, Bytes.ofUtf8(value), Condition.NONE);
  }

  public static Submission put(String key, Bytes value, Condition condition) {
    return submission(
        new Command.Put(Key.of(key), value, OCTETS, new Lifetime.Forever(), condition));
  }

  public static Submission putUntil(String key, String value, long expiresAt) {
    return submission(
        new Command.Put(
            Key.of(key),
            Bytes.ofUtf8(value),
            OCTETS,
            new Lifetime.Until(expiresAt),
            Condition.NONE));
  }

  public static Submission delete(String key) {
    return submission(new Command.Delete(Key.of(key), Condition.NONE));
  }

  public static Submission deletePrefix(String prefix) {
    return submission(new Command.DeleteRange(KeyRange.ofPrefix(Bytes.ofUtf8(prefix)), 10_000, 0));
  }

  /** A write as a named request. */
  public static Submission named(Submission submission, String name, String fingerprint) {
    return new Submission(
        submission.command(),
        submission.submittedAt(),
        new Submission.RequestName(name, Bytes.ofUtf8(fingerprint)));
  }

  public static Submission at(Submission submission, long time) {
    return new Submission(submission.command(), time, submission.request());
  }

  public static Submission expire(long time, int limit) {
    return new Submission(new Command.Expire(limit), time, null);
  }

  /** That the key is still in the state that was read: this entry, or missing. */
  public static Condition unchanged(@Nullable Entry read) {
    return read == null
        ? new Condition(null, Tags.ANY)
        : new Condition(new Tags(false, Set.of(read.modRevision())), null);
  }

  private static Submission submission(Command command) {
    return new Submission(command, NOW, null);
  }
}
