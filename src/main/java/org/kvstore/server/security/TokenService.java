package org.kvstore.server.security;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Condition.Tags;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.SystemEntries;

/**
 * API tokens: made, looked at, rotated and revoked by whoever administers all keys. What is shown
 * of one, once, is not kept; a revoked one is good for nothing when its revocation is acknowledged.
 */
@Singleton
public class TokenService {
  private static final int MOST = 10_000;
  private static final int MOST_GROUPS = 100;
  private static final Duration LONGEST = Duration.ofDays(36_500);

  private final Directory directory;
  private final SystemEntries entries;

  @Inject
  public TokenService(Directory directory, SystemEntries entries) {
    this.directory = directory;
    this.entries = entries;
  }

  /**
   * A token as it may be looked at.
   *
   * @param lastUsedAt milliseconds since the epoch, or null when it was never used
   */
  public record Described(
      String id,
      String subject,
      Set<String> groups,
      long createdAt,
      long expiresAt,
      @Nullable Long lastUsedAt) {}

  /**
   * A token that was made or rotated now.
   *
   * @param text what proves who has it; to be shown to whoever asked, and kept nowhere
   */
  public record Made(Described token, String text) {
    /** Without the text. */
    @Override
    public String toString() {
      return "Made[id=" + token.id() + "]";
    }
  }

  /**
   * Makes a token.
   *
   * @param life how long it is good; null for until it is revoked
   * @throws KeyValueException REQUEST_INVALID for names that are not allowed
   */
  public CompletionStage<Made> create(
      Access access, String subject, Set<String> groups, @Nullable Duration life) {
    access.requireAll(Permission.ADMIN);
    Names.checked("subject", subject);
    if (ClientCertificates.isReserved(subject)) {
      throw KeyValueException.invalid("subject", "It is a name that only a certificate gives.");
    }
    groups.forEach(group -> Names.checked("groups", group));
    requireFew("groups", groups.size(), MOST_GROUPS);
    requireFew("tokens", 1 + directory.rules().get().tokens().size(), MOST);
    long now = entries.clock().millis();
    String id = ApiToken.newId();
    String text = ApiToken.newText(id);
    ApiToken token =
        new ApiToken(id, subject, groups, Digests.sha256(text), now, end(life, now), null);
    return access
        .trail()
        .of(
            "createToken",
            () -> id + " " + subject,
            put(token, new Condition(null, Tags.ANY), text));
  }

  /** All tokens, the oldest first. */
  public List<Described> list(Access access) {
    access.requireAll(Permission.ADMIN);
    return directory.rules().get().tokens().values().stream()
        .sorted(Comparator.comparingLong(ApiToken::createdAt).thenComparing(ApiToken::id))
        .map(this::described)
        .toList();
  }

  /**
   * One token.
   *
   * @throws KeyValueException NOT_FOUND
   */
  public Described find(Access access, String id) {
    access.requireAll(Permission.ADMIN);
    ApiToken token = directory.rules().get().tokens().get(id);
    if (token == null) {
      throw missing();
    }
    return described(token);
  }

  /**
   * Gives a token another text.
   *
   * @param overlap how long the text before is good yet, so that its users can change over
   * @throws KeyValueException NOT_FOUND; PRECONDITION_FAILED when it was changed at the same moment
   */
  public CompletionStage<Made> rotate(Access access, String id, Duration overlap) {
    access.requireAll(Permission.ADMIN);
    CompletionStage<Made> made =
        entries
            .get(SecurityRows.token(id))
            .thenCompose(entry -> rotate(entry.orElseThrow(TokenService::missing), id, overlap));
    return access.trail().of("rotateToken", () -> id, made);
  }

  private CompletionStage<Made> rotate(Entry entry, String id, Duration overlap) {
    String text = ApiToken.newText(id);
    long now = entries.clock().millis();
    ApiToken token =
        SecurityRows.token(id, entry.value()).rotated(Digests.sha256(text), end(overlap, now));
    Condition unchanged = new Condition(new Tags(false, Set.of(entry.modRevision())), null);
    return put(token, unchanged, text);
  }

  /** Ends a token, and the grants that are its own. */
  public CompletionStage<Void> revoke(Access access, String id) {
    find(access, id);
    Holder holder = new Holder(Holder.Kind.TOKEN, id);
    List<Grant> own = directory.rules().get().granted().getOrDefault(holder, List.of());
    CompletionStage<Void> revoked =
        entries
            .delete(SecurityRows.token(id))
            .thenAccept(
                deleted -> {
                  entries.delete(SecurityRows.use(id));
                  own.forEach(grant -> entries.delete(SecurityRows.grant(grant.id())));
                });
    return access.trail().of("revokeToken", () -> id, revoked);
  }

  private CompletionStage<Made> put(ApiToken token, Condition condition, String text) {
    return entries
        .put(
            SecurityRows.token(token.id()), SecurityRows.value(token), token.expiresAt(), condition)
        .thenApply(written -> new Made(described(token), text));
  }

  private Described described(ApiToken token) {
    return new Described(
        token.id(),
        token.subject(),
        token.groups(),
        token.createdAt(),
        token.expiresAt(),
        directory.rules().uses().get(token.id()));
  }

  private static long end(@Nullable Duration life, long now) {
    if (life == null) {
      return Long.MAX_VALUE;
    }
    if (life.compareTo(LONGEST) > 0) {
      throw KeyValueException.invalid("ttl", "A token lives for at most 36500d.");
    }
    return now + life.toMillis();
  }

  static void requireFew(String what, int count, int most) {
    if (count > most) {
      throw KeyValueException.invalid(what, "There are at most %d.".formatted(most))
          .withLimit(most);
    }
  }

  private static KeyValueException missing() {
    return KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such token.");
  }
}
