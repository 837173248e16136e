package org.kvstore.server.security;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;

/**
 * Who sent a request, as far as that was proven.
 *
 * @param subject their name
 * @param holders whose grants are theirs
 * @param proof what they proved it with, if that can be revoked; or null
 * @param validUntil when the proof ends: milliseconds since the epoch
 * @param isOperator whether they may do everything, whatever grants there are
 */
record Caller(
    String subject,
    List<Holder> holders,
    @Nullable Proof proof,
    long validUntil,
    boolean isOperator) {

  /**
   * An API token and the text that was shown of it, which a rotation ends.
   *
   * @param token id
   * @param digest SHA-256 of the text
   */
  record Proof(String token, Bytes digest) {}

  /** No name that anybody else can have: theirs are of {@link Names}. */
  private static final String OPERATOR = "(operator)";

  /** The holder of the token that the configuration names. */
  static Caller operator() {
    return new Caller(OPERATOR, List.of(), null, Long.MAX_VALUE, true);
  }

  /** Whoever has an API token. */
  static Caller of(ApiToken token, Bytes digestOfText) {
    List<Holder> holders = holders(token.subject(), token.groups());
    holders.add(new Holder(Holder.Kind.TOKEN, token.id()));
    return new Caller(
        token.subject(),
        List.copyOf(holders),
        new Proof(token.id(), digestOfText),
        token.expiresAt(),
        false);
  }

  /** Whoever another authority vouches for. */
  static Caller of(String subject, Set<String> groups, long validUntil, boolean isOperator) {
    return new Caller(subject, List.copyOf(holders(subject, groups)), null, validUntil, isOperator);
  }

  private static List<Holder> holders(String subject, Set<String> groups) {
    List<Holder> holders = new ArrayList<>();
    holders.add(new Holder(Holder.Kind.SUBJECT, subject));
    groups.forEach(group -> holders.add(new Holder(Holder.Kind.GROUP, group)));
    return holders;
  }
}
