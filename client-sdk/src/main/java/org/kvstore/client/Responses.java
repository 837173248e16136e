package org.kvstore.client;

import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.kvstore.api.Headers;

/** Reads the answers about one key, and closes them. */
final class Responses {
  private Responses() {}

  /** The entry of a 200; empty for a 304. */
  static Optional<Entry> entry(String key, Response response) {
    try (response) {
      if (response.getStatus() == Response.Status.NOT_MODIFIED.getStatusCode()) {
        return Optional.empty();
      }
      Metadata metadata = Metadata.of(response);
      byte[] bytes = response.hasEntity() ? response.readEntity(byte[].class) : new byte[0];
      return Optional.of(new Entry(key, Value.owning(bytes), metadata));
    } catch (ProcessingException broken) {
      throw Transport.READ.failure(broken);
    }
  }

  /** What a node has, of a 200. */
  static LocalEntry localEntry(String key, Response response) {
    Optional<Duration> age = age(response);
    return new LocalEntry(entry(key, response), age);
  }

  /**
   * How old a local read may be; empty when the answer does not say, or not so that it is known.
   */
  static Optional<Duration> age(Response response) {
    String millis = response.getHeaderString(Headers.AGE);
    try {
      return millis == null
          ? Optional.empty()
          : Optional.of(Duration.ofMillis(Long.parseLong(millis.strip())));
    } catch (NumberFormatException twice) {
      return Optional.empty();
    }
  }

  /** The entry that a patch left; its outcome is unknown when the answer breaks. */
  static Entry patched(String key, Response response) {
    try (response) {
      Metadata metadata = Metadata.of(response);
      byte[] bytes = response.hasEntity() ? response.readEntity(byte[].class) : new byte[0];
      return new Entry(key, Value.owning(bytes), metadata);
    } catch (ProcessingException broken) {
      throw Transport.WRITE.failure(broken);
    }
  }

  static Written written(Response response) {
    try (response) {
      String etag = response.getHeaderString(HttpHeaders.ETAG);
      if (etag == null) {
        throw KeyValueException.notTheService(response.getStatus(), "a write has no ETag", null);
      }
      return new Written(response.getStatus() == Response.Status.CREATED.getStatusCode(), etag);
    }
  }

  /** Whether it is the 204 of something that has been done. */
  static boolean isDone(Response response) {
    try (response) {
      return response.getStatus() == Response.Status.NO_CONTENT.getStatusCode();
    }
  }

  /** The body as a stream, which the caller closes. */
  static InputStream body(Response response) {
    return response.hasEntity()
        ? response.readEntity(InputStream.class)
        : InputStream.nullInputStream();
  }

  static Optional<Entry> emptyIfNotFound(Throwable thrown) {
    Throwable cause = thrown.getCause() == null ? thrown : thrown.getCause();
    if (cause instanceof KeyNotFoundException) {
      return Optional.empty();
    }
    if (cause instanceof KeyValueException failed) {
      throw failed;
    }
    throw new IllegalStateException(cause);
  }
}
