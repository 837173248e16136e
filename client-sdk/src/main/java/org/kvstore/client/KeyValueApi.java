package org.kvstore.client;

import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.rest.client.annotation.RegisterProvider;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.DeletedDocument;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.Headers;
import org.kvstore.api.ListingDocument;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.StatusDocument;

/**
 * The HTTP contract as a MicroProfile REST client: one method a request, no logic. Applications
 * normally use {@link KeyValueClient}, which returns entries instead of responses.
 *
 * <p>Configured by the key {@code kvstore}, for example {@code kvstore/mp-rest/url} and {@code
 * kvstore/mp-rest/readTimeout}. A key is passed as it is; {@link KeyPathFilter} encodes it. An
 * answer of 400 or above is thrown as a {@link KeyValueException}. A transport failure is thrown as
 * {@link jakarta.ws.rs.ProcessingException}: for a write that means an unknown outcome. The caller
 * closes each {@link Response}.
 */
@Path("/")
@RegisterRestClient(configKey = "kvstore", baseUri = "http://127.0.0.1:8080")
@RegisterProvider(KeyPathFilter.class)
@RegisterProvider(ProblemMapper.class)
public interface KeyValueApi extends AutoCloseable {

  /** Reads a value: 200 with the raw bytes, or 304. */
  @GET
  @Path("v1/kv/{key: .+}")
  @Produces(MediaType.WILDCARD)
  Response get(@PathParam("key") String key, @BeanParam ReadOptions options);

  /** As {@link #get}, without holding the caller's thread. */
  @GET
  @Path("v1/kv/{key: .+}")
  @Produces(MediaType.WILDCARD)
  CompletionStage<Response> getAsync(@PathParam("key") String key, @BeanParam ReadOptions options);

  /** Reads an entry as a JSON document. */
  @GET
  @Path("v1/kv/{key: .+}")
  @Produces(MediaTypes.ENTRY)
  EntryDocument document(@PathParam("key") String key, @BeanParam ReadOptions options);

  /** Reads the headers of a value: 200, or 304. */
  @HEAD
  @Path("v1/kv/{key: .+}")
  @Produces(MediaType.WILDCARD)
  Response head(@PathParam("key") String key, @BeanParam ReadOptions options);

  /** Creates (201) or replaces (204) a value; the answer carries the new entity tag. */
  @PUT
  @Path("v1/kv/{key: .+}")
  @Consumes(MediaType.APPLICATION_OCTET_STREAM)
  @Produces(MediaType.WILDCARD)
  Response put(@PathParam("key") String key, @BeanParam PutOptions options, byte[] value);

  /** As {@link #put}, without holding the caller's thread. */
  @PUT
  @Path("v1/kv/{key: .+}")
  @Consumes(MediaType.APPLICATION_OCTET_STREAM)
  @Produces(MediaType.WILDCARD)
  CompletionStage<Response> putAsync(
      @PathParam("key") String key, @BeanParam PutOptions options, byte[] value);

  /** Deletes a key: 204. */
  @DELETE
  @Path("v1/kv/{key: .+}")
  @Produces(MediaType.WILDCARD)
  Response delete(
      @PathParam("key") String key,
      @HeaderParam(HttpHeaders.IF_MATCH) @Nullable String ifMatch,
      @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Reads one page of a range. */
  @GET
  @Path("v1/kv")
  @Produces(MediaType.APPLICATION_JSON)
  ListingDocument list(@BeanParam KeyRange range, @BeanParam ListOptions options);

  /** Streams a whole range as newline-delimited JSON, at one point in time. */
  @GET
  @Path("v1/kv")
  @Produces(MediaTypes.NDJSON)
  Response export(@BeanParam KeyRange range);

  /**
   * Deletes a range.
   *
   * @param range the keys to delete
   * @param all true when the range is everything, as a guard against an empty range by mistake
   * @param idempotencyKey names this write, or null
   */
  @DELETE
  @Path("v1/kv")
  @Produces(MediaType.APPLICATION_JSON)
  DeletedDocument deleteRange(
      @BeanParam KeyRange range,
      @QueryParam("all") @Nullable Boolean all,
      @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Reads the state of the service. */
  @GET
  @Path("v1/status")
  @Produces(MediaType.APPLICATION_JSON)
  StatusDocument status();

  /** Asks whether the service takes requests: 200, or {@link UnavailableException}. */
  @GET
  @Path("health/ready")
  @Produces(MediaType.WILDCARD)
  Response ready();

  @Override
  void close();
}
