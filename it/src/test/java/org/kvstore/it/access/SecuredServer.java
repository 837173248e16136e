package org.kvstore.it.access;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.util.HashMap;
import java.util.Map;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/** A server that wants to know who is asking, and what its operator does first. */
final class SecuredServer implements AutoCloseable {
  static final String OPERATOR = "operator-0123456789-0123456789-0123456789";

  private final ServerProcess process;

  private SecuredServer(ServerProcess process) {
    this.process = process;
  }

  static SecuredServer ready(String name) {
    return ready(name, Map.of());
  }

  static SecuredServer ready(String name, Map<String, String> more) {
    Map<String, String> variables = new HashMap<>(more);
    variables.put("KV_SECURITY_ADMIN_TOKEN", OPERATOR);
    return new SecuredServer(ServerProcess.ready(ServerProcess.directory(name), variables));
  }

  Service service() {
    return process.service();
  }

  int httpsPort() {
    return process.httpsPort();
  }

  String log() {
    return process.log();
  }

  /** Adds the proof of who is asking. */
  static RawRequest as(String token, RawRequest request) {
    return request.header("Authorization", "Bearer " + token);
  }

  Answer asOperator(RawRequest request) {
    return as(OPERATOR, request).send();
  }

  /** Makes a token; returns its document. */
  JsonObject token(String subject, String... groups) {
    var names = Json.createArrayBuilder();
    for (String group : groups) {
      names.add(group);
    }
    String body =
        Json.createObjectBuilder().add("subject", subject).add("groups", names).build().toString();
    return asOperator(json(service().post("/v1/admin/tokens"), body)).expect(201).json();
  }

  /** Gives a permission to a holder; returns the id of the grant. */
  String grant(String kind, String name, String prefix, String permission) {
    return give(OPERATOR, kind, name, prefix, permission).expect(201).json().getString("id");
  }

  Answer give(String token, String kind, String name, String prefix, String permission) {
    String body =
        Json.createObjectBuilder()
            .add(kind, name)
            .add("prefix", prefix)
            .add("permission", permission)
            .build()
            .toString();
    return as(token, json(service().post("/v1/admin/grants"), body)).send();
  }

  void takeBack(String grant) {
    asOperator(service().delete("/v1/admin/grants/" + grant)).expect(204);
  }

  static RawRequest json(RawRequest request, String body) {
    return request.header("Content-Type", "application/json").body(body);
  }

  @Override
  public void close() {
    process.close();
  }
}
