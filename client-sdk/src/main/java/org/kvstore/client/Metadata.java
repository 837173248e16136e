package org.kvstore.client;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.Headers;

/**
 * What the service knows about an entry beside its key and value.
 *
 * @param contentType media type that the value was stored with
 * @param createRevision revision of the write that created the entry
 * @param modRevision revision of the newest write
 * @param version number of writes since the entry was created, from 1
 * @param expiresAt when the entry expires, or null when it does not
 * @param lease lease that the entry hangs on, or null
 */
public record Metadata(
    String contentType,
    long createRevision,
    long modRevision,
    long version,
    @Nullable Instant expiresAt,
    @Nullable String lease) {

  /** The entity tag of the raw value, in quotes: what {@code If-Match} takes. */
  public String etag() {
    return Etags.ofRevision(modRevision);
  }

  static Metadata of(EntryDocument document) {
    String type = document.contentType();
    return new Metadata(
        type == null ? MediaType.APPLICATION_OCTET_STREAM : type,
        document.createRevision(),
        document.modRevision(),
        document.version(),
        instant(document.expiresAt()),
        document.lease());
  }

  /** Reads the headers of a GET or HEAD. */
  static Metadata of(Response response) {
    String type = response.getHeaderString(HttpHeaders.CONTENT_TYPE);
    return new Metadata(
        type == null ? MediaType.APPLICATION_OCTET_STREAM : type,
        number(response, Headers.CREATE_REVISION),
        number(response, Headers.MOD_REVISION),
        number(response, Headers.VERSION),
        instant(response.getHeaderString(Headers.EXPIRES_AT)),
        response.getHeaderString(Headers.LEASE));
  }

  static long number(Response response, String header) {
    String text = response.getHeaderString(header);
    try {
      return Long.parseLong(text == null ? "absent" : text);
    } catch (NumberFormatException notANumber) {
      throw KeyValueException.notTheService(
          response.getStatus(), "the header %s is %s".formatted(header, text), notANumber);
    }
  }

  private static @Nullable Instant instant(@Nullable String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (DateTimeParseException notAnInstant) {
      throw KeyValueException.notTheService(200, "a time of expiry is " + text, notAnInstant);
    }
  }
}
