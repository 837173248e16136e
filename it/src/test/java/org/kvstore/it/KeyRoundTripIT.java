package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;

/** Every valid key is addressable everywhere, byte for byte; no other key is read in its place. */
class KeyRoundTripIT extends Deployed {
  private static final String COMPOSED = "caf\u00E9";
  private static final String DECOMPOSED = "cafe\u0301";

  static Stream<String> awkward() {
    return Stream.of(
        "plain",
        "with space",
        " leading and trailing ",
        "100%",
        "%41 is not A",
        "%2F",
        "%25",
        "a+b",
        "a;b=c;d",
        ";jsessionid=1",
        "what?really",
        "a#b",
        "quotes \" ' `",
        "back\\slash",
        "a&b=c&d",
        "<script>{[|^]}</script>",
        "a:b@c!$*(),~",
        "inner/slashes/go/deep",
        "..a/a../...",
        ".hidden/a.b",
        "WEB-INF/web.xml",
        "META-INF/MANIFEST.MF",
        "j_security_check",
        "\uD83D\uDE00 emoji \uD83D\uDC69\u200D\uD83D\uDCBB",
        COMPOSED,
        DECOMPOSED,
        "\u4E2D\u6587/\u0627\u0644\u0639\u0631\u0628\u064A\u0629",
        "\u200B\uFEFF zero width",
        "\uFFFD\uFFFF\uE000",
        "\uDBFF\uDFFF last code point",
        "key",
        "x".repeat(900),
        "\uD83D\uDE00".repeat(220));
  }

  @ParameterizedTest
  @MethodSource("awkward")
  void awkwardKey_onEveryEndpoint_isThatKey(String name) {
    String key = prefix() + name;
    String location = service.put(target(key)).body(name).send().expect(201).header("Location");

    assertThat(location).isEqualTo(target(key));
    assertThat(service.get(location).send().expect(200).text()).isEqualTo(name);
    assertThat(service.request("HEAD", target(key)).send().expect(200).body()).isEmpty();
    assertThat(
            service
                .get(target(key))
                .header("Accept", "application/vnd.kvstore.entry+json")
                .send()
                .expect(200)
                .json()
                .getString("key"))
        .isEqualTo(key);
    assertThat(listed(key)).containsExactly(key);
    assertThat(exported(key)).containsExactly(key);
    assertThat(service.get("/get?key=" + parameter(key)).send().expect(200).json().getString("key"))
        .isEqualTo(key);

    service.delete(target(key)).send().expect(204);
    service.get(target(key)).send().expect(ErrorCode.NOT_FOUND);
    assertThat(listed(key)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("awkward")
  void awkwardKey_bySimpleThree_isThatKey(String name) {
    String key = prefix() + name;
    String body = Json.createObjectBuilder().add("key", key).add("value", name).build().toString();
    service.post("/put").header("Content-Type", "application/json").body(body).send().expect(201);

    assertThat(service.get(target(key)).send().expect(200).text()).isEqualTo(name);
    service.delete("/delete?key=" + parameter(key)).send().expect(204);
    service.get("/get?key=" + parameter(key)).send().expect(ErrorCode.NOT_FOUND);
  }

  @Test
  void everyEscape_ofEveryVisibleCharacter_isTheSameKey() {
    String visible = visibleCharacters();
    String key = prefix() + visible;
    service.put(target(key)).body("here").send().expect(201);

    StringBuilder escaped = new StringBuilder("/v1/kv/");
    for (byte b : key.getBytes(StandardCharsets.US_ASCII)) {
      escaped.append("%%%02x".formatted(b));
    }
    assertThat(service.get(escaped.toString()).send().expect(200).text()).isEqualTo("here");
  }

  @Test
  void keyOf1024Bytes_isAccepted_andOf1025Refused() {
    String prefix = prefix();
    String longest = prefix + "\u00E9".repeat((1024 - prefix.length()) / 2);
    longest += "x".repeat(1024 - longest.getBytes(StandardCharsets.UTF_8).length);
    service.put(target(longest)).body("fits").send().expect(201);
    assertThat(service.get(target(longest)).send().expect(200).text()).isEqualTo("fits");
    assertThat(exported(longest)).containsExactly(longest);

    service.put(target(longest + "x")).body("no").send().expect(ErrorCode.KEY_INVALID);
    service.get("/get?key=" + parameter(longest + "x")).send().expect(ErrorCode.KEY_INVALID);
  }

  @Test
  void composedAndDecomposed_stayTwoKeys() {
    String prefix = prefix();
    service.put(target(prefix + COMPOSED)).body("one code point").send().expect(201);
    service.put(target(prefix + DECOMPOSED)).body("two code points").send().expect(201);

    assertThat(service.get(target(prefix + COMPOSED)).send().text()).isEqualTo("one code point");
    assertThat(service.get(target(prefix + DECOMPOSED)).send().text()).isEqualTo("two code points");
    assertThat(listed(prefix)).containsExactly(prefix + DECOMPOSED, prefix + COMPOSED);
  }

  @Test
  void orderOfKeys_isThatOfUnsignedBytes() {
    String prefix = prefix();
    List<String> inOrder =
        List.of("A", "Z", "a", "a ", "a/b", "ab", "z", "\u00E9", "\uFFFD", "\uD83D\uDE00");
    inOrder.stream().sorted().forEach(key -> service.put(target(prefix + key)).body("").send());

    assertThat(listed(prefix))
        .containsExactlyElementsOf(inOrder.stream().map(prefix::concat).toList());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          a/        | a trailing slash
          a%2F      | an escaped trailing slash
          a//b      | an empty segment
          /a        | a leading slash
          %2Fa      | an escaped leading slash
          .         | a dot
          %2e       | an escaped dot
          ..        | two dots
          %2E%2e    | two escaped dots
          a/../b    | a parent segment
          a/%2e%2e/b| an escaped parent segment
          a/./b     | a dot segment
          ../status | a way out of the keys
          ../../metrics | a way to another application
          a%00b     | NUL
          a%0Ab     | a line feed
          a%7Fb     | DEL
          a%C2%85b  | a C1 control character
          %ff       | a byte that UTF-8 never has
          %c3%28    | an incomplete sequence
          %c0%af    | an overlong slash
          %ed%a0%80 | a surrogate
          %f4%90%80%80 | beyond the last code point
          %         | half an escape
          a%2       | half an escape at the end
          %zz       | no hexadecimal digits
          %u0041    | an escape of another kind
          """)
  void pathThatIsNoValidKey_isRefused_neverReadAsAnother(String path, String why) {
    service.put(target("a")).body("not this one").send();
    for (String method : List.of("GET", "HEAD", "PUT", "DELETE")) {
      Answer answer = service.request(method, "/v1/kv/" + path).send().expect(400);
      if (!method.equals("HEAD")) {
        answer.expect(ErrorCode.KEY_INVALID);
      }
      assertThat(answer.findHeader("ETag")).as(why).isEmpty();
    }
    assertThat(service.get(target("a")).send().expect(200).text()).isEqualTo("not this one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a;b", "a;b=c", ";a", "a/b;c/d"})
  void rawSemicolon_isPartOfTheKey(String raw) {
    String prefix = prefix();
    service.put("/v1/kv/" + prefix + raw).body(raw).send().expect(201);

    assertThat(listed(prefix)).containsExactly(prefix + raw);
    assertThat(service.get(target(prefix + raw)).send().expect(200).text()).isEqualTo(raw);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a|b", "a\"b", "a<b>", "a{b}", "a\\b", "a^b", "a`b", "a[b]", "caf\u00C3\u00A9"})
  void characterThatATargetMustNotHave_isTheExactKeyOrRefused(String raw) {
    String prefix = prefix();
    Answer answer = service.put("/v1/kv/" + prefix + raw).body(raw).send();
    if (answer.status() == 201) {
      String key = new String(raw.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
      assertThat(listed(prefix)).containsExactly(prefix + key);
      return;
    }
    answer.expect(ErrorCode.KEY_INVALID);
    assertThat(listed(prefix)).isEmpty();
  }

  @Test
  void plusInAPath_isAPlus_andInAQueryASpace() {
    String prefix = prefix();
    service.put("/v1/kv/" + prefix + "a+b").body("plus").send().expect(201);
    service.put("/v1/kv/" + prefix + "a%20b").body("space").send().expect(201);

    assertThat(service.get("/get?key=" + prefix + "a+b").send().json().getString("value"))
        .isEqualTo("space");
    assertThat(service.get("/get?key=" + prefix + "a%2Bb").send().json().getString("value"))
        .isEqualTo("plus");
  }

  private List<String> listed(String prefix) {
    return service
        .get("/v1/kv?keysOnly=true&prefix=" + parameter(prefix))
        .send()
        .expect(200)
        .json()
        .getJsonArray("entries")
        .stream()
        .map(entry -> entry.asJsonObject().getString("key"))
        .toList();
  }

  private List<String> exported(String prefix) {
    return service
        .get("/v1/kv?prefix=" + parameter(prefix))
        .header("Accept", "application/x-ndjson")
        .send()
        .expect(200)
        .text()
        .lines()
        .map(line -> Answer.json(line).getString("key"))
        .toList();
  }

  private static String visibleCharacters() {
    StringBuilder visible = new StringBuilder();
    for (char c = '!'; c <= '~'; c++) {
      visible.append(c == '/' ? '-' : c);
    }
    return visible.toString();
  }
}
