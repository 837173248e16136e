package org.kvstore.server.api;

import jakarta.annotation.Priority;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.ext.MessageBodyWriter;
import jakarta.ws.rs.ext.Provider;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Type;
import org.kvstore.server.api.EntryResponses.StoredValue;

/** Writes a value as the bytes that it is, whatever its media type. */
@Provider
@Priority(1)
@Produces(MediaType.WILDCARD)
public class ValueWriter implements MessageBodyWriter<StoredValue> {
  @Override
  public boolean isWriteable(
      Class<?> type, Type genericType, Annotation[] annotations, MediaType mediaType) {
    return type == StoredValue.class;
  }

  @Override
  public long getSize(
      StoredValue value,
      Class<?> type,
      Type genericType,
      Annotation[] annotations,
      MediaType mediaType) {
    return value.bytes().size();
  }

  @Override
  public void writeTo(
      StoredValue value,
      Class<?> type,
      Type genericType,
      Annotation[] annotations,
      MediaType mediaType,
      MultivaluedMap<String, Object> headers,
      OutputStream out)
      throws IOException {
    // Jakarta REST would write the media type in a form of its own, and may not say the length.
    headers.putSingle(HttpHeaders.CONTENT_TYPE, value.contentType());
    headers.putSingle(HttpHeaders.CONTENT_LENGTH, Integer.toString(value.bytes().size()));
    value.bytes().writeTo(out);
  }
}
