package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.RawRequest;

/** Transactions over HTTP: compared, all or nothing, in one revision. */
class TransactionIT extends Deployed {
  private final String a = prefix() + "a";
  private final String b = prefix() + "b";

  @Test
  void comparisonsHold_thenIsDoneInOneRevision() {
    service.put(target(a)).body("1").send().expect(201);
    JsonObject done =
        txn("""
                {"compare":[{"key":"%1$s","target":"version","op":"=","value":1},
                            {"key":"%1$s","target":"value","op":"=","value":"1"},
                            {"key":"%2$s","target":"createRevision","op":"=","value":0}],
                 "then":[{"op":"put","key":"%1$s","value":"2"},
                         {"op":"put","key":"%2$s","value":"new"},
                         {"op":"get","key":"%1$s"},
                         {"op":"delete","key":"%1$s-none"}],
                 "else":[{"op":"get","key":"%1$s"}]}
                """)
            .expect(200)
            .json();
    assertThat(done.getBoolean("succeeded")).isTrue();
    assertThat(done.getJsonArray("results").getValuesAs(JsonObject.class))
        .extracting(result -> result.getInt("status"))
        .containsExactly(204, 201, 200, 404);
    JsonObject read = done.getJsonArray("results").getJsonObject(2).getJsonObject("entry");
    assertThat(read.getString("value")).isEqualTo("2");
    assertThat(service.get(target(a)).send().revision())
        .isEqualTo(service.get(target(b)).send().revision())
        .isEqualTo(done.getJsonNumber("revision").longValue());
  }

  @Test
  void comparisonFails_elseIsDone() {
    JsonObject done =
        txn("""
                {"compare":[{"key":"%1$s","target":"modRevision","op":">","value":0}],
                 "then":[{"op":"put","key":"%1$s","value":"never"}],
                 "else":[{"op":"put","key":"%2$s","value":"else"},
                         {"op":"list","prefix":"%2$s"}]}
                """)
            .expect(200)
            .json();
    assertThat(done.getBoolean("succeeded")).isFalse();
    JsonObject listed = done.getJsonArray("results").getJsonObject(1);
    assertThat(listed.getJsonArray("entries")).hasSize(1);
    assertThat(listed.getBoolean("more")).isFalse();
    service.get(target(a)).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void conditionOfAnOperationFails_nothingIsDone() {
    service.put(target(b)).body("b").send().expect(201);
    Answer refused =
        txn("""
                {"then":[{"op":"put","key":"%1$s","value":"x"},
                         {"op":"put","key":"%2$s","value":"x","ifNoneMatch":"*"}]}
                """)
            .expect(ErrorCode.PRECONDITION_FAILED);
    assertThat(refused.json().getInt("operation")).isEqualTo(1);
    assertThat(refused.json().getString("detail")).startsWith("Operation 1 of 'then': ");
    assertThat(refused.etag()).isEqualTo(service.get(target(b)).send().etag());
    service.get(target(a)).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void refusalOfAnOperation_saysWhichOne() {
    assertThat(refused("{'op':'put','key':'%1$s','value':'x','lease':'999999999'}", 404))
        .isEqualTo("There is no such lease.");
    assertThat(refused("{'op':'delete','key':'%1$s','ifMatch':'*'}", 412))
        .isEqualTo("There is no such key.");
    assertThat(refused("{'op':'delete','key':'%1$s-'}", 422))
        .isEqualTo("A transaction writes a key once: '" + a + "-'.");
    assertThat(refused("{'op':'put','key':'%1$s','value':'x','ttl':'36501d'}", 400))
        .isEqualTo("A time to live is from 1ms to 36500d.");
    assertThat(refused("{'op':'put','key':'%1$s'}", 400))
        .isEqualTo("Either value or valueBase64 is required.");
  }

  /** What is wrong with the last of three operations of else. */
  private String refused(String operation, int status) {
    JsonObject problem =
        txn(("""
             {'compare':[{'key':'%1$s','target':'version','op':'>','value':0}],
              'else':[{'op':'get','key':'%1$s'},{'op':'put','key':'%1$s-','value':''},
             """
                    + operation
                    + "]}")
                .replace('\'', '"'))
            .expect(status)
            .json();
    assertThat(problem.getInt("operation")).isEqualTo(2);
    String detail = problem.getString("detail");
    assertThat(detail).startsWith("Operation 2 of 'else': ");
    return detail.substring("Operation 2 of 'else': ".length());
  }

  @Test
  void keyWrittenTwice_isRefused() {
    JsonObject problem =
        txn("""
                {"then":[{"op":"put","key":"%1$s","value":"x"},{"op":"delete","key":"%1$s"}]}
                """)
            .expect(ErrorCode.TXN_INVALID)
            .json();
    assertThat(problem.getString("field")).isEqualTo("then");
  }

  @Test
  void operations_asManyAsAllowedAndOneMore() {
    assertThat(send("{\"then\":[" + puts(128) + "]}").expect(200).json().getJsonArray("results"))
        .hasSize(128);
    JsonObject problem =
        send("{\"then\":[" + puts(129) + "]}").expect(ErrorCode.TXN_INVALID).json();
    assertThat(problem.getInt("limit")).isEqualTo(128);
  }

  @Test
  void body_beyondItsLimit_isRefused() {
    String padding = " ".repeat(4 << 20);
    JsonObject problem = send("{\"then\":[]}" + padding).expect(ErrorCode.TOO_LARGE).json();
    assertThat(problem.getInt("limit")).isEqualTo(4 << 20);
  }

  /** Each value is small enough, and so is the body: what is read of it is not. */
  @Test
  void readsOfWhatItHasJustWritten_asManyBytesAsAllowedAndMore() {
    String get = ",{\"op\":\"get\",\"key\":\"%s\"}".formatted(a);
    String put =
        "{\"then\":[{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%s\"}"
            .formatted(a, "x".repeat(1 << 20));
    JsonObject problem = send(put + get.repeat(5) + "]}").expect(ErrorCode.TOO_LARGE).json();
    assertThat(problem.getInt("limit")).isEqualTo(4 << 20);
    service.get(target(a)).send().expect(ErrorCode.NOT_FOUND);

    assertThat(send(put + get.repeat(4) + "]}").expect(200).json().getJsonArray("results"))
        .hasSize(5);
  }

  @Test
  void repeatUnderTheSameName_isDoneOnce() {
    String body = "{\"then\":[{\"op\":\"put\",\"key\":\"%s\",\"value\":\"x\"}]}".formatted(a);
    RawRequest named = request(body).header("Idempotency-Key", a);
    String first = named.send().expect(200).text();
    assertThat(named.send().expect(200).text()).isEqualTo(first);
    assertThat(service.get(target(a)).send().header("KV-Version")).isEqualTo("1");
    request("{\"then\":[]}").header("Idempotency-Key", a).send().expect(ErrorCode.REQUEST_INVALID);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[] | body",
        "{\"then\":{}} | then",
        "{\"when\":[]} | when",
        "{\"then\":[],\"then\":[]} | then",
        "{\"then\":[{\"op\":\"put\",\"key\":\"a\"}]} | value",
        "{\"then\":[{\"op\":\"drop\",\"key\":\"a\"}]} | op",
        "{\"then\":[{\"op\":\"get\",\"key\":\"a\",\"value\":\"x\"}]} | value",
        "{\"then\":[{\"op\":\"list\",\"prefix\":\"a\",\"limit\":0}]} | limit",
        "{\"compare\":[{\"key\":\"a\",\"target\":\"size\",\"op\":\"=\",\"value\":1}]} | target",
        "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"~\",\"value\":1}]} | op",
        "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"=\",\"value\":\"x\"}]} | value",
        "{\"then\":[] | body",
        "{\"then\":[]} {} | body",
      })
  void oddBody_isRefusedWithTheProperty(String body, String field) {
    JsonObject problem = send(body).expect(ErrorCode.REQUEST_INVALID).json();
    assertThat(problem.getString("field")).isEqualTo(field);
  }

  private String puts(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "{\"op\":\"put\",\"key\":\"%s%d\",\"value\":\"\"}".formatted(a, i))
        .collect(Collectors.joining(","));
  }

  private Answer txn(String template) {
    return send(template.formatted(a, b));
  }

  private Answer send(String body) {
    return request(body).send();
  }

  private RawRequest request(String body) {
    return service.post("/v1/txn").header("Content-Type", "application/json").body(body);
  }
}
