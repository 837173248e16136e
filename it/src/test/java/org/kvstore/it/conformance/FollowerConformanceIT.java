package org.kvstore.it.conformance;

import java.util.function.Predicate;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The contract at a node that has a replica of the shard and does not lead it. */
@EnabledIfSystemProperty(named = "long", matches = "true")
class FollowerConformanceIT extends NodeConformance {
  FollowerConformanceIT() {
    super(3);
  }

  @Override
  Predicate<Section> sections() {
    return section -> true;
  }
}
