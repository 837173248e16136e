package org.kvstore.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An API token.
 *
 * @param id what later requests name it by
 * @param subject who proves to be whom with it
 * @param groups in which they are
 * @param createdAt an ISO-8601 instant in UTC
 * @param expiresAt an ISO-8601 instant in UTC; null when it does not expire
 * @param lastUsedAt an ISO-8601 instant in UTC, to a few minutes after a restart; null when it was
 *     never used
 * @param token the secret itself, in the answer that makes it and never again; null elsewhere
 */
public record TokenDocument(
    String id,
    String subject,
    List<String> groups,
    String createdAt,
    @Nullable String expiresAt,
    @Nullable String lastUsedAt,
    @Nullable String token) {

  /** Without the secret. */
  @Override
  public String toString() {
    return "TokenDocument[id=" + id + ", subject=" + subject + "]";
  }
}
