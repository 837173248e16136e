package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;

/** A write that has a name is applied once, however often it is sent. */
class IdempotencyIT extends Deployed {
  private static final String HEADER = "Idempotency-Key";

  private final String prefix = prefix();
  private final String key = target(prefix + "named");
  private final String name = UUID.randomUUID().toString();

  @Test
  void repeatedPut_isAnsweredAsTheFirst_andNotAppliedAgain() {
    Answer first = named(service.put(key)).body("one").send().expect(201);
    service.put(key).body("two").send().expect(204);
    Answer repeat = named(service.put(key)).body("one").send().expect(201);

    assertThat(repeat.etag()).isEqualTo(first.etag());
    assertThat(repeat.header("Location")).isEqualTo(first.header("Location"));
    assertThat(repeat.header("KV-Version")).isEqualTo("1");
    assertThat(service.get(key).send().text()).isEqualTo("two");
  }

  @Test
  void repeatedConditionalPut_isAnsweredAsTheFirst() {
    String etag = service.put(key).body("one").send().etag();
    Answer first = named(service.put(key)).header("If-Match", etag).body("two").send().expect(204);
    Answer repeat = named(service.put(key)).header("If-Match", etag).body("two").send().expect(204);
    assertThat(repeat.etag()).isEqualTo(first.etag());
  }

  @Test
  void repeatedDelete_isAnsweredAsTheFirst() {
    service.put(key).body("one").send().expect(201);
    named(service.delete(key)).send().expect(204);
    service.put(key).body("again").send().expect(201);
    named(service.delete(key)).send().expect(204);
    service.get(key).send().expect(200);
  }

  @Test
  void repeatedRangeDelete_isAnsweredAsTheFirst() {
    service.put(target(prefix + "a")).body("").send().expect(201);
    service.put(target(prefix + "b")).body("").send().expect(201);
    String range = "/v1/kv?prefix=" + parameter(prefix);
    assertThat(named(service.delete(range)).send().expect(200).json().getInt("deleted"))
        .isEqualTo(2);
    service.put(target(prefix + "c")).body("").send().expect(201);
    assertThat(named(service.delete(range)).send().expect(200).json().getInt("deleted"))
        .isEqualTo(2);
    service.get(target(prefix + "c")).send().expect(200);
  }

  @Test
  void otherRequest_underTheSameName_isRefused() {
    named(service.put(key)).body("one").send().expect(201);
    List<RawRequest> others =
        List.of(
            named(service.put(key)).body("other"),
            named(service.put(key)).header("Content-Type", "text/plain").body("one"),
            named(service.put(key)).header("If-Match", "*").body("one"),
            named(service.put(key + "?ttl=1h")).body("one"),
            named(service.put(key + "?keepTtl=true")).body("one"),
            named(service.put(key + "-other")).body("one"),
            named(service.delete(key)));
    for (RawRequest other : others) {
      Answer refused = other.send().expect(ErrorCode.REQUEST_INVALID);
      assertThat(refused.json().getString("field")).isEqualTo(HEADER);
    }
    assertThat(service.get(key).send().text()).isEqualTo("one");
  }

  @Test
  void racingRepeats_areAppliedOnce() throws Exception {
    long before = service.put(key + "-counter").body("").send().revision();
    List<Answer> answers =
        Bulk.race(32, () -> named(service.put(key)).body("one").send().expect(201));
    long after = service.put(key + "-counter").body("").send().revision();

    assertThat(answers.stream().map(Answer::etag).distinct()).hasSize(1);
    assertThat(service.get(key).send().header("KV-Version")).isEqualTo("1");
    assertThat(after - before).as("revisions of one put and one counter").isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"two words", "caf\u00E9", "", "129"})
  void nameThatIsNone_isRefused(String text) {
    String bad = text.equals("129") ? "x".repeat(129) : text;
    service.put(key).header(HEADER, bad).body("x").send().expect(ErrorCode.REQUEST_INVALID);
    service.get(key).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void nameOf128Characters_isAccepted() {
    service.put(key).header(HEADER, "~".repeat(128)).body("x").send().expect(201);
  }

  private RawRequest named(RawRequest request) {
    return request.header(HEADER, name);
  }
}
