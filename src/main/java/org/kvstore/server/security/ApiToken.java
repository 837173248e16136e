package org.kvstore.server.security;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;

/**
 * An API token as it is kept: not what is shown once, but a digest of it.
 *
 * @param id names it, in its own text too, so that it is found without a search
 * @param subject who proves to be whom with it
 * @param groups in which they are
 * @param digest SHA-256 of the whole text
 * @param createdAt milliseconds since the epoch
 * @param expiresAt milliseconds since the epoch, or {@link Long#MAX_VALUE}
 * @param earlier the digest before the newest rotation, while that is still good; or null
 */
record ApiToken(
    String id,
    String subject,
    Set<String> groups,
    Bytes digest,
    long createdAt,
    long expiresAt,
    @Nullable Earlier earlier) {
  private static final int ID_LENGTH = 12;
  private static final int SECRET_BYTES = 32;
  private static final String ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final Pattern TEXT =
      Pattern.compile("kvt_([a-z0-9]{" + ID_LENGTH + "})_[A-Za-z0-9_-]{43}");
  private static final SecureRandom RANDOM = new SecureRandom();

  /** Copies the set. */
  ApiToken {
    groups = Set.copyOf(groups);
  }

  /**
   * What was good before a rotation.
   *
   * @param digest SHA-256 of the whole text
   * @param until milliseconds since the epoch
   */
  record Earlier(Bytes digest, long until) {}

  /** A new id. */
  static String newId() {
    StringBuilder id = new StringBuilder(ID_LENGTH);
    for (int i = 0; i < ID_LENGTH; i++) {
      id.append(ID_LETTERS.charAt(RANDOM.nextInt(ID_LETTERS.length())));
    }
    return id.toString();
  }

  /** A new text of a token: 256 random bits. It begins in a way that searches for leaks know. */
  static String newText(String id) {
    byte[] secret = new byte[SECRET_BYTES];
    RANDOM.nextBytes(secret);
    return "kvt_" + id + '_' + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
  }

  /** The id in a text, or null when it is not one of a token. */
  static @Nullable String idOf(String text) {
    Matcher matcher = TEXT.matcher(text);
    return matcher.matches() ? matcher.group(1) : null;
  }

  /** Whether a text is this token's, and it has not expired. */
  boolean isProvenBy(Bytes digestOfText, long now) {
    boolean isNewest = Digests.areEqual(digest, digestOfText);
    boolean isEarlier =
        earlier != null
            && now < earlier.until()
            && Digests.areEqual(earlier.digest(), digestOfText);
    return (isNewest || isEarlier) && now < expiresAt;
  }

  /** The same with another text; the one before is good for a while yet. */
  ApiToken rotated(Bytes newDigest, long earlierUntil) {
    return new ApiToken(
        id, subject, groups, newDigest, createdAt, expiresAt, new Earlier(digest, earlierUntil));
  }
}
