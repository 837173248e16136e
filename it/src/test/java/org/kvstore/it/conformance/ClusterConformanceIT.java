package org.kvstore.it.conformance;

import java.util.Set;
import java.util.function.Predicate;

/**
 * The contract at a node that has no replica of the shard: whatever it is asked, it asks others.
 * With {@code -Plong} all of it, otherwise the sections that take little time.
 */
class ClusterConformanceIT extends NodeConformance {
  private static final Set<Class<? extends Section>> SHORT =
      Set.of(OneKey.class, Transactions.class, Running.class, SimpleThree.class);

  ClusterConformanceIT() {
    super(2);
  }

  @Override
  Predicate<Section> sections() {
    return section -> Boolean.getBoolean("long") || SHORT.contains(section.getClass());
  }
}
