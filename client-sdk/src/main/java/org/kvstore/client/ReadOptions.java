package org.kvstore.client;

import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.Headers;

/**
 * The optional parts of a read.
 *
 * @param revision reads the entry as it was at this revision; null reads the newest
 * @param ifNoneMatch entity tag that is known already: an unchanged entry answers 304; or null
 * @param prefer RFC 7240 preference; {@code wait=SECONDS} holds an answer of 304 or 404; or null
 * @param consistency {@code local} reads what the node has that is asked; null reads the newest
 */
public record ReadOptions(
    @QueryParam("revision") @Nullable Long revision,
    @HeaderParam(HttpHeaders.IF_NONE_MATCH) @Nullable String ifNoneMatch,
    @HeaderParam(Headers.PREFER) @Nullable String prefer,
    @QueryParam("consistency") @Nullable String consistency) {
  /** What a node has, be it the newest or not. */
  static final String LOCAL = "local";

  /** Reads the newest entry, at once. */
  public static ReadOptions newest() {
    return new ReadOptions(null, null, null, null);
  }

  /** Reads what the node has that is asked, which need not be the newest. */
  public static ReadOptions local() {
    return new ReadOptions(null, null, null, LOCAL);
  }

  /** Reads the entry as it was at a revision. */
  public static ReadOptions atRevision(long revision) {
    return new ReadOptions(revision, null, null, null);
  }

  /** Reads the entry unless it still has this entity tag. */
  public static ReadOptions ifChangedFrom(String etag) {
    return new ReadOptions(null, Etags.quoted(etag), null, null);
  }

  /** Holds the answer while it would be 304 or 404, at most for {@code wait} (whole seconds). */
  public ReadOptions withWait(Duration wait) {
    return new ReadOptions(revision, ifNoneMatch, "wait=" + wait.toSeconds(), consistency);
  }
}
