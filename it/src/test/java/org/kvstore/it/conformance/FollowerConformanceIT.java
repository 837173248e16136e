package org.kvstore.it.conformance;

import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The contract at a node that has a replica of the shard and does not lead it. */
@EnabledIfSystemProperty(named = "long", matches = "true")
class FollowerConformanceIT extends NodeConformance {
  FollowerConformanceIT() {
    super(3);
  }
}
