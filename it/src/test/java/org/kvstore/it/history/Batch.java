package org.kvstore.it.history;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * Writes several keys, each by itself. Its answer may have been cut short: what it does not tell is
 * unknown.
 *
 * @param keys different ones
 * @param actions one for each key
 */
public record Batch(String name, List<String> keys, List<Action> actions) implements Request {

  @Override
  public RawRequest to(Service service) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      lines.add(line(keys.get(i), actions.get(i)));
    }
    return service
        .post("/v1/batch")
        .header("Content-Type", "application/x-ndjson")
        .header("Idempotency-Key", name)
        .body(lines.stream().collect(Collectors.joining("\n", "", "\n")))
        .keptAlive();
  }

  private static String line(String key, Action action) {
    if (action instanceof Put put) {
      return "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%s\"}".formatted(key, put.value());
    }
    if (action instanceof CompareAndSet swap) {
      String condition =
          swap.expected() == 0
              ? "\"ifNoneMatch\":\"*\""
              : "\"ifMatch\":\"\\\"%d\\\"\"".formatted(swap.expected());
      return "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%s\",%s}"
          .formatted(key, swap.value(), condition);
    }
    return "{\"op\":\"delete\",\"key\":\"%s\"}".formatted(key);
  }

  @Override
  public List<Effect> unknown() {
    return effects("", new Result.Unknown());
  }

  @Override
  public List<Effect> effects(Answer answer) {
    return answer.status() == 200
        ? effects(answer.text(), new Result.Unknown())
        : effects("", Results.of(actions.get(0), answer));
  }

  private List<Effect> effects(String answered, Result others) {
    String whole = answered.substring(0, answered.lastIndexOf('\n') + 1);
    List<JsonObject> lines = whole.lines().map(Answer::json).toList();
    List<Effect> effects = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      Action action = actions.get(i);
      Result result = i < lines.size() ? Results.of(action, lines.get(i)) : others;
      effects.add(new Effect(keys.get(i), action, result));
    }
    return effects;
  }

  @Override
  public boolean isAtomic() {
    return false;
  }
}
