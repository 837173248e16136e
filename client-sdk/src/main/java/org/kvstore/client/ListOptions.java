package org.kvstore.client;

import jakarta.ws.rs.QueryParam;
import org.jspecify.annotations.Nullable;

/**
 * The optional parts of a listing.
 *
 * @param limit most entries and prefixes on a page, 1..1000; null means 100
 * @param cursor continues a listing at its point in time; null starts one
 * @param order {@code asc} or {@code desc}; null means {@code asc}
 * @param keysOnly true leaves the values out; or null
 * @param countOnly true counts the range and returns no entry; or null
 * @param delimiter folds the keys under each prefix that ends with it; or null
 * @param revision lists the range as it was at this revision; null lists the newest
 * @param consistency {@code local} lists what the node has that is asked; null lists the newest
 */
public record ListOptions(
    @QueryParam("limit") @Nullable Integer limit,
    @QueryParam("cursor") @Nullable String cursor,
    @QueryParam("order") @Nullable String order,
    @QueryParam("keysOnly") @Nullable Boolean keysOnly,
    @QueryParam("countOnly") @Nullable Boolean countOnly,
    @QueryParam("delimiter") @Nullable String delimiter,
    @QueryParam("revision") @Nullable Long revision,
    @QueryParam("consistency") @Nullable String consistency) {
  /** Most entries on a page that the contract allows. */
  public static final int MAX_LIMIT = 1000;

  /** Keys and values in ascending order, 100 on a page. */
  public static ListOptions defaults() {
    return new ListOptions(null, null, null, null, null, null, null, null);
  }

  /** These options with a page size, 1..{@value #MAX_LIMIT}. */
  public ListOptions withLimit(int entries) {
    return new ListOptions(
        entries, cursor, order, keysOnly, countOnly, delimiter, revision, consistency);
  }

  /** These options for the page after the one that gave this cursor. */
  public ListOptions withCursor(String next) {
    return new ListOptions(
        limit, next, order, keysOnly, countOnly, delimiter, revision, consistency);
  }

  /** These options in descending order. */
  public ListOptions descending() {
    return new ListOptions(
        limit, cursor, "desc", keysOnly, countOnly, delimiter, revision, consistency);
  }

  /** These options without values. */
  public ListOptions withoutValues() {
    return new ListOptions(limit, cursor, order, true, countOnly, delimiter, revision, consistency);
  }

  /** These options for the number of keys alone. */
  public ListOptions countingOnly() {
    return new ListOptions(limit, cursor, order, keysOnly, true, delimiter, revision, consistency);
  }

  /** These options with the keys folded at a delimiter, such as {@code /}. */
  public ListOptions withDelimiter(String text) {
    return new ListOptions(limit, cursor, order, keysOnly, countOnly, text, revision, consistency);
  }

  /** These options at an earlier revision. */
  public ListOptions atRevision(long number) {
    return new ListOptions(
        limit, cursor, order, keysOnly, countOnly, delimiter, number, consistency);
  }

  /** These options for what the node has that is asked, which need not be the newest. */
  public ListOptions local() {
    return new ListOptions(
        limit, cursor, order, keysOnly, countOnly, delimiter, revision, ReadOptions.LOCAL);
  }
}
