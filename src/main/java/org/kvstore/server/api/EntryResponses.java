package org.kvstore.server.api;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.Response.ResponseBuilder;
import jakarta.ws.rs.core.Response.Status;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.Headers;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Outcome.Written;

/** Answers with one entry: its value or its JSON document, its tag and its other headers. */
final class EntryResponses {
  private static final Pattern WANTS_DOCUMENT =
      Pattern.compile(Pattern.quote(MediaTypes.ENTRY) + "\\s*(?!\\s*;\\s*q=0(\\.0*)?\\s*(,|$))");

  private EntryResponses() {}

  /**
   * A value to be answered as it was stored.
   *
   * @param bytes the value
   * @param contentType as the client sent it, character by character
   */
  record StoredValue(Bytes bytes, String contentType) {}

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
  static Response read(Wish wish, Optional<Entry> found) {
    Entry entry =
        found.orElseThrow(() -> KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such key."));
    boolean document = wish.document();
    if (wish.knows(entry)) {
      return describe(Response.notModified(), entry, document).build();
    }
    ResponseBuilder response =
        document
            ? Response.ok(Documents.entry(entry, false), MediaTypes.ENTRY)
            : Response.ok(new StoredValue(entry.value(), entry.contentType()));
    return describe(response, entry, document).build();
  }

  /** The answer of a PUT: 201 with the key's location, or 204 when it replaced an entry. */
  static Response written(Written written, String location) {
    ResponseBuilder response =
        written.created()
            ? Response.status(Status.CREATED).header(HttpHeaders.LOCATION, location)
            : Response.noContent();
    return headers(
            response
                .header(HttpHeaders.ETAG, EntityTags.raw(written.modRevision()))
                .header(HttpHeaders.LAST_MODIFIED, HttpDate.format(written.modifiedAt())),
            written.createRevision(),
            written.modRevision(),
            written.version(),
            written.expiresAt())
        .build();
  }

  /** Where a key is found: an absolute path. */
  static String location(HttpServletRequest request, Bytes key) {
    return request.getContextPath() + "/v1/kv/" + PercentEncoding.encodePath(key);
  }

  private static ResponseBuilder describe(ResponseBuilder response, Entry entry, boolean document) {
    long revision = entry.modRevision();
    response
        .header(HttpHeaders.ETAG, document ? EntityTags.entry(revision) : EntityTags.raw(revision))
        .header(HttpHeaders.LAST_MODIFIED, HttpDate.format(entry.modifiedAt()))
        .header(HttpHeaders.VARY, HttpHeaders.ACCEPT);
    if (entry.lease() != 0) {
      response.header(Headers.LEASE, Long.toString(entry.lease()));
    }
    return headers(response, entry.createRevision(), revision, entry.version(), entry.expiresAt());
  }

  private static ResponseBuilder headers(
      ResponseBuilder response, long created, long modified, long version, long expiresAt) {
    response
        .header(Headers.CREATE_REVISION, Long.toString(created))
        .header(Headers.MOD_REVISION, Long.toString(modified))
        .header(Headers.VERSION, Long.toString(version));
    return expiresAt == Entry.NEVER
        ? response
        : response.header(Headers.EXPIRES_AT, Instant.ofEpochMilli(expiresAt).toString());
  }

  /** Only who asks for the document by its name gets it: the value may be of any type. */
  private static boolean wantsDocument(HttpServletRequest request) {
    @Nullable String accept = request.getHeader(HttpHeaders.ACCEPT);
    return accept != null && WANTS_DOCUMENT.matcher(accept).find();
  }
}
