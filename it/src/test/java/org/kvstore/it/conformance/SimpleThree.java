package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.api.ErrorCode.NOT_ACCEPTABLE;
import static org.kvstore.api.ErrorCode.NOT_FOUND;
import static org.kvstore.api.ErrorCode.REQUEST_INVALID;
import static org.kvstore.api.ErrorCode.UNSUPPORTED_MEDIA_TYPE;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.RawRequest;

final class SimpleThree extends Section {
  SimpleThree(Servers servers, Exchanges exchanges) {
    super(servers, exchanges);
  }

  @Override
  String title() {
    return "10. The simple three";
  }

  @Override
  Stream<DynamicNode> sentences() {
    return Stream.of(
        sentence(
            "`POST /put` with `{\"key\":\"name\",\"value\":\"GoLang\"}` (JSON or form fields)",
            claim(
                "JSON",
                key -> {
                  Answer created = expect(201, store(key, "GoLang"));
                  assertThat(created.header("Location")).isEqualTo(target(key));
                  assertThat(expect(204, store(key, "Java")).etag())
                      .isEqualTo(expect(200, get(key)).etag());
                  assertThat(expect(200, get(key)).text()).isEqualTo("Java");
                }),
            claim(
                "form fields",
                key -> {
                  String form = "value=h%C3%A9+%26+co%3D1&key=" + parameter(key);
                  expect(201, post("/put", FORM, form));
                  assertThat(expect(200, get(key)).text()).isEqualTo("h\u00E9 & co=1");
                }),
            claim(
                "another type",
                key -> refuse(UNSUPPORTED_MEDIA_TYPE, post("/put", "text/xml", "<a/>")))),
        sentence(
            "`POST /put`: JSON that is none",
            each(
                List.of(
                    " | body",
                    "null | body",
                    "[] | body",
                    "{ | body",
                    "{'key':'a','value':'b'} {} | body",
                    "{} | key",
                    "{'value':'b'} | key",
                    "{'key':1,'value':'b'} | key",
                    "{'key':'a'} | value",
                    "{'key':'a','value':null} | value",
                    "{'key':'a','value':1} | value",
                    "{'key':'a','value':{}} | value",
                    "{'key':'a','value':'\\ud800'} | value",
                    "{'key':'a','valueBase64':'?'} | valueBase64"),
                (row, key) -> isRefused(JSON, row.replace('\'', '"')))),
        sentence(
            "`POST /put`: a form that is none",
            each(
                List.of(
                    " | key",
                    "value=x | key",
                    "key=a | value",
                    "key=a&key=b&value=x | key",
                    "key=a&value=x&ttl=1s | ttl",
                    "key=a&value=%zz | query"),
                (row, key) -> isRefused(FORM, row))),
        sentence(
            "`GET /get?key=name` (JSON `{\"key\",\"value\"}`, or text with `Accept: text/plain`)",
            claim(
                "JSON",
                key -> {
                  expect(201, store(key, "GoLang"));
                  Answer read = expect(200, service.get("/get?key=" + key));
                  assertThat(read.header("Content-Type")).isEqualTo(JSON);
                  assertThat(read.json()).containsOnlyKeys("key", "value");
                  assertThat(read.json().getString("value")).isEqualTo("GoLang");
                }),
            claim(
                "text",
                key -> {
                  expect(201, store(key, "GoLang"));
                  RawRequest get = service.get("/get?key=" + key);
                  Answer read = expect(200, get.header("Accept", "text/plain"));
                  assertThat(read.header("Content-Type")).startsWith("text/plain");
                  assertThat(read.text()).isEqualTo("GoLang");
                }),
            claim(
                "neither",
                key -> {
                  RawRequest get = service.get("/get?key=" + key);
                  refuse(NOT_ACCEPTABLE, get.header("Accept", "image/png"));
                })),
        sentence(
            "`GET /get?key=name`, `DELETE /delete?key=name`: exactly one key",
            each(
                List.of("", "?key=a&key=b", "?name=a", "?key=%FF", "?key=%zz"),
                (query, key) -> {
                  refuse(REQUEST_INVALID, service.get("/get" + query));
                  refuse(REQUEST_INVALID, service.delete("/delete" + query));
                })),
        sentence(
            "`DELETE /delete?key=name`.",
            claim(
                "deletes",
                key -> {
                  expect(201, store(key, "GoLang"));
                  expect(204, service.delete("/delete?key=" + key));
                  refuse(NOT_FOUND, get(key));
                })),
        sentence(
            "Same store, same rules",
            claim(
                "a value of the one is the value of the other",
                key -> {
                  expect(201, put(key, "x"));
                  JsonObject pair = expect(200, service.get("/get?key=" + key)).json();
                  assertThat(pair.getString("value")).isEqualTo("x");
                  expect(204, store(key, "y"));
                  assertThat(expect(200, get(key)).header("KV-Version")).isEqualTo("2");
                })),
        sentence(
            "404 on a missing key.",
            claim(
                "both",
                key -> {
                  refuse(NOT_FOUND, service.get("/get?key=" + key));
                  refuse(NOT_FOUND, service.delete("/delete?key=" + key));
                })));
  }

  private RawRequest store(String key, String value) {
    return post("/put", JSON, json("{'key':'%s','value':'%s'}", key, value));
  }

  private void isRefused(String type, String row) {
    String[] parts = row.split(" \\| ", -1);
    refuse(REQUEST_INVALID, parts[1], post("/put", type, parts[0]));
  }
}
