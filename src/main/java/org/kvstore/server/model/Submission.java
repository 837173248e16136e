package org.kvstore.server.model;

import org.jspecify.annotations.Nullable;

/**
 * A command as it enters the log. Time enters here, once.
 *
 * @param command what is asked for
 * @param submittedAt when: milliseconds since the epoch
 * @param request names the request so that a repeat is not applied again; null without
 */
public record Submission(Command command, long submittedAt, @Nullable RequestName request) {

  /** Whether it needs room on the disk for good: for what it changes, or for a long answer. */
  public boolean grows() {
    return command.grows()
        || request != null && command instanceof Command.Transact transact && transact.reads();
  }

  /**
   * The Idempotency-Key of a request.
   *
   * @param key as the client sent it
   * @param fingerprint digest of what was asked for, so that another request under the same key is
   *     told apart from a repeat
   */
  public record RequestName(String key, Bytes fingerprint) {}
}
