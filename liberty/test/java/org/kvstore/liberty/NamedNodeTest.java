package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes and their hosts, as they are written on the command line. */
class NamedNodeTest {
  @Test
  void hostsWithoutAnId_areOfTheNodeBefore() {
    assertThat(NamedNode.parse("n1=host1,10.0.0.1,n2=[fd00::2]"))
        .containsExactly(
            new NamedNode("n1", List.of("host1", "10.0.0.1")),
            new NamedNode("n2", List.of("[fd00::2]")));
  }

  @Test
  void namesAndAddresses_areToldApart() {
    assertThat(new NamedNode("n1", List.of("kv-0.kv", "10.0.0.1", "[fd00::2]")).alternativeNames())
        .isEqualTo("dns:kv-0.kv,ip:10.0.0.1,ip:fd00::2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "host1",
        "n1=",
        "n1=a,n1=b",
        "n1=host1,",
        "N1=host1",
        "../n1=host1",
        "n1-=host1",
        "authority=host1",
        "n1=host1:9081",
        "n1=host 1",
        "n1=10.0.0",
        "n1=host1 dns:other"
      })
  void whatIsNeither_isRefused(String text) {
    assertThatThrownBy(() -> NamedNode.parse(text))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining("n1=host1,n2=host2");
  }
}
