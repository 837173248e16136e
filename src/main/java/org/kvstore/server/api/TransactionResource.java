package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.container.AsyncResponse;
import jakarta.ws.rs.container.Suspended;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Set;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Outcome.Transacted;
import org.kvstore.server.service.KeyValueService;
import org.kvstore.server.service.TransactionService;

/** Several keys at once, all or nothing: {@code /v1/txn}. */
@Path("/v1/txn")
@Singleton
public class TransactionResource {
  private final TransactionService service;
  private final KeyValueService keys;

  @Inject
  public TransactionResource(TransactionService service, KeyValueService keys) {
    this.service = service;
    this.keys = keys;
  }

  @POST
  @Consumes(MediaType.APPLICATION_JSON)
  @Produces(MediaType.APPLICATION_JSON)
  public void transact(@Context HttpServletRequest request, @Suspended AsyncResponse response)
      throws IOException {
    Origin origin = Origin.of(request);
    Query.of(request, Set.of());
    Bytes body = Bodies.read(request, service.limits().transactionBytes(), "body");
    TransactionService.Request transaction = read(body);
    service
        .transact(Exchange.access(request), transaction, body, IdempotencyKey.of(request))
        .thenApply(TransactionResource::reply)
        .exceptionally(failure -> ProblemMapper.reply(failure, origin))
        .thenAccept(reply -> OwnThread.sendDone(keys, origin, response, reply));
  }

  private TransactionService.Request read(Bytes body) {
    byte[] json = body.toArray();
    try (JsonParser parser = Json.parser(json, 0, json.length)) {
      return new TransactionReader(parser, service.limits()).read();
    } catch (IOException e) {
      throw Json.malformed("body", e);
    }
  }

  private static Reply reply(Transacted done) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (JsonGenerator json = Json.generator(out)) {
      json.writeStartObject();
      json.writeBooleanField("succeeded", done.succeeded());
      json.writeNumberField("revision", done.revision());
      json.writeArrayFieldStart("results");
      for (Outcome result : done.results()) {
        ReplyLine.write(json, result);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Reply.status(200).build(Bytes.takeOver(out.toByteArray()), MediaType.APPLICATION_JSON);
  }
}
