package org.kvstore.it.cluster;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** What befalls a cluster. Each can be undone by {@link Cluster#heal}. */
enum Nemesis {
  NOTHING {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {}
  },
  KILL_ONE {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.any(random).kill();
    }
  },
  KILL_LEADER {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      someLeader(cluster, random).kill();
    }
  },
  KILL_MINORITY {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      minority(cluster, random).forEach(number -> cluster.node(number).kill());
    }
  },
  KILL_ALL {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.killAll();
    }
  },
  PAUSE_ONE {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.any(random).pause();
    }
  },
  PAUSE_LEADER {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      someLeader(cluster, random).pause();
    }
  },
  PAUSE_ALL_IN_TURN {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      for (Node node : cluster.nodes()) {
        node.pause();
        hold(random);
        node.resume();
      }
    }
  },
  ISOLATE_MINORITY {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.network().isolate(minority(cluster, random));
      resetSometimes(cluster, random);
    }
  },
  ISOLATE_LEADER {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.network().isolate(List.of(someLeader(cluster, random).number()));
      resetSometimes(cluster, random);
    }
  },
  CUT_ONE_DIRECTION {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      List<Integer> two = shuffled(cluster, random).subList(0, 2);
      cluster.network().cut(two.get(0), two.get(1));
    }
  },
  DEAFEN_LEADER {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      int leader = someLeader(cluster, random).number();
      others(cluster, leader).forEach(other -> cluster.network().cut(other, leader));
    }
  },
  SILENCE_LEADER {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      int leader = someLeader(cluster, random).number();
      others(cluster, leader).forEach(other -> cluster.network().cut(leader, other));
    }
  },
  CUT_ONE_PAIR {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      List<Integer> two = shuffled(cluster, random);
      cluster.network().cut(two.get(0), two.get(1));
      cluster.network().cut(two.get(1), two.get(0));
    }
  },
  ROLLING_RESTART {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      for (Node node : cluster.nodes()) {
        node.stop();
        node.start();
        node.awaitReady();
      }
    }
  },
  SWING_CLOCKS {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.nodes().forEach(node -> node.clock().set(random.nextInt(2 * SWING) - SWING));
    }

    @Override
    boolean isPossible(Cluster cluster) {
      return cluster.hasClocks();
    }

    @Override
    boolean isTimeSteady() {
      return false;
    }
  },
  CHANGE_MEMBERS {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      new MemberChange(cluster, random).replace();
    }

    @Override
    boolean movesReplicas() {
      return true;
    }
  },
  MOVE_KILL {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) throws Exception {
      new MemberChange(cluster, random).makeAmongKills(journal);
    }

    @Override
    boolean movesReplicas() {
      return true;
    }
  },
  FILL_DISK {
    @Override
    void strike(Cluster cluster, Random random, Journal journal) {
      cluster.disk().fill(random);
    }

    @Override
    boolean isPossible(Cluster cluster) {
      return cluster.disk().isMounted();
    }
  };

  /** Below the ten minutes for which a request is remembered. */
  static final int SWING = 240;

  private static final int LEAST_HOLD_MILLIS = 500;
  private static final int HOLD_MILLIS = 4_000;

  /** Does it, and counts in a journal what of it is not to be left out for long. */
  abstract void strike(Cluster cluster, Random random, Journal journal) throws Exception;

  /** Whether shards come to be at other nodes; it takes one node that is no member. */
  boolean movesReplicas() {
    return false;
  }

  /** Whether the clocks of the nodes agree. */
  boolean isTimeSteady() {
    return true;
  }

  /** Whether this machine has what it takes. */
  boolean isPossible(Cluster cluster) {
    return true;
  }

  /** Lets it last a while. */
  static void hold(Random random) {
    try {
      Thread.sleep(LEAST_HOLD_MILLIS + random.nextInt(HOLD_MILLIS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Node someLeader(Cluster cluster, Random random) {
    return cluster.leader(random.nextInt(cluster.shards()));
  }

  private static List<Integer> minority(Cluster cluster, Random random) {
    return shuffled(cluster, random).subList(0, (cluster.nodes().size() - 1) / 2);
  }

  private static List<Integer> shuffled(Cluster cluster, Random random) {
    List<Integer> numbers = new ArrayList<>(cluster.network().nodes());
    Collections.shuffle(numbers, random);
    return numbers;
  }

  private static List<Integer> others(Cluster cluster, int one) {
    return cluster.network().nodes().stream().filter(number -> number != one).toList();
  }

  private static void resetSometimes(Cluster cluster, Random random) {
    if (random.nextBoolean()) {
      cluster.network().reset();
    }
  }
}
