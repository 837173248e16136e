package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.Permission;

/** What grants allow: exactly their prefix and what their permission includes. */
class RulesTest {
  private static final Caller ANN = Caller.of("ann", Set.of("team"), Long.MAX_VALUE, false);
  private static final Caller BOB = Caller.of("bob", Set.of(), Long.MAX_VALUE, false);

  @Test
  void permission_includesThoseBeforeIt() {
    Rules rules = given(Holder.Kind.SUBJECT, "ann", "a/", Permission.WRITE);

    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("a/x"))).isTrue();
    assertThat(rules.allows(ANN, Permission.WRITE, Bytes.ofUtf8("a/x"))).isTrue();
    assertThat(rules.allows(ANN, Permission.ADMIN, Bytes.ofUtf8("a/x"))).isFalse();
    assertThat(rules.allows(BOB, Permission.READ, Bytes.ofUtf8("a/x"))).isFalse();
    assertThat(rules.allowsSome(ANN, Permission.WRITE)).isTrue();
    assertThat(rules.allowsSome(ANN, Permission.ADMIN)).isFalse();
  }

  @Test
  void prefix_isComparedByteForByte() {
    Rules rules = given(Holder.Kind.GROUP, "team", "orders", Permission.READ);

    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("orders"))).isTrue();
    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("orders-old"))).isTrue();
    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("order"))).isFalse();
    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("Orders"))).isFalse();
  }

  @Test
  void range_needsOneGrantThatCoversIt() {
    Holder ann = new Holder(Holder.Kind.SUBJECT, "ann");
    Rules rules =
        new Rules(
            Map.of(),
            Map.of(
                "1", new Grant(ann, "a", Permission.READ),
                "2", new Grant(ann, "b", Permission.READ)));

    assertThat(rules.allows(ANN, Permission.READ, range("a", "b"))).isTrue();
    assertThat(rules.allows(ANN, Permission.READ, range("a1", "a2"))).isTrue();
    assertThat(rules.allows(ANN, Permission.READ, range("a", "c"))).isFalse();
    assertThat(rules.allows(ANN, Permission.READ, KeyRange.ALL)).isFalse();
  }

  @Test
  void names_ofSubjectsAndGroups_areNotEachOthers() {
    Rules rules = given(Holder.Kind.SUBJECT, "team", "a/", Permission.READ);

    assertThat(rules.allows(ANN, Permission.READ, Bytes.ofUtf8("a/x"))).isFalse();
  }

  @Test
  void operator_mayEverything_withoutAGrant() {
    assertThat(Rules.NONE.allows(Caller.operator(), Permission.ADMIN, KeyRange.ALL)).isTrue();
    assertThat(Rules.NONE.accepts(Caller.operator(), Long.MAX_VALUE - 1)).isTrue();
  }

  @Test
  void token_isAccepted_untilItExpires_isRotatedOrRevoked() {
    Bytes first = Digests.sha256("first");
    ApiToken token = new ApiToken("id", "ann", Set.of(), first, 0, 100, null);
    Caller caller = Caller.of(token, first);
    Rules rules = with(token);

    assertThat(rules.accepts(caller, 99)).isTrue();
    assertThat(rules.accepts(caller, 100)).isFalse();
    Rules rotated = with(token.rotated(Digests.sha256("second"), 50));
    assertThat(rotated.accepts(caller, 49)).isTrue();
    assertThat(rotated.accepts(caller, 50)).isFalse();
    assertThat(Rules.NONE.accepts(caller, 1)).isFalse();
  }

  private static Rules with(ApiToken token) {
    return new Rules(Map.of(token.id(), token), Map.of());
  }

  private static Rules given(Holder.Kind kind, String name, String prefix, Permission permission) {
    return new Rules(Map.of(), Map.of("1", new Grant(new Holder(kind, name), prefix, permission)));
  }

  private static KeyRange range(String start, String end) {
    return KeyRange.between(Bytes.ofUtf8(start), Bytes.ofUtf8(end));
  }
}
