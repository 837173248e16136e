package org.kvstore.it.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.kvstore.it.support.Deployed;

/**
 * The HTTP contract, sentence by sentence, in the order of its document; then the OpenAPI document
 * against every answer that was seen on the way.
 */
class ConformanceIT extends Deployed {
  private final Exchanges exchanges = new Exchanges();
  private final Servers servers = new Servers(service);

  @TestFactory
  Stream<DynamicNode> contract() {
    Stream<DynamicNode> sections =
        Contract.sections(servers, exchanges)
            .map(section -> dynamicContainer(section.title(), section.sentences()));
    return Stream.concat(sections, Stream.of(openApi()));
  }

  @AfterEach
  void stop() {
    servers.close();
  }

  private DynamicNode openApi() {
    return dynamicContainer(
        "The OpenAPI document",
        Stream.of(
            dynamicTest(
                "has every answer that was seen",
                () -> assertThat(OpenApi.of(service).undeclared(exchanges.seen())).isEmpty()),
            dynamicTest(
                "has no operation that was not used",
                () -> assertThat(OpenApi.of(service).unused(exchanges.seen())).isEmpty())));
  }
}
