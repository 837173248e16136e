package org.kvstore.it.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.Call.Effect;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Result;
import org.kvstore.it.history.Tally;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Service;

/**
 * Clients that send a request again, under its Idempotency-Key, to the server after the one that
 * was killed: it is answered as it was, and done once.
 */
final class Repeats {
  private static final int ACKNOWLEDGED = 40;

  private final Service service;
  private final Random chance;
  private final Tally tally;

  Repeats(Service service, Random chance, Tally tally) {
    this.service = service;
    this.chance = chance;
    this.tally = tally;
  }

  /** The calls of a killed server: those without an end have ended with it or were repeated. */
  List<Call> ended(List<Call> calls, long killed) {
    List<Call> ended = new ArrayList<>();
    for (Call call : calls) {
      boolean isRepeated = call.returned() == Operation.OPEN && chance.nextBoolean();
      ended.add(isRepeated ? repeated(call) : call.endedAt(killed));
    }
    return ended;
  }

  private Call repeated(Call call) {
    tally.add("unanswered repeated", 1);
    Answer answer = send(call);
    Call done = new Call(call.request(), call.invoked(), System.nanoTime(), answer);
    requireKnown(call.effects(), done.effects());
    if (done.isDecided()) {
      requireSame(done, send(call));
    }
    return done;
  }

  /** What a client knew before, as from the first lines of a batch, is not contradicted. */
  private static void requireKnown(List<Effect> known, List<Effect> all) {
    for (int i = 0; i < known.size(); i++) {
      if (!(known.get(i).result() instanceof Result.Unknown)) {
        assertThat(all.get(i)).as("a result that was known").isEqualTo(known.get(i));
      }
    }
  }

  /** Repeats some of what was answered. */
  void sample(List<Call> calls) {
    List<Call> decided = calls.stream().filter(Call::isDecided).toList();
    for (int i = 0; i < Math.min(ACKNOWLEDGED, decided.size()); i++) {
      Call call = decided.get(chance.nextInt(decided.size()));
      requireSame(call, send(call));
      tally.add("acknowledged repeated", 1);
    }
  }

  private Answer send(Call call) {
    return call.request().to(service).send();
  }

  private static void requireSame(Call first, Answer second) {
    Answer answer = first.answered();
    assertThat(second.status()).as("%s after %s", second, first).isEqualTo(answer.status());
    assertThat(first.request().outcome(second))
        .as("%s after %s", second, first)
        .isEqualTo(first.request().outcome(answer));
  }
}
