package org.kvstore.server.security;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Permission;

/**
 * How tokens and grants are kept in the store: JSON under keys of the server's own.
 *
 * <pre>
 * token/{id}   an API token, expiring when it does
 * use/{id}     when it was used last
 * grant/{id}   a grant
 * </pre>
 */
final class SecurityRows {
  static final String CONTENT_TYPE = "application/json";
  private static final String TOKENS = "token/";
  private static final String USES = "use/";
  private static final String GRANTS = "grant/";

  private SecurityRows() {}

  static Key token(String id) {
    return Key.ofSystem(TOKENS + id);
  }

  static Key use(String id) {
    return Key.ofSystem(USES + id);
  }

  static Key grant(String id) {
    return Key.ofSystem(GRANTS + id);
  }

  /** The id of the token that a key is of, or null. */
  static @Nullable String tokenId(Key key) {
    return id(TOKENS, key);
  }

  /** The id of the token whose use a key is of, or null. */
  static @Nullable String useId(Key key) {
    return id(USES, key);
  }

  /** The id of the grant that a key is of, or null. */
  static @Nullable String grantId(Key key) {
    return id(GRANTS, key);
  }

  private static @Nullable String id(String kind, Key key) {
    String name = key.text().substring(1);
    return name.startsWith(kind) ? name.substring(kind.length()) : null;
  }

  static Bytes value(ApiToken token) {
    JsonArrayBuilder groups = Json.createArrayBuilder();
    token.groups().forEach(groups::add);
    JsonObjectBuilder json =
        Json.createObjectBuilder()
            .add("subject", token.subject())
            .add("groups", groups)
            .add("sha256", hex(token.digest()))
            .add("createdAt", token.createdAt())
            .add("expiresAt", token.expiresAt());
    ApiToken.Earlier earlier = token.earlier();
    if (earlier != null) {
      json.add("earlierSha256", hex(earlier.digest())).add("earlierUntil", earlier.until());
    }
    return Bytes.ofUtf8(json.build().toString());
  }

  static ApiToken token(String id, Bytes value) {
    JsonObject json = parse(value);
    Set<String> groups =
        json.getJsonArray("groups").getValuesAs(JsonString.class).stream()
            .map(JsonString::getString)
            .collect(Collectors.toUnmodifiableSet());
    return new ApiToken(
        id,
        json.getString("subject"),
        groups,
        bytes(json.getString("sha256")),
        json.getJsonNumber("createdAt").longValueExact(),
        json.getJsonNumber("expiresAt").longValueExact(),
        json.containsKey("earlierSha256")
            ? new ApiToken.Earlier(
                bytes(json.getString("earlierSha256")),
                json.getJsonNumber("earlierUntil").longValueExact())
            : null);
  }

  static Bytes value(Grant grant) {
    return Bytes.ofUtf8(
        Json.createObjectBuilder()
            .add("kind", grant.holder().kind().label())
            .add("name", grant.holder().name())
            .add("prefix", grant.prefix())
            .add("permission", label(grant.permission()))
            .build()
            .toString());
  }

  static Grant grant(Bytes value) {
    JsonObject json = parse(value);
    return new Grant(
        new Holder(
            Holder.Kind.valueOf(json.getString("kind").toUpperCase(Locale.ROOT)),
            json.getString("name")),
        json.getString("prefix"),
        Permission.valueOf(json.getString("permission").toUpperCase(Locale.ROOT)));
  }

  static Bytes value(long lastUse) {
    return Bytes.ofUtf8(Long.toString(lastUse));
  }

  static long lastUse(Bytes value) {
    return Long.parseLong(value.toUtf8());
  }

  static String label(Permission permission) {
    return permission.name().toLowerCase(Locale.ROOT);
  }

  private static JsonObject parse(Bytes value) {
    try (JsonReader reader = Json.createReader(new StringReader(value.toUtf8()))) {
      return reader.readObject();
    }
  }

  private static String hex(Bytes digest) {
    return HexFormat.of().formatHex(digest.toArray());
  }

  private static Bytes bytes(String hex) {
    return Bytes.takeOver(HexFormat.of().parseHex(hex));
  }
}
