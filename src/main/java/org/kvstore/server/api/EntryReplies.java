package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.HttpHeaders;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome.Modified;
import org.kvstore.server.model.Outcome.Written;

/** Answers with one entry: its value or its JSON document, its tag and its other headers. */
final class EntryReplies {
  private static final Pattern WANTS_DOCUMENT =
      Pattern.compile(Pattern.quote(MediaTypes.ENTRY) + "\\s*(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))");

  private EntryReplies() {}

  /**
   * What a read asks for, apart from the entry.
   *
   * @param known the tags that the client has; null without a condition
   * @param document whether the JSON document is wanted instead of the value
   */
  record Wish(@Nullable Tags known, boolean document) {
    static Wish of(HttpServletRequest request) {
      boolean document = wantsDocument(request);
      return new Wish(EntityTags.ifNoneMatch(request, document), document);
    }

    boolean knows(Entry entry) {
      return known != null && known.names(entry);
    }
  }

  /** The answer of a GET: the entry, 304 when the client has it, or the error 404. */
  static Reply read(Wish wish, Optional<Entry> found) {
    return read(wish, found, null);
  }

  /** The answer where a key does not exist. */
  static KeyValueException absent() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key.");
  }

  /**
   * The same for a GET that preferred to wait.
   *
   * @param preferenceApplied what was made of the preference (RFC 7240 section 3), or null
   */
  static Reply read(Wish wish, Optional<Entry> found, @Nullable String preferenceApplied) {
    Entry entry = found.orElseThrow(EntryReplies::absent);
    boolean known = wish.knows(entry);
    Reply.Builder reply = Reply.status(known ? 304 : 200);
    describe(reply, entry, wish.document());
    if (preferenceApplied != null) {
      reply.header("Preference-Applied", preferenceApplied);
    }
    if (known) {
      return reply.build();
    }
    return wish.document()
        ? reply.build(Documents.json(Documents.entry(entry, false)), MediaTypes.ENTRY)
        : reply.build(entry.value(), entry.contentType());
  }

  /** The answer of a PUT: 201 with the key's location, or 204 when it replaced an entry. */
  static Reply written(Written written, String contextPath, Key key) {
    Reply.Builder reply = Reply.status(written.created() ? 201 : 204);
    if (written.created()) {
      reply.header(
          HttpHeaders.LOCATION,
          contextPath + RequestGate.KEYS + PercentEncoding.encodePath(key.utf8()));
    }
    describe(reply, written);
    return reply.build();
  }

  /** The answer of a PATCH: 200 with the new value. */
  static Reply modified(Modified modified) {
    Reply.Builder reply = Reply.status(200);
    describe(reply, modified.written());
    return reply.build(modified.value(), modified.contentType());
  }

  private static void describe(Reply.Builder reply, Written written) {
    long revision = written.modRevision();
    reply
        .header(HttpHeaders.ETAG, EntityTags.raw(revision))
        .header(HttpHeaders.LAST_MODIFIED, HttpDate.format(written.modifiedAt()));
    revisions(reply, written.createRevision(), revision, written.version());
    life(reply, written.expiresAt(), written.lease());
  }

  private static void describe(Reply.Builder reply, Entry entry, boolean document) {
    long revision = entry.modRevision();
    reply
        .header(HttpHeaders.ETAG, document ? EntityTags.entry(revision) : EntityTags.raw(revision))
        .header(HttpHeaders.LAST_MODIFIED, HttpDate.format(entry.modifiedAt()))
        .header(HttpHeaders.VARY, HttpHeaders.ACCEPT);
    revisions(reply, entry.createRevision(), revision, entry.version());
    life(reply, entry.expiresAt(), entry.lease());
  }

  private static void revisions(Reply.Builder reply, long created, long modified, long version) {
    reply
        .header(Headers.CREATE_REVISION, created)
        .header(Headers.MOD_REVISION, modified)
        .header(Headers.VERSION, version);
  }

  private static void life(Reply.Builder reply, long expiresAt, long lease) {
    if (expiresAt != Entry.NEVER) {
      reply.header(Headers.EXPIRES_AT, Instant.ofEpochMilli(expiresAt).toString());
    }
    if (lease != Entry.NO_LEASE) {
      reply.header(Headers.LEASE, lease);
    }
  }

  /** Only who asks for the document by its name gets it: the value may be of any type. */
  private static boolean wantsDocument(HttpServletRequest request) {
    @Nullable String accept = request.getHeader(HttpHeaders.ACCEPT);
    return accept != null && WANTS_DOCUMENT.matcher(accept).find();
  }
}
