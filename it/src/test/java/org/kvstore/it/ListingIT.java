package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.kvstore.api.ErrorCode;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Bulk;
import org.kvstore.it.support.Deployed;

/** Many keys: pages, folds, counts, points in time, ranges that are deleted. */
class ListingIT extends Deployed {
  private final String prefix = prefix();

  @Test
  void entry_inAListing_isTheEntry() {
    Answer put = write("a?", "h\u00E9").expect(201);
    service.put(target(prefix + "b")).body(new byte[] {(byte) 0xFF}).send().expect(201);
    JsonObject page = page("");
    JsonObject a = page.getJsonArray("entries").getJsonObject(0);
    assertThat(a.getString("key")).isEqualTo(prefix + "a?");
    assertThat(a.getString("value")).isEqualTo("h\u00E9");
    assertThat(a.getString("contentType")).isEqualTo("application/octet-stream");
    assertThat(a.getInt("modRevision")).isEqualTo((int) put.revision());
    assertThat(a.getInt("version")).isEqualTo(1);
    assertThat(a).doesNotContainKeys("expiresAt", "lease", "valueBase64");
    assertThat(page.getJsonArray("entries").getJsonObject(1).getString("valueBase64"))
        .isEqualTo("/w==");
    assertThat(page.getInt("count")).isEqualTo(2);
    assertThat(page.getString("position")).matches("[A-Za-z0-9_-]+");
    assertThat(page).doesNotContainKeys("cursor", "prefixes");
  }

  @Test
  void ranges_ordersAndLimits() {
    writeAll("a", "b", "c", "d");
    assertThat(keys(page(""))).containsExactly("a", "b", "c", "d");
    assertThat(keys(page("&order=desc"))).containsExactly("d", "c", "b", "a");
    assertThat(keys(page("&limit=2"))).containsExactly("a", "b");
    assertThat(keys(page("&limit=2&order=desc"))).containsExactly("d", "c");
    String range = "/v1/kv?start=%s&end=%s".formatted(at("b"), at("d"));
    assertThat(keys(service.get(range).send().expect(200).json())).containsExactly("b", "c");
    String fromLast = "/v1/kv?start=%s&limit=1".formatted(at("d"));
    assertThat(keys(service.get(fromLast).send().expect(200).json())).containsExactly("d");
    String none = "/v1/kv?start=%s&end=%s".formatted(at("d"), at("b"));
    assertThat(keys(service.get(none).send().expect(200).json())).isEmpty();
    assertThat(page("&keysOnly=true").getJsonArray("entries").getJsonObject(0))
        .doesNotContainKey("value");
    assertThat(page("&countOnly=true").getInt("count")).isEqualTo(4);
    assertThat(page("&countOnly")).doesNotContainKeys("entries", "cursor");
  }

  @Test
  void delimiter_foldsKeysIntoPrefixes_inBothOrdersAndAcrossPages() {
    writeAll("a", "b/1", "b/2/x", "c/1", "d", "e/1");
    JsonObject folded = page("&delimiter=/");
    assertThat(keys(folded)).containsExactly("a", "d");
    assertThat(prefixes(folded)).containsExactly("b/", "c/", "e/");
    assertThat(folded.getInt("count")).isEqualTo(5);
    assertThat(prefixes(page("&delimiter=/&order=desc"))).containsExactly("e/", "c/", "b/");

    for (String order : new String[] {"asc", "desc"}) {
      List<String> seen = new ArrayList<>();
      for (JsonObject page : pages("&delimiter=/&limit=1&order=" + order)) {
        seen.addAll(keys(page));
        seen.addAll(prefixes(page));
      }
      assertThat(seen).as(order).containsExactlyInAnyOrder("a", "b/", "c/", "d", "e/");
    }
  }

  @Test
  void allPages_showOnePointInTime_whileWritesGoOn() throws Exception {
    Bulk.put(service, 300, i -> prefix + "%04d".formatted(i), "before");
    List<String> seen = new ArrayList<>();
    String cursor = null;
    int round = 0;
    do {
      JsonObject page = page("&limit=50" + (cursor == null ? "" : "&cursor=" + cursor));
      page.getJsonArray("entries")
          .forEach(
              entry -> assertThat(entry.asJsonObject().getString("value")).isEqualTo("before"));
      seen.addAll(keys(page));
      cursor = page.getString("cursor", null);
      for (int i = round++; i < 300; i += 7) {
        assertThat(write("%04d".formatted(i), "after").status()).isIn(201, 204);
      }
      service.put(target(prefix + "%04d-new".formatted(299 - round))).body("new").send();
      service.delete(target(prefix + "%04d".formatted(150 + round))).send().expect(204);
    } while (cursor != null);
    assertThat(seen)
        .containsExactlyElementsOf(IntStream.range(0, 300).mapToObj("%04d"::formatted).toList());
  }

  @Test
  void revision_listsThePast() {
    writeAll("a", "b");
    long then = write("c", "").expect(201).revision();
    service.delete(target(prefix + "a")).send().expect(204);
    write("d", "").expect(201);
    assertThat(keys(page("&revision=" + then))).containsExactly("a", "b", "c");
    assertThat(page("&countOnly=true&revision=" + then).getInt("count")).isEqualTo(3);
    assertThat(keys(page("&order=desc&revision=" + then))).containsExactly("c", "b", "a");
    assertThat(keys(page(""))).containsExactly("b", "c", "d");
    listing("&revision=" + (then + 1_000_000)).expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void cursor_tamperedOrOfAnotherListing_isRefused() {
    writeAll("a", "b", "c");
    String cursor = page("&limit=1").getString("cursor");
    assertThat(keys(page("&limit=2&cursor=" + cursor))).containsExactly("b", "c");
    for (String bad :
        List.of(
            "&cursor=",
            "&cursor=x",
            "&cursor=!!",
            "&cursor=" + cursor.substring(0, 8),
            "&cursor=A" + cursor,
            "&cursor=%00",
            "&order=desc&cursor=" + cursor,
            "&delimiter=/&cursor=" + cursor,
            "&revision=1&cursor=" + cursor)) {
      listing(bad).expect(ErrorCode.REQUEST_INVALID);
    }
    service
        .get("/v1/kv?prefix=%s&cursor=%s".formatted(parameter("Another/"), cursor))
        .send()
        .expect(ErrorCode.REQUEST_INVALID);
    char[] flipped = cursor.toCharArray();
    for (int i = 0; i < flipped.length; i++) {
      flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
      Answer answer = listing("&cursor=" + new String(flipped));
      assertThat(answer.status()).as("%s", answer).isIn(200, 400, 410);
      flipped[i] = cursor.charAt(i);
    }
  }

  @Test
  void rangeDelete_deletesTheRangeAndNothingElse() {
    writeAll("a", "b", "c", "d");
    String range = "/v1/kv?start=%s&end=%s".formatted(at("b"), at("d"));
    assertThat(service.delete(range).send().expect(200).json().getInt("deleted")).isEqualTo(2);
    assertThat(service.delete(range).send().expect(200).json().getInt("deleted")).isZero();
    assertThat(keys(page(""))).containsExactly("a", "d");
    service.delete("/v1/kv").send().expect(ErrorCode.REQUEST_INVALID);
    service.delete("/v1/kv?all=false").send().expect(ErrorCode.REQUEST_INVALID);
    service.delete("/v1/kv?all=true&prefix=x").send().expect(ErrorCode.REQUEST_INVALID);
  }

  @Test
  void rangeDelete_ofMoreKeysThanOneRevisionTakes_deletesAll() throws Exception {
    Bulk.put(service, 12_000, i -> prefix + i, "");
    write("zz", "").expect(201);
    String range = "/v1/kv?start=%s&end=%s".formatted(at("0"), at(":"));
    assertThat(page("&countOnly=true").getInt("count")).isEqualTo(12_001);
    assertThat(service.delete(range).send().expect(200).json().getInt("deleted")).isEqualTo(12_000);
    assertThat(keys(page(""))).containsExactly("zz");
  }

  private Answer write(String name, String value) {
    return service.put(target(prefix + name)).body(value).send();
  }

  private void writeAll(String... names) {
    for (String name : names) {
      write(name, name).expect(201);
    }
  }

  private String at(String name) {
    return parameter(prefix + name);
  }

  private Answer listing(String parameters) {
    return service.get("/v1/kv?prefix=" + parameter(prefix) + parameters).send();
  }

  private JsonObject page(String parameters) {
    return listing(parameters).expect(200).json();
  }

  private List<JsonObject> pages(String parameters) {
    List<JsonObject> pages = new ArrayList<>();
    JsonObject page = page(parameters);
    pages.add(page);
    while (page.containsKey("cursor")) {
      page = page(parameters + "&cursor=" + page.getString("cursor"));
      pages.add(page);
    }
    return pages;
  }

  private List<String> keys(JsonObject page) {
    return page.getJsonArray("entries").stream()
        .map(entry -> entry.asJsonObject().getString("key").substring(prefix.length()))
        .toList();
  }

  private List<String> prefixes(JsonObject page) {
    return page.getJsonArray("prefixes").getValuesAs(JsonString::getString).stream()
        .map(folded -> folded.substring(prefix.length()))
        .toList();
  }
}
