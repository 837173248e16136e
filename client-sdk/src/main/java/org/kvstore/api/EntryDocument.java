package org.kvstore.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * An entry in JSON: of a listing, and of {@link MediaTypes#ENTRY}.
 *
 * @param key the key, as text
 * @param value the value as text when it is valid UTF-8, else null; null too with {@code keysOnly}
 * @param valueBase64 the value in base64 (RFC 4648 section 4) when it is not valid UTF-8, else null
 * @param contentType media type that the value was stored with
 * @param createRevision revision of the write that created the entry
 * @param modRevision revision of the newest write
 * @param version number of writes since the entry was created, from 1
 * @param expiresAt ISO-8601 instant in UTC, or null when the entry does not expire
 * @param lease lease that the entry hangs on, or null
 */
public record EntryDocument(
    String key,
    @Nullable String value,
    @Nullable String valueBase64,
    @Nullable String contentType,
    long createRevision,
    long modRevision,
    long version,
    @Nullable String expiresAt,
    @Nullable String lease) {

  /** The value's bytes from whichever form is present; empty when there is neither. */
  public byte[] bytes() {
    if (value != null) {
      return value.getBytes(StandardCharsets.UTF_8);
    }
    return valueBase64 == null ? new byte[0] : Base64.getDecoder().decode(valueBase64);
  }

  /** The bytes as text if they are valid UTF-8, else null. */
  public static @Nullable String textOrNull(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notText) {
      return null;
    }
  }
}
