package org.kvstore.it.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * A request about a lease.
 *
 * @param lease which one; 0 for a new one
 * @param keys what its revocation may delete: all that were ever put on it
 */
public record LeaseRequest(String name, Kind kind, long lease, Set<String> keys)
    implements Request {
  public enum Kind {
    GRANT,
    RENEW,
    REVOKE
  }

  /** The lease that a call has granted. */
  public static long granted(Answer answer) {
    return Long.parseLong(answer.json().getString("id"));
  }

  @Override
  public RawRequest to(Service service) {
    RawRequest request =
        switch (kind) {
          case GRANT ->
              service
                  .post("/v1/leases")
                  .header("Content-Type", "application/json")
                  .body("{\"ttl\":\"24h\"}");
          case RENEW -> service.put("/v1/leases/" + lease);
          case REVOKE -> service.delete("/v1/leases/" + lease);
        };
    return request.header("Idempotency-Key", name).keptAlive();
  }

  @Override
  public List<Effect> unknown() {
    return effects(kind == Kind.REVOKE ? keys : Set.of(), new Result.Unknown());
  }

  @Override
  public List<Effect> effects(Answer answer) {
    if (kind != Kind.REVOKE) {
      assertThat(answer.status()).as("%s", answer).isIn(200, 201, 503, 504);
      return List.of();
    }
    return effects(keys, Results.of(new Action.Revoke(lease), answer));
  }

  @Override
  public Object outcome(Answer answer) {
    return kind == Kind.GRANT ? granted(answer) : effects(answer);
  }

  @Override
  public String label() {
    return kind.name();
  }

  private List<Effect> effects(Collection<String> of, Result result) {
    return of.stream().map(key -> new Effect(key, new Action.Revoke(lease), result)).toList();
  }
}
