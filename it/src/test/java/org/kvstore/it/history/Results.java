package org.kvstore.it.history;

import jakarta.json.JsonObject;
import org.jspecify.annotations.Nullable;
import org.kvstore.it.history.Result.Changed;
import org.kvstore.it.history.Result.Deleted;
import org.kvstore.it.history.Result.Found;
import org.kvstore.it.history.Result.Mismatch;
import org.kvstore.it.history.Result.Missing;
import org.kvstore.it.history.Result.Refused;
import org.kvstore.it.history.Result.Unknown;
import org.kvstore.it.history.Result.Written;
import org.kvstore.it.support.Answer;

/** Reads answers. One that does not belong to the contract is an error. */
public final class Results {
  private Results() {}

  /** The result of a request for one key. */
  public static Result of(Action action, Answer answer) {
    return of(action, answer.status(), answer.findHeader("ETag").orElse(null), answer.text());
  }

  /** The result of an operation in a batch or a transaction. */
  public static Result of(Action action, JsonObject line) {
    JsonObject problem = line.getJsonObject("problem");
    String etag = (problem == null ? line : problem).getString("etag", null);
    JsonObject entry = line.getJsonObject("entry");
    String value = entry == null ? "" : entry.getString("value");
    return of(action, line.getInt("status"), etag, value);
  }

  private static Result of(Action action, int status, @Nullable String etag, String value) {
    return switch (status) {
      case 200 -> found(action, revision(etag), value);
      case 201, 204 ->
          action instanceof Action.Increment
              ? new Changed(revision(etag), value)
              : action instanceof Action.Put || action instanceof Action.CompareAndSet
                  ? new Written(revision(etag), status == 201)
                  : new Deleted();
      case 404 ->
          action instanceof Action.Get || action instanceof Action.Delete
              ? new Missing()
              : new Refused();
      case 412 -> new Mismatch(revision(etag));
      case 429, 503, 507 -> new Refused();
      case 504 -> new Unknown();
      default -> throw new AssertionError("%s was answered %d".formatted(action, status));
    };
  }

  private static Result found(Action action, long revision, String value) {
    return action instanceof Action.Increment
        ? new Changed(revision, value)
        : new Found(revision, value);
  }

  private static long revision(@Nullable String etag) {
    return etag == null ? 0 : Long.parseLong(etag.replace("\"", ""));
  }
}
