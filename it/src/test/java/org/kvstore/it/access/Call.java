package org.kvstore.it.access;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * One way to ask for something, below a prefix or of everything.
 *
 * @param name what is asked
 * @param need what it takes
 * @param request makes the request, given the prefix
 */
record Call(String name, Need need, BiFunction<Service, String, RawRequest> request) {

  /** What it takes. */
  enum Need {
    /** To be known. */
    NOTHING,
    READ,
    WRITE,
    ADMIN,
    /** To administer something. */
    SOME_ADMIN,
    /** To write something. */
    SOME_WRITE,
    /** To administer every key. */
    ALL
  }

  /** Whether an answer says that it is not permitted, as a whole or in a line of a batch. */
  static boolean isForbidden(Answer answer) {
    return answer.status() == 403 || answer.status() == 200 && answer.text().contains("FORBIDDEN");
  }

  /**
   * Whether what is sent is wrong in itself, as an archive that would be right undoes the others.
   */
  boolean isBad() {
    return name.equals("restore");
  }

  static List<Call> all() {
    List<Call> calls = new ArrayList<>();
    calls.addAll(ofOneKey());
    calls.addAll(ofRanges());
    calls.addAll(ofTransactions());
    calls.addAll(ofBatches());
    calls.addAll(ofOperators());
    return List.copyOf(calls);
  }

  private static List<Call> ofOneKey() {
    return List.of(
        new Call("get", Need.READ, (s, p) -> s.get("/v1/kv/" + p + "a")),
        new Call("get missing", Need.READ, (s, p) -> s.get("/v1/kv/" + p + "missing")),
        new Call("head", Need.READ, (s, p) -> s.request("HEAD", "/v1/kv/" + p + "a")),
        new Call("get at", Need.READ, (s, p) -> s.get("/v1/kv/" + p + "a?revision=1")),
        new Call(
            "get waiting",
            Need.READ,
            (s, p) -> s.get("/v1/kv/" + p + "a").header("Prefer", "wait=1")),
        new Call("put", Need.WRITE, (s, p) -> s.put("/v1/kv/" + p + "b").body("v")),
        new Call(
            "put conditionally",
            Need.WRITE,
            (s, p) -> s.put("/v1/kv/" + p + "a").header("If-Match", "\"1\"").body("v")),
        new Call(
            "patch",
            Need.WRITE,
            (s, p) ->
                s.request("PATCH", "/v1/kv/" + p + "n")
                    .header("Content-Type", "application/vnd.kvstore.increment+json")
                    .body("{\"by\":1}")),
        new Call("delete", Need.WRITE, (s, p) -> s.delete("/v1/kv/" + p + "b")),
        new Call("delete missing", Need.WRITE, (s, p) -> s.delete("/v1/kv/" + p + "missing")),
        new Call("history", Need.READ, (s, p) -> s.get("/v1/history/" + p + "a")),
        new Call("simple get", Need.READ, (s, p) -> s.get("/get?key=" + p + "a")),
        new Call(
            "simple put",
            Need.WRITE,
            (s, p) ->
                SecuredServer.json(s.post("/put"), "{\"key\":\"" + p + "c\",\"value\":\"v\"}")),
        new Call("simple delete", Need.WRITE, (s, p) -> s.delete("/delete?key=" + p + "c")));
  }

  private static List<Call> ofRanges() {
    return List.of(
        new Call("list", Need.READ, (s, p) -> s.get("/v1/kv?prefix=" + p)),
        new Call(
            "list by bounds", Need.READ, (s, p) -> s.get("/v1/kv?start=" + p + "&end=" + p + "z")),
        new Call("list keys", Need.READ, (s, p) -> s.get("/v1/kv?keysOnly&prefix=" + p)),
        new Call("fold", Need.READ, (s, p) -> s.get("/v1/kv?delimiter=/&prefix=" + p)),
        new Call("count", Need.READ, (s, p) -> s.get("/v1/kv?countOnly&prefix=" + p)),
        new Call(
            "export",
            Need.READ,
            (s, p) -> s.get("/v1/kv?prefix=" + p).header("Accept", "application/x-ndjson")),
        new Call("delete range", Need.WRITE, (s, p) -> s.delete("/v1/kv?prefix=" + p + "none")),
        new Call("list all", Need.ALL, (s, p) -> s.get("/v1/kv")),
        new Call("list from", Need.ALL, (s, p) -> s.get("/v1/kv?start=" + p)),
        new Call("delete all", Need.ALL, (s, p) -> s.delete("/v1/kv?start=" + "zzz")));
  }

  private static List<Call> ofTransactions() {
    String put = "{\"op\":\"put\",\"key\":\"%st\",\"value\":\"v\"}";
    String delete = "{\"op\":\"delete\",\"key\":\"%st\"}";
    String get = "{\"op\":\"get\",\"key\":\"%sa\"}";
    String list = "{\"op\":\"list\",\"prefix\":\"%s\"}";
    String compare = "{\"key\":\"%sa\",\"target\":\"version\",\"op\":\"=\",\"value\":0}";
    return List.of(
        transaction("put in a transaction", Need.WRITE, "[]", put, ""),
        transaction("put in the other branch", Need.WRITE, "[]", "", put),
        transaction("delete in a transaction", Need.WRITE, "[]", delete, ""),
        transaction("get in a transaction", Need.READ, "[]", get, ""),
        transaction("list in a transaction", Need.READ, "[]", "", list),
        transaction("compare", Need.READ, "[" + compare + "]", "", ""));
  }

  private static Call transaction(
      String name, Need need, String compare, String then, String otherwise) {
    String body =
        "{\"compare\":" + compare + ",\"then\":[" + then + "],\"else\":[" + otherwise + "]}";
    return new Call(
        name, need, (s, p) -> SecuredServer.json(s.post("/v1/txn"), body.replace("%s", p)));
  }

  private static List<Call> ofBatches() {
    return List.of(
        batch("put in a batch", Need.WRITE, "{\"op\":\"put\",\"key\":\"%sl\",\"value\":\"v\"}"),
        batch("get in a batch", Need.READ, "{\"op\":\"get\",\"key\":\"%sa\"}"),
        batch("delete in a batch", Need.WRITE, "{\"op\":\"delete\",\"key\":\"%sl\"}"));
  }

  private static Call batch(String name, Need need, String line) {
    return new Call(
        name,
        need,
        (s, p) ->
            s.post("/v1/batch")
                .header("Content-Type", "application/x-ndjson")
                .body(line.replace("%s", p) + "\n"));
  }

  private static List<Call> ofOperators() {
    return List.of(
        new Call("status", Need.NOTHING, (s, p) -> s.get("/v1/status")),
        new Call("metrics", Need.NOTHING, (s, p) -> s.get("/metrics")),
        new Call(
            "grant a lease",
            Need.SOME_WRITE,
            (s, p) -> SecuredServer.json(s.post("/v1/leases"), "{\"ttl\":\"1m\"}")),
        new Call("look at a lease", Need.SOME_WRITE, (s, p) -> s.get("/v1/leases/999")),
        new Call("renew a lease", Need.SOME_WRITE, (s, p) -> s.put("/v1/leases/999").body("")),
        new Call("revoke a lease", Need.SOME_WRITE, (s, p) -> s.delete("/v1/leases/999")),
        new Call("backup", Need.ALL, (s, p) -> s.get("/v1/admin/backup")),
        new Call("size of a backup", Need.ALL, (s, p) -> s.request("HEAD", "/v1/admin/backup")),
        new Call(
            "restore",
            Need.ALL,
            (s, p) ->
                s.post("/v1/admin/restore").header("Content-Type", "application/x-tar").body("x")),
        new Call("checkpoint", Need.ALL, (s, p) -> s.post("/v1/admin/checkpoint")),
        new Call(
            "add a node",
            Need.ALL,
            (s, p) ->
                SecuredServer.json(
                    s.post("/v1/admin/cluster/nodes"),
                    "{\"id\":\"n4\",\"raftAddress\":\"127.0.0.1:1\"}")),
        new Call("remove a node", Need.ALL, (s, p) -> s.delete("/v1/admin/cluster/nodes/n4")),
        new Call("drain a node", Need.ALL, (s, p) -> s.put("/v1/admin/cluster/nodes/n4/drain")),
        new Call(
            "undrain a node", Need.ALL, (s, p) -> s.delete("/v1/admin/cluster/nodes/n4/drain")),
        new Call("rebalance", Need.ALL, (s, p) -> s.post("/v1/admin/cluster/rebalance")),
        new Call("compact", Need.ALL, (s, p) -> s.post("/v1/admin/compact?revision=1")),
        new Call("tokens", Need.ALL, (s, p) -> s.get("/v1/admin/tokens")),
        new Call("token", Need.ALL, (s, p) -> s.get("/v1/admin/tokens/none")),
        new Call("rotate", Need.ALL, (s, p) -> s.post("/v1/admin/tokens/none/rotate")),
        new Call("revoke", Need.ALL, (s, p) -> s.delete("/v1/admin/tokens/none")),
        new Call(
            "make a token",
            Need.ALL,
            (s, p) -> SecuredServer.json(s.post("/v1/admin/tokens"), "{\"subject\":\"made\"}")),
        new Call("grants", Need.SOME_ADMIN, (s, p) -> s.get("/v1/admin/grants")),
        new Call("look at a grant", Need.SOME_ADMIN, (s, p) -> s.get("/v1/admin/grants/none")),
        new Call("take a grant", Need.SOME_ADMIN, (s, p) -> s.delete("/v1/admin/grants/none")),
        new Call(
            "grant",
            Need.ADMIN,
            (s, p) ->
                SecuredServer.json(
                    s.post("/v1/admin/grants"),
                    "{\"subject\":\"made\",\"prefix\":\"" + p + "\",\"permission\":\"read\"}")));
  }

  @Override
  public String toString() {
    return name;
  }
}
