package org.kvstore.it.history;

import static org.kvstore.it.support.Service.target;

import java.util.List;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/** A request for one key. */
public record Single(String name, String key, Action action) implements Request {

  @Override
  public RawRequest to(Service service) {
    if (action instanceof Action.Get) {
      return service.get(target(key)).keptAlive();
    }
    return write(service).header("Idempotency-Key", name).keptAlive();
  }

  private RawRequest write(Service service) {
    if (action instanceof Action.Put put) {
      String lease = put.lease() == 0 ? "" : "?lease=" + put.lease();
      return service.put(target(key) + lease).body(put.value());
    }
    if (action instanceof Action.CompareAndSet swap) {
      RawRequest put = service.put(target(key)).body(swap.value());
      return swap.expected() == 0
          ? put.header("If-None-Match", "*")
          : put.header("If-Match", "\"" + swap.expected() + "\"");
    }
    if (action instanceof Action.Increment increment) {
      return service
          .request("PATCH", target(key))
          .header("Content-Type", "application/vnd.kvstore.increment+json")
          .body("{\"by\":%d}".formatted(increment.by()));
    }
    return service.delete(target(key));
  }

  @Override
  public List<Effect> unknown() {
    return List.of(new Effect(key, action, new Result.Unknown()));
  }

  @Override
  public List<Effect> effects(Answer answer) {
    return List.of(new Effect(key, action, Results.of(action, answer)));
  }
}
