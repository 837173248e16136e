package org.kvstore.server.api;

import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.StreamingOutput;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.kvstore.api.CompactedDocument;
import org.kvstore.api.MediaTypes;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Permission;
import org.kvstore.server.service.Backup;
import org.kvstore.server.service.BackupService;
import org.kvstore.server.service.BackupService.Arrival;
import org.kvstore.server.service.ChangeService;
import org.kvstore.server.service.KeyValueService;

/** What an operator asks for: {@code /v1/admin}. */
@Path("/v1/admin")
@Singleton
@Produces(MediaType.APPLICATION_JSON)
public class AdminResource {
  private final KeyValueService service;
  private final ChangeService changes;
  private final BackupService backups;

  @Inject
  public AdminResource(KeyValueService service, ChangeService changes, BackupService backups) {
    this.service = service;
    this.changes = changes;
    this.backups = backups;
  }

  /**
   * Sends everything as of one moment. The length is said beforehand, so an archive that breaks off
   * is never taken for a whole one.
   */
  @GET
  @Path("backup")
  @Produces(MediaTypes.TAR)
  public void backup(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Query.of(request, Set.of());
    Access access = Exchange.access(request);
    access.requireAll(Permission.ADMIN);
    if (request.getMethod().equals("HEAD")) {
      // It writes nothing, so it would leave a backup open.
      response.resume(Response.ok().type(MediaTypes.TAR).build());
    } else {
      OwnThread.runAdmin(service, request, response, () -> send(access, response));
    }
  }

  private void send(Access access, AsyncResponse response) {
    try (Backup backup = backups.backup(access)) {
      StreamingOutput archive = backup::writeTo;
      response.resume(
          Response.ok(archive, MediaTypes.TAR)
              .header(HttpHeaders.CONTENT_LENGTH, backup.size())
              .header(
                  HttpHeaders.CONTENT_DISPOSITION,
                  "attachment; filename=\"" + backup.fileName() + '"')
              .build());
    }
  }

  /** Replaces everything by what {@link #backup} sent; by one in clear only if that is meant. */
  @POST
  @Path("restore")
  @Consumes({MediaTypes.TAR, MediaType.APPLICATION_OCTET_STREAM})
  public void restore(@Context HttpServletRequest request, @Suspended AsyncResponse response)
      throws IOException {
    boolean unencrypted = Query.of(request, Set.of("unencrypted")).flag("unencrypted");
    Access access = Exchange.access(request);
    access.requireAll(Permission.ADMIN);
    Arrival archive =
        new Arrival(request.getInputStream(), request.getContentLengthLong(), unencrypted);
    OwnThread.runAdmin(
        service, request, response, () -> response.resume(backups.restore(access, archive)));
  }

  /** Makes a copy on the server's own disk. */
  @POST
  @Path("checkpoint")
  public void checkpoint(@Context HttpServletRequest request, @Suspended AsyncResponse response) {
    Bodies.requireNone(request, "it takes no parameters.");
    Query.of(request, Set.of());
    Access access = Exchange.access(request);
    OwnThread.runAdmin(
        service, request, response, () -> response.resume(backups.checkpoint(access)));
  }

  /** Gives up history; without a revision all that is not the present. */
  @POST
  @Path("compact")
  public CompletionStage<Response> compact(@Context HttpServletRequest request) {
    // Read past, a revision in it would give up all history instead of some.
    Bodies.requireNone(request, "the parameter is revision.");
    long revision = Query.of(request, Set.of("revision")).number("revision", 0, 1, Long.MAX_VALUE);
    return ProblemMapper.answer(
        request,
        changes
            .compact(Exchange.access(request), revision)
            .thenApply(done -> Response.ok(new CompactedDocument(done.revision())).build()));
  }
}
