package org.kvstore.server.api;

import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.KeyRules;
import org.kvstore.api.ListingDocument;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Failures;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Limits;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.shard.ShardedPage;

/** A listing as a client asked for it. */
final class Listing {
  static final Set<String> RANGE = Set.of("prefix", "start", "end");
  static final Set<String> PARAMETERS =
      Set.of(
          "prefix",
          "start",
          "end",
          "limit",
          "cursor",
          "order",
          "keysOnly",
          "countOnly",
          "delimiter",
          "revision",
          Query.CONSISTENCY);
  static final int DEFAULT_LIMIT = 100;

  private final Query query;
  private final KeyRange range;
  private final boolean descending;
  private final @Nullable Bytes delimiter;
  private final Bytes prefix;

  /**
   * Reads and checks the parameters.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the parameter
   */
  Listing(Query query) {
    this.query = query;
    range = range(query);
    descending = query.choice("order", "asc", Set.of("asc", "desc")).equals("desc");
    prefix = query.has("prefix") ? range.start() : Bytes.EMPTY;
    String text = query.text("delimiter");
    if (text != null && text.isEmpty()) {
      throw KeyValueException.invalid("delimiter", "It has at least one character.");
    }
    delimiter = text == null ? null : Bytes.ofUtf8(text);
  }

  /** The range of a query; all keys when it names none. */
  static KeyRange range(Query query) {
    if (query.has("prefix") && (query.has("start") || query.has("end"))) {
      throw KeyValueException.invalid("prefix", "It is not combined with start or end.");
    }
    if (query.has("prefix")) {
      return KeyRange.ofPrefix(bound("prefix", query.required("prefix")));
    }
    Bytes end = query.has("end") ? bound("end", query.required("end")) : null;
    return KeyRange.between(
        query.has("start") ? bound("start", query.required("start")) : Bytes.EMPTY, end);
  }

  KeyRange range() {
    return range;
  }

  /** Reads one page, or the count alone. */
  CompletionStage<Reply> read(KeyValueService service, Access access) {
    long revision = query.number("revision", 0, 1, Long.MAX_VALUE);
    Consistency consistency = query.consistency();
    Supplier<Optional<Long>> age = service.age(range, consistency);
    if (query.flag("countOnly")) {
      return service.count(
          access,
          range,
          revision,
          consistency,
          count ->
              Reply.json(
                      new ListingDocument(
                          null, null, count.keys(), null, position(service, count.revisions())))
                  .with(Headers.AGE, age.get()));
    }
    boolean keysOnly = query.flag("keysOnly");
    String token = query.text("cursor");
    Cursor cursor = token == null ? null : Cursor.parse(token, digest());
    CompletionStage<Reply> page =
        service.list(
            access,
            pageQuery(service.limits(), cursor == null ? revision : 0, keysOnly, cursor),
            cursor == null ? null : cursor.revisions(),
            consistency,
            listed -> Reply.json(document(service, listed, keysOnly)).with(Headers.AGE, age.get()));
    return cursor == null ? page : page.exceptionallyCompose(Listing::ofCursor);
  }

  /** A cursor whose point is not yet is none that was given out. */
  private static CompletionStage<Reply> ofCursor(Throwable failure) {
    return CompletableFuture.failedStage(
        Failures.causeOf(failure) instanceof KeyValueException e
                && e.code() == ErrorCode.REQUEST_INVALID
            ? e.withField("cursor")
            : failure);
  }

  private ListingDocument document(KeyValueService service, ShardedPage page, boolean keysOnly) {
    Bytes last = page.last();
    return new ListingDocument(
        page.entries().stream().map(entry -> Documents.entry(entry, keysOnly)).toList(),
        delimiter == null ? null : page.prefixes().stream().map(Bytes::toUtf8).toList(),
        page.entries().size() + page.prefixes().size(),
        last == null ? null : new Cursor(digest(), page.revisions(), last).token(),
        position(service, page.revisions()));
  }

  private static String position(KeyValueService service, Revisions revisions) {
    return service.position(revisions).token();
  }

  private ListQuery pageQuery(
      Limits limits, long revision, boolean keysOnly, @Nullable Cursor cursor) {
    return new ListQuery(
        range,
        descending,
        (int) query.number("limit", DEFAULT_LIMIT, 1, limits.pageKeys()),
        limits.pageBytes(),
        keysOnly,
        delimiter,
        prefix,
        revision,
        cursor == null ? null : cursor.last());
  }

  /** What a cursor must agree with: all that decides which keys are listed, and in what order. */
  private int digest() {
    return Objects.hash(range, descending, delimiter, query.text("revision"));
  }

  /**
   * A bound of a range: any text that a key may begin with.
   *
   * @throws KeyValueException REQUEST_INVALID, naming the parameter
   */
  static Bytes bound(String name, String text) {
    if (text.codePoints().anyMatch(Character::isISOControl)) {
      throw KeyValueException.invalid(name, "It has no control characters, as keys have none.");
    }
    Bytes bound = Bytes.ofUtf8(text);
    if (bound.size() > KeyRules.MAX_BYTES) {
      throw KeyValueException.invalid(name, "It is at most as long as a key.")
          .withLimit(KeyRules.MAX_BYTES);
    }
    return bound;
  }
}
