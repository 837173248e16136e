package org.kvstore.server.security;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Permission;

/**
 * All tokens and grants as of one moment.
 *
 * @param tokens by their ids
 * @param grants by their ids
 * @param granted the same grants by whose they are
 */
record Rules(
    Map<String, ApiToken> tokens, Map<String, Grant> grants, Map<Holder, List<Grant>> granted) {
  static final Rules NONE = new Rules(Map.of(), Map.of());

  Rules(Map<String, ApiToken> tokens, Map<String, Grant> grants) {
    this(
        Map.copyOf(tokens),
        Map.copyOf(grants),
        grants.values().stream()
            .collect(Collectors.groupingBy(Grant::holder, Collectors.toUnmodifiableList())));
  }

  /** Whether what a caller proved who they are with is good yet. */
  boolean accepts(Caller caller, long now) {
    Caller.Proof proof = caller.proof();
    if (proof == null) {
      return now < caller.validUntil();
    }
    ApiToken token = tokens.get(proof.token());
    return token != null && token.isProvenBy(proof.digest(), now);
  }

  /** Whether a caller has a permission on one position of a range of keys, or on all of it. */
  boolean allows(Caller caller, Permission wanted, Bytes key) {
    for (Holder holder : caller.holders()) {
      for (Grant grant : granted.getOrDefault(holder, List.of())) {
        if (grant.permission().includes(wanted) && grant.range().contains(key)) {
          return true;
        }
      }
    }
    return caller.isOperator();
  }

  /** Whether a caller has a permission on a whole range, by one grant. */
  boolean allows(Caller caller, Permission wanted, KeyRange range) {
    return caller.isOperator()
        || caller.holders().stream()
            .flatMap(holder -> granted.getOrDefault(holder, List.of()).stream())
            .anyMatch(grant -> grant.permission().includes(wanted) && grant.range().covers(range));
  }

  /** Whether a caller has a permission on any key. */
  boolean allowsSome(Caller caller, Permission wanted) {
    return caller.isOperator()
        || caller.holders().stream()
            .flatMap(holder -> granted.getOrDefault(holder, List.of()).stream())
            .anyMatch(grant -> grant.permission().includes(wanted));
  }
}
