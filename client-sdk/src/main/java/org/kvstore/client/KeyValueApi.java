package org.kvstore.client;

import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HEAD;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PATCH;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.concurrent.CompletionStage;
import org.eclipse.microprofile.rest.client.annotation.RegisterClientHeaders;
import org.eclipse.microprofile.rest.client.annotation.RegisterProvider;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;
import org.jspecify.annotations.Nullable;
import org.kvstore.api.CheckpointDocument;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.CompactedDocument;
import org.kvstore.api.DeletedDocument;
import org.kvstore.api.EntryDocument;
import org.kvstore.api.GrantDocument;
import org.kvstore.api.Headers;
import org.kvstore.api.HistoryDocument;
import org.kvstore.api.LeaseDocument;
import org.kvstore.api.ListingDocument;
import org.kvstore.api.MediaTypes;
import org.kvstore.api.NodeDocument;
import org.kvstore.api.StatusDocument;
import org.kvstore.api.TransactedDocument;
import org.kvstore.api.TransactionDocument;

/**
 * The HTTP contract as a MicroProfile REST client: one method a request, no logic. Applications
 * normally use {@link KeyValueClient}, which returns entries instead of responses.
 *
 * <p>Configured by the key {@code kvstore}, for example {@code kvstore/mp-rest/url} and {@code
 * kvstore/mp-rest/readTimeout}. A key is passed as it is; {@link KeyPathFilter} encodes it. An
 * answer of 400 or above is thrown as a {@link KeyValueException}. A transport failure is thrown as
 * {@link jakarta.ws.rs.ProcessingException}: for a write that means an unknown outcome. The caller
 * closes each {@link Response}. It has one base URI and repeats nothing: in front of a cluster that
 * is the address of one node, or of what spreads over the nodes; {@code kvstore.servers} is for
 * {@link KeyValueClient} alone. {@code GET /v1/watch} is not here: the REST client cannot end an
 * answer that has no end, so {@link Watch} has a transport of its own.
 */
@Path("/")
@RegisterRestClient(configKey = "kvstore", baseUri = "http://127.0.0.1:8080")
@RegisterClientHeaders(CallerHeaders.class)
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

  /** Changes a value by a patch, JSON in UTF-8: 200 with the new value. */
  @PATCH
  @Path("v1/kv/{key: .+}")
  @Consumes(MediaType.APPLICATION_OCTET_STREAM)
  @Produces(MediaType.WILDCARD)
  Response patch(@PathParam("key") String key, @BeanParam PatchOptions options, byte[] patch);

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

  /**
   * Does operations, a line of {@link org.kvstore.api.OperationDocument} each: 200 with a line of
   * {@link org.kvstore.api.ResultDocument} each, in order.
   *
   * @param lines newline-delimited JSON in UTF-8
   * @param idempotencyKey names the writes of the batch, or null
   */
  @POST
  @Path("v1/batch")
  @Consumes(MediaTypes.NDJSON)
  @Produces(MediaTypes.NDJSON)
  Response batch(
      byte[] lines, @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Does several operations as one. */
  @POST
  @Path("v1/txn")
  @Consumes(MediaType.APPLICATION_JSON)
  @Produces(MediaType.APPLICATION_JSON)
  TransactedDocument transact(
      TransactionDocument transaction,
      @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Grants a lease. */
  @POST
  @Path("v1/leases")
  @Consumes(MediaType.APPLICATION_JSON)
  @Produces(MediaType.APPLICATION_JSON)
  LeaseDocument grantLease(
      GrantDocument wanted, @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Reads a lease with its keys. */
  @GET
  @Path("v1/leases/{id}")
  @Produces(MediaType.APPLICATION_JSON)
  LeaseDocument lease(@PathParam("id") String id);

  /** Renews a lease. */
  @PUT
  @Path("v1/leases/{id}")
  @Produces(MediaType.APPLICATION_JSON)
  LeaseDocument renewLease(
      @PathParam("id") String id,
      @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /** Revokes a lease: 204. */
  @DELETE
  @Path("v1/leases/{id}")
  @Produces(MediaType.WILDCARD)
  Response revokeLease(
      @PathParam("id") String id,
      @HeaderParam(Headers.IDEMPOTENCY_KEY) @Nullable String idempotencyKey);

  /**
   * Reads one page of the versions of a key.
   *
   * @param key the key
   * @param limit most versions on the page, 1..1000; null means 100
   * @param cursor continues after an earlier page; or null
   */
  @GET
  @Path("v1/history/{key: .+}")
  @Produces(MediaType.APPLICATION_JSON)
  HistoryDocument history(
      @PathParam("key") String key,
      @QueryParam("limit") @Nullable Integer limit,
      @QueryParam("cursor") @Nullable String cursor);

  /** Gives up the history before a revision; without one, all of it. */
  @POST
  @Path("v1/admin/compact")
  @Produces(MediaType.APPLICATION_JSON)
  CompactedDocument compact(@QueryParam("revision") @Nullable Long revision);

  /**
   * Backs up the whole store: 200 with an archive, for {@link
   * org.kvstore.api.archive.ArchiveReader}. {@code POST /v1/admin/restore} is not here: the REST
   * client would hold a copy of the archive.
   */
  @GET
  @Path("v1/admin/backup")
  @Produces(MediaTypes.TAR)
  Response backup();

  /** Makes a copy on the server's own disk. */
  @POST
  @Path("v1/admin/checkpoint")
  @Produces(MediaType.APPLICATION_JSON)
  CheckpointDocument checkpoint();

  /** Reads the state of the service. */
  @GET
  @Path("v1/status")
  @Produces(MediaType.APPLICATION_JSON)
  StatusDocument status();

  /** Reads what one node knows of its cluster; {@link KeyNotFoundException} if it is in none. */
  @GET
  @Path("v1/cluster")
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument cluster();

  /**
   * Makes a node that runs with {@code kv.cluster.join} a member of the cluster: 202 once it is one
   * of those that keep the tokens and grants, which may take a minute. Its replicas of the shards
   * follow by themselves; what is to come is in {@link ClusterDocument#moves}. It changes nothing
   * for what is a member already, so it may be repeated, as the other changes of the cluster.
   *
   * <p>{@link PreconditionFailedException} if there is such a member at another address, or no
   * room; {@link UnavailableException} if the node cannot be reached, or there is no majority.
   */
  @POST
  @Path("v1/admin/cluster/nodes")
  @Consumes(MediaType.APPLICATION_JSON)
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument addNode(NodeDocument node);

  /**
   * Begins to take a node out of the cluster, be it alive or not: 202, which may take a minute.
   *
   * <p>{@link KeyNotFoundException} if it is no member; {@link PreconditionFailedException} if it
   * is the last, those left alive would be no majority, or replicas of others move.
   */
  @DELETE
  @Path("v1/admin/cluster/nodes/{id}")
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument removeNode(@PathParam("id") String id);

  /**
   * Has a node give up all leadership of shards, and take none until it is told otherwise or
   * started again. It is done when it leads no shard of {@link #cluster}. {@link
   * KeyNotFoundException} if it is no member; {@link UnavailableException} if it does not answer.
   */
  @PUT
  @Path("v1/admin/cluster/nodes/{id}/drain")
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument drainNode(@PathParam("id") String id);

  /** Lets a node lead shards again; fails as {@link #drainNode} does. */
  @DELETE
  @Path("v1/admin/cluster/nodes/{id}/drain")
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument undrainNode(@PathParam("id") String id);

  /**
   * Spreads the leaders of shards evenly over the nodes: 202, which may take a minute. {@link
   * UnavailableException} if a shard has no leader, or a node does not take over.
   */
  @POST
  @Path("v1/admin/cluster/rebalance")
  @Produces(MediaType.APPLICATION_JSON)
  ClusterDocument rebalance();

  /** Asks whether the service takes requests: 200, or {@link UnavailableException}. */
  @GET
  @Path("health/ready")
  @Produces(MediaType.WILDCARD)
  Response ready();

  @Override
  void close();
}
