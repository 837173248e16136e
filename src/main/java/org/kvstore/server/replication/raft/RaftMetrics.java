package org.kvstore.server.replication.raft;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.ratis.metrics.LongCounter;
import org.apache.ratis.metrics.MetricRegistries;
import org.apache.ratis.metrics.MetricRegistryInfo;
import org.apache.ratis.metrics.RatisMetricRegistry;
import org.apache.ratis.metrics.Timekeeper;
import org.apache.ratis.server.metrics.LeaderElectionMetrics;
import org.apache.ratis.server.metrics.SegmentedRaftLogMetrics;
import org.apache.ratis.util.TimeDuration;
import org.kvstore.server.model.Histogram;

/**
 * What is kept of what Apache Ratis measures of itself: how long the log takes to be synced, and
 * how often there is an election; for all groups of this process together. Of the rest nothing: its
 * own keep a sample of a thousand values for each of some ten timers of every shard, 20 MB of heap
 * on a node of 16 shards, and cost each write more than a twentieth of its time. Ratis finds this
 * class as a service.
 */
public final class RaftMetrics extends MetricRegistries {
  private static final Histogram SYNCS = Histogram.ofDurations();
  private static final LongAdder ELECTIONS = new LongAdder();

  private static final Timekeeper.Context STOPPED = () -> 0;
  private static final Timekeeper NO_TIMER = () -> STOPPED;
  private static final LongCounter COUNTER = new NoCounter();

  /** Names that Ratis gives to what it measures, and what is done with it. */
  private static final Map<String, Timekeeper> TIMERS =
      Map.of(
          SegmentedRaftLogMetrics.RAFT_LOG_SYNC_TIME, RaftMetrics::beginSync,
          LeaderElectionMetrics.LEADER_ELECTION_TIME_TAKEN, RaftMetrics::beginElection);

  /** Called by Ratis. */
  public RaftMetrics() {}

  /** How long writing what there is of the log of a shard, and its fsync, took. */
  public static Histogram logSyncs() {
    return SYNCS;
  }

  /** How many elections replicas here have stood for. */
  public static long elections() {
    return ELECTIONS.sum();
  }

  private static Timekeeper.Context beginSync() {
    long begun = System.nanoTime();
    return () -> {
      long taken = System.nanoTime() - begun;
      SYNCS.record(taken);
      return taken;
    };
  }

  private static Timekeeper.Context beginElection() {
    ELECTIONS.increment();
    return STOPPED;
  }

  @Override
  public RatisMetricRegistry create(MetricRegistryInfo info) {
    return new Registry(info);
  }

  @Override
  public boolean remove(MetricRegistryInfo info) {
    return true;
  }

  @Override
  public Optional<RatisMetricRegistry> get(MetricRegistryInfo info) {
    return Optional.empty();
  }

  @Override
  public Set<MetricRegistryInfo> getMetricRegistryInfos() {
    return Set.of();
  }

  @Override
  public Collection<RatisMetricRegistry> getMetricRegistries() {
    return List.of();
  }

  @Override
  public void clear() {}

  @Override
  public void addReporterRegistration(
      Consumer<RatisMetricRegistry> reporter, Consumer<RatisMetricRegistry> stopReporter) {}

  @Override
  public void enableJmxReporter() {}

  @Override
  public void enableConsoleReporter(TimeDuration rate) {}

  private record Registry(MetricRegistryInfo info) implements RatisMetricRegistry {
    @Override
    public Timekeeper timer(String name) {
      return TIMERS.getOrDefault(name, NO_TIMER);
    }

    @Override
    public LongCounter counter(String name) {
      return COUNTER;
    }

    @Override
    public boolean remove(String name) {
      return true;
    }

    @Override
    public <T> void gauge(String name, Supplier<Supplier<T>> value) {}

    @Override
    public MetricRegistryInfo getMetricRegistryInfo() {
      return info;
    }
  }

  private static final class NoCounter implements LongCounter {
    @Override
    public void inc(long count) {}

    @Override
    public void dec(long count) {}

    @Override
    public long getCount() {
      return 0;
    }
  }
}
