package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Permission;

/** Tokens and grants as the store has them: frozen, as other servers have to read them. */
class SecurityRowsTest {
  private static final ApiToken TOKEN =
      new ApiToken("abc", "ann", Set.of("team"), Digests.sha256("t"), 5, Long.MAX_VALUE, null);

  @Test
  void token_golden() {
    assertThat(SecurityRows.value(TOKEN).toUtf8())
        .isEqualTo(
            "{\"subject\":\"ann\",\"groups\":[\"team\"],\"sha256\":"
                + "\"e3b98a4da31a127d4bde6e43033f66ba274cab0eb7eb1c70ec41402bf6273dd8\","
                + "\"createdAt\":5,\"expiresAt\":9223372036854775807}");
    assertThat(SecurityRows.token("abc").text()).isEqualTo("\0token/abc");
  }

  @Test
  void token_comesBack_rotatedOrNot() {
    ApiToken rotated = TOKEN.rotated(Digests.sha256("u"), 77);

    assertThat(SecurityRows.token("abc", SecurityRows.value(TOKEN))).isEqualTo(TOKEN);
    assertThat(SecurityRows.token("abc", SecurityRows.value(rotated))).isEqualTo(rotated);
  }

  @Test
  void grant_comesBack_andItsIdIsItsHoldersAndPrefixs() {
    Grant grant = new Grant(new Holder(Holder.Kind.GROUP, "team"), "ü\"/", Permission.WRITE);

    assertThat(SecurityRows.grant(SecurityRows.value(grant))).isEqualTo(grant);
    assertThat(grant.id())
        .isEqualTo(new Grant(grant.holder(), grant.prefix(), Permission.READ).id())
        .isNotEqualTo(new Grant(grant.holder(), "ü", Permission.WRITE).id())
        .isNotEqualTo(
            new Grant(new Holder(Holder.Kind.SUBJECT, "team"), "ü\"/", Permission.WRITE).id());
  }

  @Test
  void kindsOfKeys_areToldApart() {
    assertThat(SecurityRows.tokenId(SecurityRows.token("a"))).isEqualTo("a");
    assertThat(SecurityRows.grantId(SecurityRows.token("a"))).isNull();
    assertThat(SecurityRows.useId(SecurityRows.use("a"))).isEqualTo("a");
    assertThat(SecurityRows.grantId(SecurityRows.grant("g"))).isEqualTo("g");
    assertThat(SecurityRows.tokenId(Key.ofSystem("other"))).isNull();
  }

  @Test
  void text_ofAToken_hasItsIdAndNoOther() {
    String text = ApiToken.newText("abcdefghijkl");

    assertThat(ApiToken.idOf(text)).isEqualTo("abcdefghijkl");
    assertThat(ApiToken.idOf(text + "x")).isNull();
    assertThat(ApiToken.idOf("kvt_short")).isNull();
    assertThat(ApiToken.newText("abcdefghijkl")).isNotEqualTo(text);
  }
}
