package org.kvstore.it.conformance;

import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The contract at a node that has no replica of the shard: whatever it is asked, it asks others.
 */
@EnabledIfSystemProperty(named = "long", matches = "true")
class ClusterConformanceIT extends NodeConformance {
  ClusterConformanceIT() {
    super(2);
  }
}
