package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code GET /v1/kv}: one page of a range, all of it from one point in time.
 *
 * @param entries entries in key order (unsigned UTF-8 bytes); values absent with {@code keysOnly}
 * @param prefixes the folded prefixes of this page when a {@code delimiter} is given, in order
 * @param count entries and prefixes on this page; with {@code countOnly} all keys of the range
 * @param cursor continues the listing at the same point in time; null on the last page
 * @param position the point in time of the listing, for a later watch
 */
public record ListingDocument(
    @Nullable List<EntryDocument> entries,
    @Nullable List<String> prefixes,
    long count,
    @Nullable String cursor,
    @Nullable String position) {}
