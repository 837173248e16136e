package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.Set;
import java.util.function.Supplier;
import org.kvstore.api.ClusterDocument;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.NodeDocument;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.ClusterConfig;
import org.kvstore.server.service.ClusterService;
import org.kvstore.server.service.KeyValueService;

/**
 * Which nodes there are, and who leads: {@code /v1/admin/cluster}. A call waits for other nodes, up
 * to a minute, so it has a thread of its own, and few run at a time.
 */
@Path("/v1/admin/cluster")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class ClusterAdminResource {
  private static final Set<String> NONE = Set.of();
  private static final int MAX_BODY = 4 << 10;

  private final ClusterService service;
  private final KeyValueService keys;

  @Inject
  public ClusterAdminResource(ClusterService service, KeyValueService keys) {
    this.service = service;
    this.keys = keys;
  }

  /**
   * What is done, as the audit log says it, and how.
   *
   * @param target which node; empty for all
   */
  private record Change(String action, String target, Supplier<ClusterDocument> call) {}

  @POST
  @Path("nodes")
  @Consumes(MediaType.APPLICATION_JSON)
  public void add(@Context HttpServletRequest request, @Suspended AsyncResponse response)
      throws IOException {
    check(request);
    NodeDocument node = NodeBodies.parse(Bodies.readText(request, MAX_BODY));
    run(
        request,
        response,
        Response.Status.ACCEPTED,
        new Change(
            "addNode",
            node.id() + "=" + node.raftAddress(),
            () -> service.add(node.id(), node.raftAddress())));
  }

  @DELETE
  @Path("nodes/{id}")
  public void remove(
      @Context HttpServletRequest request,
      @PathParam("id") String id,
      @Suspended AsyncResponse response) {
    check(request, id);
    run(
        request,
        response,
        Response.Status.ACCEPTED,
        new Change("removeNode", id, () -> service.remove(id)));
  }

  @PUT
  @Path("nodes/{id}/drain")
  public void drain(
      @Context HttpServletRequest request,
      @PathParam("id") String id,
      @Suspended AsyncResponse response) {
    Bodies.requireNone(request, "it takes no parameters.");
    check(request, id);
    run(
        request,
        response,
        Response.Status.OK,
        new Change("drainNode", id, () -> service.drain(id, true)));
  }

  @DELETE
  @Path("nodes/{id}/drain")
  public void undrain(
      @Context HttpServletRequest request,
      @PathParam("id") String id,
      @Suspended AsyncResponse response) {
    check(request, id);
    run(
        request,
        response,
        Response.Status.OK,
        new Change("undrainNode", id, () -> service.drain(id, false)));
  }

  @POST
  @Path("rebalance")
  public void rebalance(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Bodies.requireNone(request, "it takes no parameters.");
    check(request);
    run(
        request,
        response,
        Response.Status.ACCEPTED,
        new Change("rebalance", "", service::rebalance));
  }

  private static void check(HttpServletRequest request) {
    Query.of(request, NONE);
    Exchange.access(request).requireAll(Permission.ADMIN);
  }

  /** What no node may be named is the name of none, and goes no further. */
  private static void check(HttpServletRequest request, String id) {
    check(request);
    if (!ClusterConfig.isNodeId(id)) {
      throw KeyValueException.of(ErrorCode.NOT_FOUND, "There is no such node.");
    }
  }

  private void run(
      HttpServletRequest request, AsyncResponse response, Response.Status done, Change change) {
    var trail = Exchange.access(request).trail();
    OwnThread.runCluster(
        keys,
        request,
        response,
        () -> {
          ClusterDocument cluster = trail.of(change.action(), change.target(), change.call());
          response.resume(Response.status(done).entity(cluster).build());
        });
  }
}
