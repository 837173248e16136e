package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Patch;
import org.kvstore.server.model.Patch.Kind;
import org.kvstore.server.store.TestLimits;

@Timeout(60)
class JsonPatcherTest {
  private final JsonPatcher patcher = new JsonPatcher();

  /** The examples of RFC 6902 appendix A that succeed: value, patch, result. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "{'foo':'bar'}; [{'op':'add','path':'/baz','value':'qux'}]; {'foo':'bar','baz':'qux'}",
        "{'foo':['bar','baz']}; [{'op':'add','path':'/foo/1','value':'qux'}];"
            + "{'foo':['bar','qux','baz']}",
        "{'baz':'qux','foo':'bar'}; [{'op':'remove','path':'/baz'}]; {'foo':'bar'}",
        "{'foo':['bar','qux','baz']}; [{'op':'remove','path':'/foo/1'}]; {'foo':['bar','baz']}",
        "{'baz':'qux','foo':'bar'}; [{'op':'replace','path':'/baz','value':'boo'}];"
            + "{'baz':'boo','foo':'bar'}",
        "{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}};"
            + "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}];"
            + "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}",
        "{'foo':['all','grass','cows','eat']}; [{'op':'move','from':'/foo/1','path':'/foo/3'}];"
            + "{'foo':['all','cows','eat','grass']}",
        "{'baz':'qux','foo':['a',2,'c']}; [{'op':'test','path':'/baz','value':'qux'},"
            + "{'op':'test','path':'/foo/1','value':2}]; {'baz':'qux','foo':['a',2,'c']}",
        "{'foo':'bar'}; [{'op':'add','path':'/child','value':{'grandchild':{}}}];"
            + "{'foo':'bar','child':{'grandchild':{}}}",
        "{'foo':'bar'}; [{'op':'add','path':'/baz','value':'qux','xyz':123}];"
            + "{'foo':'bar','baz':'qux'}",
        "{'/':9,'~1':10}; [{'op':'test','path':'/~01','value':10}]; {'/':9,'~1':10}",
        "{'foo':['bar']}; [{'op':'add','path':'/foo/-','value':['abc','def']}];"
            + "{'foo':['bar',['abc','def']]}",
        "{'a':1}; [{'op':'copy','from':'/a','path':'/b'}]; {'a':1,'b':1}",
      },
      quoteCharacter = '`')
  void jsonPatch_exampleOfTheRfc_givesItsResult(String value, String patch, String expected) {
    assertThat(apply(Kind.JSON_PATCH, patch, value)).isEqualTo(json(expected));
  }

  /** Those that fail. */
  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "{'baz':'qux'}; [{'op':'test','path':'/baz','value':'bar'}]",
        "{'foo':'bar'}; [{'op':'add','path':'/baz/bat','value':'qux'}]",
        "{'/':9,'~1':10}; [{'op':'test','path':'/~01','value':'10'}]",
        "{'foo':[1]}; [{'op':'add','path':'/foo/3','value':2}]",
        "{'foo':[1]}; [{'op':'remove','path':'/foo/1'}]",
        "{'foo':1}; [{'op':'remove','path':'/bar'}]",
        "{'foo':1}; [{'op':'replace','path':'/bar','value':1}]",
        "{'foo':1}; [{'op':'move','from':'/bar','path':'/baz'}]",
        "'text'; [{'op':'add','path':'/a','value':1}]",
      },
      quoteCharacter = '`')
  void jsonPatch_thatDoesNotFitTheValue_fails(String value, String patch) {
    assertCode(ErrorCode.PATCH_FAILED, Kind.JSON_PATCH, patch, value);
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "1; 1.0",
        "1.0; 1",
        "100; 1e2",
        "0; -0.0",
        "1e1000000000; 10e999999999",
        "[1,{'a':[2.50]}]; [1.0,{'a':[2.5]}]",
        "{'a':1,'b':null}; {'b':null,'a':1.0}",
      },
      quoteCharacter = '`')
  void jsonPatch_testOfTheSameValueWrittenDifferently_holds(String value, String tested) {
    String patch = "[{'op':'test','path':'/v','value':" + tested + "}]";
    assertThat(apply(Kind.JSON_PATCH, patch, "{'v':" + value + "}")).startsWith("{\"v\":");
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "1; 2",
        "1; '1'",
        "1; true",
        "1; 1.0000000000000000000000000000000000000001",
        "1e1000000000; 1",
        "[1,2]; [2,1]",
        "[1,2]; [1]",
        "{'a':1}; {'a':1,'b':null}",
        "{'a':1,'b':1}; {'a':1,'c':1}",
        "{'a':[1,{'b':1}]}; {'a':[1,{'b':2}]}",
        "null; {}",
      },
      quoteCharacter = '`')
  void jsonPatch_testOfAnotherValue_fails(String value, String tested) {
    String patch = "[{'op':'test','path':'/v','value':" + tested + "}]";
    assertCode(ErrorCode.PATCH_FAILED, Kind.JSON_PATCH, patch, "{'v':" + value + "}");
  }

  @Test
  void jsonPatch_testOfTheWholeDocument_seesTheOperationsBeforeIt() {
    String patch =
        "[{'op':'add','path':'/b','value':2},{'op':'test','path':'','value':{'b':2.0,'a':1}}]";
    assertThat(apply(Kind.JSON_PATCH, patch, "{'a':1}")).isEqualTo(json("{'a':1,'b':2}"));
  }

  @Test
  void jsonPatch_oneOperationFails_theOnesBeforeItAreUndone() {
    String patch = "[{'op':'add','path':'/b','value':2},{'op':'test','path':'/b','value':3}]";
    assertCode(ErrorCode.PATCH_FAILED, Kind.JSON_PATCH, patch, "{'a':1}");
  }

  /** The table of RFC 7396 appendix A: value, patch, result. */
  @ParameterizedTest(name = "{0} {1}")
  @CsvSource(
      delimiter = ';',
      value = {
        "{'a':'b'}; {'a':'c'}; {'a':'c'}",
        "{'a':'b'}; {'b':'c'}; {'a':'b','b':'c'}",
        "{'a':'b'}; {'a':null}; {}",
        "{'a':'b','b':'c'}; {'a':null}; {'b':'c'}",
        "{'a':['b']}; {'a':'c'}; {'a':'c'}",
        "{'a':'c'}; {'a':['b']}; {'a':['b']}",
        "{'a':{'b':'c'}}; {'a':{'b':'d','c':null}}; {'a':{'b':'d'}}",
        "{'a':[{'b':'c'}]}; {'a':[1]}; {'a':[1]}",
        "['a','b']; ['c','d']; ['c','d']",
        "{'a':'b'}; ['c']; ['c']",
        "{'a':'foo'}; null; null",
        "{'a':'foo'}; 'bar'; 'bar'",
        "{'e':null}; {'a':1}; {'e':null,'a':1}",
        "[1,2]; {'a':'b','c':null}; {'a':'b'}",
        "{}; {'a':{'bb':{'ccc':null}}}; {'a':{'bb':{}}}",
      },
      quoteCharacter = '`')
  void mergePatch_exampleOfTheRfc_givesItsResult(String value, String patch, String expected) {
    assertThat(apply(Kind.MERGE_PATCH, patch, value)).isEqualTo(json(expected));
  }

  @ParameterizedTest
  @ValueSource(strings = {"JSON_PATCH", "MERGE_PATCH"})
  void patch_ofAMissingKey_notFound(Kind kind) {
    String patch = kind == Kind.JSON_PATCH ? "[]" : "{}";
    assertThatThrownBy(() -> patcher.apply(patch(kind, patch), null))
        .extracting("code")
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "no json", "{'a':1", "{'a':1} 2", "{'a':1}}", "[1,]", "01"})
  void patch_valueIsNotJson_fails(String value) {
    assertCode(ErrorCode.PATCH_FAILED, Kind.MERGE_PATCH, "{}", value);
  }

  @Test
  void patch_valueIsNotUtf8_fails() {
    Bytes value = Bytes.copyOf(new byte[] {'"', (byte) 0xC3, '"'});
    assertThatThrownBy(() -> patcher.apply(patch(Kind.MERGE_PATCH, "{}"), entry(value)))
        .extracting("code")
        .isEqualTo(ErrorCode.PATCH_FAILED);
  }

  @Test
  void patch_keepsTheContentType() {
    Entry entry = entry(Bytes.ofUtf8("{}"));
    assertThat(patcher.apply(patch(Kind.MERGE_PATCH, "{'a':1}"), entry).contentType())
        .isEqualTo(entry.contentType());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "123456789012345678901234567890.123456789",
        "0.1",
        "-0.000001",
      })
  void patch_numbersItDoesNotTouch_stayExact(String number) {
    String value = "{'n':" + number + "}";
    assertThat(apply(Kind.MERGE_PATCH, "{'a':1}", value))
        .isEqualTo(json("{'n':" + number + ",'a':1}"));
  }

  /** Each copy doubles it: forty of them would make a million megabytes. */
  @Test
  void jsonPatch_growsBeyondTheLimitOfAValue_isRefused() {
    StringBuilder patch = new StringBuilder("[");
    for (int i = 0; i < 40; i++) {
      patch.append("{'op':'copy','from':'/a','path':'/a/-'},");
    }
    patch.append("{'op':'add','path':'/b','value':1}]");
    JsonPatcher bounded = new JsonPatcher(TestLimits.with(Map.of("valueBytes", 10_000)));

    assertThatThrownBy(
            () ->
                bounded.apply(
                    patch(Kind.JSON_PATCH, patch.toString()), entry(Bytes.ofUtf8("{\"a\":[1]}"))))
        .extracting("code", "limit")
        .containsExactly(ErrorCode.TOO_LARGE, 10_000L);
  }

  /** Each copy doubles the depth, and what is nested deep is written by recursion. */
  @Test
  void jsonPatch_nestsTheValueVeryDeep_isRefusedWithoutAnError() {
    StringBuilder patch = new StringBuilder("[");
    StringBuilder path = new StringBuilder("/a");
    for (int i = 0; i < 16; i++) {
      patch.append(i == 0 ? "" : ",");
      patch.append("{'op':'copy','from':'','path':'").append(path).append("'}");
      path.append(path);
    }
    patch.append("]");
    assertCode(ErrorCode.PATCH_FAILED, Kind.JSON_PATCH, patch.toString(), "{'a':{}}");
  }

  @Test
  void patch_valueNestedVeryDeep_fails() {
    String value = "[".repeat(100_000) + "]".repeat(100_000);
    assertCode(ErrorCode.PATCH_FAILED, Kind.MERGE_PATCH, "{}", value);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, 3",
    "0.1, 0.2, 0.3",
    "-1, 1, 0",
    "1.50, 0.50, 2.00",
    "9007199254740993, 1, 9007199254740994",
    "9999999999999999999999999999999999999998, 1, 9999999999999999999999999999999999999999",
    "007, 1, 8",
  })
  void increment_ofADecimal_isExact(String value, String by, String expected) {
    assertThat(apply(Kind.INCREMENT, "{'by':" + by + "}", value)).isEqualTo(expected);
  }

  @Test
  void increment_ofAMissingKey_beginsAtZeroAsText() {
    assertThat(patcher.apply(patch(Kind.INCREMENT, "{'by':-2.5}"), null))
        .extracting(result -> result.value().toUtf8(), result -> result.contentType())
        .containsExactly("-2.5", "text/plain");
  }

  @ParameterizedTest
  @CsvSource({
    "9999999999999999999999999999999999999999, 1",
    "-9999999999999999999999999999999999999999, -1",
  })
  void increment_sumBeyondFortyDigits_fails(String value, String by) {
    assertCode(ErrorCode.PATCH_FAILED, Kind.INCREMENT, "{'by':" + by + "}", value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", " 1", "1 ", "1e3", "+1", ".5", "5.", "1.2.3", "NaN", "٣", "0x1"})
  void increment_ofAnythingElse_fails(String value) {
    assertCode(ErrorCode.PATCH_FAILED, Kind.INCREMENT, "{'by':1}", value);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "JSON_PATCH; {}",
        "JSON_PATCH; null",
        "JSON_PATCH; [1]",
        "JSON_PATCH; [{}]",
        "JSON_PATCH; [{'op':'add'}]",
        "JSON_PATCH; [{'op':'add','path':'/a'}]",
        "JSON_PATCH; [{'op':'add','path':'a','value':1}]",
        "JSON_PATCH; [{'op':'spam','path':'/a','value':1}]",
        "JSON_PATCH; [{'op':'move','path':'/a'}]",
        "JSON_PATCH; [{'op':1,'path':'/a','value':1}]",
        "JSON_PATCH; [",
        "MERGE_PATCH; {'a':}",
        "MERGE_PATCH; ``",
        "MERGE_PATCH; {} {}",
        "INCREMENT; 1",
        "INCREMENT; {}",
        "INCREMENT; {'by':'1'}",
        "INCREMENT; {'by':null}",
        "INCREMENT; {'by':1,'of':2}",
        "INCREMENT; {'by':1e1000000000}",
        "INCREMENT; {'by':1e-1000000000}",
        "INCREMENT; {'by':12345678901234567890123456789012345678901}",
      },
      quoteCharacter = '`')
  void checked_malformed_requestInvalid(Kind kind, String patch) {
    assertThatThrownBy(() -> JsonPatcher.checked(patch(kind, patch)))
        .extracting("code", "field")
        .containsExactly(ErrorCode.REQUEST_INVALID, "body");
  }

  @Test
  void checked_wellFormed_isThePatch() {
    Patch patch = patch(Kind.JSON_PATCH, "[{'op':'remove','path':''}]");
    assertThat(JsonPatcher.checked(patch)).isSameAs(patch);
  }

  private String apply(Kind kind, String patch, String value) {
    return patcher.apply(patch(kind, patch), entry(Bytes.ofUtf8(json(value)))).value().toUtf8();
  }

  private void assertCode(ErrorCode code, Kind kind, String patch, String value) {
    assertThatThrownBy(() -> apply(kind, patch, value)).extracting("code").isEqualTo(code);
  }

  private static Patch patch(Kind kind, String document) {
    return new Patch(kind, Bytes.ofUtf8(json(document)));
  }

  private static Entry entry(Bytes value) {
    return new Entry(Key.of("key"), value, "application/json", 1, 1, 1, 0, 0, 0);
  }

  private static String json(@Nullable String singleQuoted) {
    return singleQuoted == null ? "" : singleQuoted.replace('\'', '"');
  }
}
