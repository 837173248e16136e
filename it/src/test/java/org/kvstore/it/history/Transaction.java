package org.kvstore.it.history;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.stream.IntStream;
import org.kvstore.it.history.Action.CompareAndSet;
import org.kvstore.it.history.Action.Delete;
import org.kvstore.it.history.Action.Get;
import org.kvstore.it.history.Action.Put;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;
import org.kvstore.it.support.Service;

/**
 * Writes three keys if the first has not been written since; reads them otherwise.
 *
 * @param keys the one that is compared and put, the one that is put, the one that is deleted
 */
public record Transaction(String name, List<String> keys, CompareAndSet first, Put second)
    implements Request {

  @Override
  public RawRequest to(Service service) {
    String body =
        """
        {"compare":[{"key":"%1$s","target":"modRevision","op":"=","value":%4$d}],
         "then":[{"op":"put","key":"%1$s","value":"%5$s"},{"op":"put","key":"%2$s","value":"%6$s"},
                 {"op":"delete","key":"%3$s"}],
         "else":[{"op":"get","key":"%1$s"},{"op":"get","key":"%2$s"},{"op":"get","key":"%3$s"}]}
        """
            .formatted(
                keys.get(0),
                keys.get(1),
                keys.get(2),
                first.expected(),
                first.value(),
                second.value());
    return service
        .post("/v1/txn")
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", name)
        .body(body)
        .keptAlive();
  }

  @Override
  public List<Effect> unknown() {
    return effects(List.of(first, second, new Delete()), i -> new Result.Unknown());
  }

  @Override
  public List<Effect> effects(Answer answer) {
    if (answer.status() != 200) {
      // What was refused was refused whole, and what is not known is not known of any key.
      Result all = Results.of(first, answer);
      return effects(List.of(first, second, new Delete()), i -> all);
    }
    List<JsonObject> results = answer.json().getJsonArray("results").getValuesAs(JsonObject.class);
    if (answer.json().getBoolean("succeeded")) {
      List<Action> writes = List.of(first, second, new Delete());
      return effects(writes, i -> Results.of(writes.get(i), results.get(i)));
    }
    Get get = new Get();
    Result read = Results.of(get, results.get(0));
    long current = read instanceof Result.Found found ? found.revision() : 0;
    return effects(
        List.of(first, get, get),
        i -> i == 0 ? new Result.Mismatch(current) : Results.of(get, results.get(i)));
  }

  private List<Effect> effects(
      List<? extends Action> actions, java.util.function.IntFunction<Result> results) {
    return IntStream.range(0, keys.size())
        .mapToObj(i -> new Effect(keys.get(i), actions.get(i), results.apply(i)))
        .toList();
  }
}
