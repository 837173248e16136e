package org.kvstore.server.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.NodeDocument;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.service.ClusterConfig;

class NodeBodiesTest {
  @ParameterizedTest
  @CsvSource({
    "n4, host4:9084",
    "4, 10.0.0.4:1",
    "a-b-0123456789-0123456789-012345, host-4.example_x.org:65535",
    "kvstore-3, kvstore-3.kvstore-nodes:9081",
    "n4, '[2001:db8::4]:9084'"
  })
  void parse_whatANodeMayBeNamed_andWhereItMayBe(String id, String address) {
    assertThat(NodeBodies.parse(body(id, address))).isEqualTo(new NodeDocument(id, address));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "N4",
        "-n4",
        "n4-",
        "n 4",
        "n.4",
        "n4/drain",
        "..",
        "n4\\n",
        "a23456789012345678901234567890123"
      })
  void parse_anotherId_namesIt(String id) {
    assertRefused(body(id, "host4:9084"), "id");
    assertThat(ClusterConfig.isNodeId(id)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "host4",
        "host4:",
        ":9084",
        "host4:0",
        "host4:65536",
        "host4:999999",
        "host4:-1",
        "http://host4:9084",
        "host4:9084/",
        "ho st4:9084",
        "n4=host4:9084",
        "2001:db8::4:9084",
        "[]:9084",
        "[host4]:9084",
        "host4:9084,host5:9085",
        "host4:9084\\n"
      })
  void parse_anotherAddress_namesIt(String address) {
    assertRefused(body("n4", address), "raftAddress");
  }

  @Test
  void parse_whatIsMissingOrUnknownOrNoText_isNamed() {
    assertRefused("{\"raftAddress\":\"host4:9084\"}", "id");
    assertRefused("{\"id\":\"n4\"}", "raftAddress");
    assertRefused("{\"id\":null,\"raftAddress\":\"host4:9084\"}", "id");
    assertRefused("{\"id\":4,\"raftAddress\":\"host4:9084\"}", "id");
    assertRefused("{\"id\":\"n4\",\"raftAddress\":[\"host4:9084\"]}", "raftAddress");
    assertRefused("{\"id\":\"n4\",\"raftAddress\":\"host4:9084\",\"url\":\"x\"}", "url");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "null", "\"n4=host4:9084\"", "{\"id\":\"n4\"}{}"})
  void parse_noObject_isABadBody(String body) {
    assertRefused(body, "body");
  }

  private static String body(String id, String address) {
    return "{\"id\":\"%s\",\"raftAddress\":\"%s\"}".formatted(id, address);
  }

  private static void assertRefused(String body, String field) {
    assertThatThrownBy(() -> NodeBodies.parse(body))
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refusal -> {
              assertThat(refusal.code()).isEqualTo(ErrorCode.REQUEST_INVALID);
              assertThat(refusal.field()).isEqualTo(field);
              assertThat(refusal.getMessage()).isNotBlank();
            });
  }
}
