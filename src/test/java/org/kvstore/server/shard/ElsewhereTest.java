package org.kvstore.server.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Event;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.ListQuery;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Revisions;
import org.kvstore.server.model.Submission;
import org.kvstore.server.replication.LeaseCoordinator;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.shard.ShardCluster.Node;
import org.kvstore.server.store.Read;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink.Delivery;
import org.kvstore.server.store.Writes;

/** A node that has no replica of a shard reads it at others. */
class ElsewhereTest {
  private static final Watch.Query EVERYTHING = new Watch.Query(KeyRange.ALL, true, true, false);
  private static final int SHARDS = 2;

  @TempDir Path parent;

  private ShardCluster cluster; // Set before each test.
  private Node empty; // Set before each test.

  @BeforeEach
  void open() throws Exception {
    cluster = new ShardCluster(parent, SHARDS);
    empty = cluster.startEmpty("n4");
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void everyWriteAcknowledgedBefore_isRead() throws Exception {
    for (int i = 0; i < 60; i++) {
      put("n" + (1 + i % 3), "k" + i % 7, "v" + i);
      assertThat(get("k" + i % 7)).isEqualTo("v" + i);
    }
    assertThat(done(read("none", Consistency.LOCAL))).isEmpty();
  }

  @Test
  void readsOfEachKind_areAsWhereTheReplicaIs() throws Exception {
    long lease = grant();
    for (int i = 0; i < 40; i++) {
      put("n1", "k" + i % 5, "v" + i);
    }
    Shard here = cluster.node("n1").shard(0);
    Shard away = empty.shard(0);
    assertThat(away.isHere()).isFalse();
    List<Event> events = here.store().changes(0, 100, 1 << 20).events();
    Key key = events.get(0).key();
    List<Read<?>> reads =
        List.of(
            new Read.Get(key),
            new Read.GetAt(key, events.get(0).revision()),
            new Read.PageOf(query(10, null)),
            new Read.CountOf(KeyRange.ALL, 0),
            new Read.HistoryOf(key, 0, 3),
            new Read.LeaseOf(lease),
            new Read.KeysOf(lease),
            new Read.ChangesAfter(1, 3, 1 << 20),
            new Read.Before(events, 1 << 20),
            new Read.Newest());
    for (Read<?> read : reads) {
      for (Consistency consistency : Consistency.values()) {
        assertThat((Object) done(away.read(consistency, read)))
            .as(read.toString())
            .isEqualTo(done(here.read(Consistency.LINEARIZABLE, read)));
      }
    }
  }

  @Test
  void failures_comeWithTheirCodes() throws Exception {
    for (int i = 0; i < 20; i++) {
      put("n1", "k0", "v" + i);
    }
    Key key = Key.of("k0");
    Shard here = cluster.node("n1").shards().of(key);
    Shard away = empty.shards().of(key);
    ShardCluster.await(here.submit(new Command.Compact(10), null));

    KeyValueException compacted =
        failure(away.read(Consistency.LINEARIZABLE, new Read.GetAt(key, 3)));
    assertThat(compacted.code()).isEqualTo(ErrorCode.COMPACTED);
    assertThat(compacted.limit()).isEqualTo(10);
    KeyValueException future = failure(away.read(Consistency.LOCAL, new Read.GetAt(key, 99)));
    assertThat(future.code()).isEqualTo(ErrorCode.REQUEST_INVALID);
    assertThat(future.field()).isEqualTo("revision");
  }

  @Test
  void listings_andCounts_andScans_areWhole() throws Exception {
    List<String> all = new ArrayList<>();
    for (int i = 100; i < 400; i++) {
      put("n1", "k" + i, "v" + i);
      all.add("k" + i);
    }
    requireListed(all);
    // Now one shard is here and the other elsewhere.
    cluster.come(empty, 0);
    assertThat(empty.shard(0).isHere()).isTrue();
    requireListed(all);
  }

  private void requireListed(List<String> all) throws Exception {
    List<String> listed = new ArrayList<>();
    Bytes after = null;
    Revisions at = null;
    do {
      RangeListing listing = empty.shards().listing(query(70, after), at, Consistency.LINEARIZABLE);
      ShardCluster.await(listing.ready());
      ShardedPage page = listing.page();
      page.entries().forEach(entry -> listed.add(entry.key().text()));
      after = page.last();
      at = page.revisions();
      put("n1", "k" + (100 + listed.size() / 2), "changed");
    } while (after != null);
    assertThat(listed).isEqualTo(all);

    RangeCount count = empty.shards().count(KeyRange.ALL, 0, Consistency.LINEARIZABLE);
    ShardCluster.await(count.ready());
    assertThat(count.count().keys()).isEqualTo(all.size());

    List<String> scanned = new ArrayList<>();
    try (RangeScan scan = empty.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
      do {
        addAll(scanned, scan);
      } while (scan.advance());
    }
    assertThat(scanned).isEqualTo(all);
  }

  @Test
  void scanOfAShardThatGoes_goesOnElsewhere() throws Exception {
    List<String> all = writeMany();
    cluster.come(empty, 0);
    List<String> scanned = new ArrayList<>();
    try (RangeScan scan = empty.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
      addAll(scanned, scan);
      cluster.go(empty, 0);
      put("n1", "k1000", "later");
      while (scan.advance()) {
        addAll(scanned, scan);
      }
    }
    assertThat(scanned).isEqualTo(all);
  }

  @Test
  void scanOfAShardThatGoesAndComesBack_goesOn() throws Exception {
    List<String> all = writeMany();
    cluster.come(empty, 0);
    List<String> scanned = new ArrayList<>();
    try (RangeScan scan = empty.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
      addAll(scanned, scan);
      cluster.go(empty, 0);
      cluster.come(empty, 0);
      while (scan.advance()) {
        addAll(scanned, scan);
      }
    }
    assertThat(scanned).isEqualTo(all);
  }

  /** As of which revision is settled by then, so no majority is needed to say what is newest. */
  @Test
  void restOfAScan_isReadWithoutAMajority() throws Exception {
    List<String> all = writeMany();
    String last = cluster.leader(0);
    for (Shard shard : cluster.node(last).shards().data()) {
      done(shard.read(Consistency.LINEARIZABLE, new Read.Newest()));
    }
    List<String> scanned = new ArrayList<>();
    try (RangeScan scan = empty.shards().scan(KeyRange.ALL, Consistency.LINEARIZABLE)) {
      cluster.stopAllBut(last);
      do {
        addAll(scanned, scan);
      } while (scan.advance());
    }
    assertThat(scanned).isEqualTo(all);
  }

  /** More keys than one part of a scan has, in their order. */
  private List<String> writeMany() throws Exception {
    List<String> keys = IntStream.range(1_000, 4_000).mapToObj(i -> "k" + i).toList();
    List<CompletionStage<Outcome>> writes = new ArrayList<>();
    for (String key : keys) {
      Shard shard = cluster.node("n1").shards().of(Key.of(key));
      writes.add(shard.replicator().submit(Writes.put(key, "v")));
    }
    for (CompletionStage<Outcome> write : writes) {
      ShardCluster.await(write);
    }
    return keys;
  }

  private static void addAll(List<String> keys, RangeScan scan) {
    scan.entries().forEach(entry -> keys.add(entry.key().text()));
  }

  @Test
  void age_isWhatTheReplicaSays() throws Exception {
    put("n1", "k0", "v");
    List<Shard> shard = List.of(empty.shards().of(Key.of("k0")));
    assertThat(empty.shards().age(shard).get()).isEmpty();
    done(read("k0", Consistency.LOCAL));
    assertThat(empty.shards().age(shard).get())
        .hasValueSatisfying(age -> assertThat(age).isLessThan(20_000));
  }

  @Test
  void oneNodeDies_readsGoOn() throws Exception {
    put("n1", "k0", "before");
    assertThat(get("k0")).isEqualTo("before");
    String leader = cluster.leader(empty.shards().of(Key.of("k0")).number());
    cluster.stop(leader);
    assertThat(get("k0")).isEqualTo("before");
    put(cluster.follower(0), "k0", "after");
    assertThat(get("k0")).isEqualTo("after");
  }

  @Test
  void replicaThatFails_isPassedOver_andSaid() throws Exception {
    String key = keyOf(0, 0);
    put("n1", key, "before");
    Node broken = cluster.node(cluster.follower(0));
    broken.shard(0).store().close();
    put(cluster.leader(0), key, "after");
    await().atMost(30, TimeUnit.SECONDS).until(() -> !broken.shard(0).isHere());

    Key of = Key.of(key);
    for (Consistency consistency : Consistency.values()) {
      assertThat(done(broken.shard(0).read(consistency, new Read.Get(of))).orElseThrow().value())
          .isEqualTo(Bytes.ofUtf8("after"));
    }
    put(broken.member().id(), key, "last");
    assertThat(get(key)).isEqualTo("last");
    // It tries to begin again now and then.
    await()
        .atMost(30, TimeUnit.SECONDS)
        .untilAsserted(
            () -> {
              ShardStatus status = broken.raft().describe().get(0);
              assertThat(status.role()).isEqualTo(ShardStatus.Role.OUT);
              assertThat(status.problem()).contains("takes no part");
            });
  }

  @Test
  void storeLeftOver_isDeletedAtTheStart() throws Exception {
    Path store = parent.resolve("n5").resolve("shards").resolve("0");
    Files.createDirectories(store);
    Files.writeString(store.resolve("CURRENT"), "of a replica that was dropped");
    cluster.startEmpty("n5");
    await().atMost(30, TimeUnit.SECONDS).until(() -> !Files.exists(store));
  }

  @Test
  void nobodyAnswers_readsFailInTime() {
    List.of("n1", "n2", "n3").forEach(cluster::stop);
    for (Consistency consistency : Consistency.values()) {
      assertThat(failure(read("k0", consistency)).code()).isEqualTo(ErrorCode.UNAVAILABLE);
    }
  }

  @Test
  void writesAndLeases_ofShardsElsewhere_areTakenHere() throws Exception {
    String first = keyOf(0, 0);
    String second = keyOf(1, 0);
    LeaseCoordinator leases = empty.shards().leases();
    Outcome granted = done(leases.grant(new Command.GrantLease(60_000, "me"), null));
    long lease = ((Outcome.Leased) granted).lease().id();

    for (String key : List.of(first, second)) {
      Command put =
          new Command.Put(
              Key.of(key),
              Bytes.ofUtf8("v"),
              "text/plain",
              new Lifetime.OnLease(lease, "me"),
              Condition.NONE);
      Submission submission = new Submission(put, System.currentTimeMillis(), null);
      assertThat(done(empty.shards().write(empty.shards().of(Key.of(key)), submission)))
          .isInstanceOf(Outcome.Written.class);
      assertThat(get(key)).isEqualTo("v");
    }

    assertThat(done(leases.find(lease)).orElseThrow().keys()).hasSize(2);
    assertThat(done(leases.renew(new Command.RenewLease(lease, "me"), null)))
        .isInstanceOf(Outcome.Leased.class);
    assertThat(done(leases.revoke(new Command.RevokeLease(lease, "me"), null)))
        .isEqualTo(new Outcome.Revoked(2));
    assertThat(done(read(first, Consistency.LINEARIZABLE))).isEmpty();
    assertThat(done(read(second, Consistency.LINEARIZABLE))).isEmpty();
  }

  @Test
  void watch_missesNothing_overTheDeathOfALeader() throws Exception {
    TestReader reader = new TestReader();
    Subscription watch = ShardCluster.await(watch(null, reader));
    watch.ready();
    Writer writer = new Writer(cluster.follower(0));
    await().until(() -> reader.events.size() > 100);
    cluster.stop(cluster.leader(0));
    int before = reader.events.size();
    await().atMost(60, TimeUnit.SECONDS).until(() -> reader.events.size() > before + 100);
    writer.end();
    requireAll(reader, writer);
    watch.close();
  }

  /** Its shard comes and goes, twice, while it is watched, written and read. */
  @Test
  void watch_missesNothing_asItsShardComesAndGoes() throws Exception {
    TestReader reader = new TestReader();
    Subscription watch = ShardCluster.await(watch(null, reader));
    watch.ready();
    Writer writer = new Writer("n1");
    for (int time = 0; time < 2; time++) {
      awaitMore(reader, writer);
      cluster.come(empty, 0);
      assertThat(empty.shard(0).isHere()).isTrue();
      awaitMore(reader, writer);
      cluster.go(empty, 0);
      assertThat(empty.shard(0).isHere()).isFalse();
    }
    awaitMore(reader, writer);
    writer.end();
    requireAll(reader, writer);
    watch.close();
  }

  private void awaitMore(TestReader reader, Writer writer) {
    int before = reader.events.size();
    await()
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> reader.events.size() > before + 50 || !writer.failures.isEmpty());
    assertThat(writer.failures).isEmpty();
  }

  private void requireAll(TestReader reader, Writer writer) {
    assertThat(reader.ends).isEmpty();
    assertThat(writer.failures).isEmpty();
    await()
        .atMost(30, TimeUnit.SECONDS)
        .untilAsserted(
            () ->
                assertThat(reader.events.get(reader.events.size() - 1).revision())
                    .isGreaterThanOrEqualTo(writer.newest));
    assertThat(ShardCluster.gaps(reader.events)).isEmpty();
  }

  @Test
  void watch_fromAPositionOfBefore_getsWhatFollows() throws Exception {
    for (int i = 0; i < 600; i++) {
      put("n1", keyOf(0, i % 10), "v" + i);
    }
    TestReader reader = new TestReader();
    Subscription watch = ShardCluster.await(watch(Revisions.of(5, 0), reader));
    watch.ready();
    await().atMost(30, TimeUnit.SECONDS).until(() -> reader.events.size() == 595);
    assertThat(ShardCluster.gaps(reader.events)).isEmpty();
    watch.close();
    assertThat(failure(watch(Revisions.of(9_999, 0), reader)).code())
        .isEqualTo(ErrorCode.REQUEST_INVALID);
    ShardCluster.await(cluster.node("n1").shard(0).submit(new Command.Compact(300), null));
    assertThat(failure(watch(Revisions.of(5, 0), reader)).code()).isEqualTo(ErrorCode.COMPACTED);
  }

  /** So what was there before is asked of any replica that has the changes. */
  @Test
  void watchWithEarlierEntries_goesOn_withoutAMajority() throws Exception {
    String key = keyOf(0, 0);
    for (int i = 0; i < 300; i++) {
      put("n1", key, "v" + i);
    }
    TestReader reader = new TestReader();
    Watch.Query query = new Watch.Query(KeyRange.ALL, true, true, true);
    Subscription watch = ShardCluster.await(watch(query, Revisions.of(5, 0), reader));
    cluster.stopAllBut(cluster.leader(0));
    watch.ready();
    await().atMost(30, TimeUnit.SECONDS).until(() -> reader.deliveries.size() == 295);
    for (int i = 0; i < 295; i++) {
      Delivery delivery = reader.deliveries.get(i);
      assertThat(delivery.event().revision()).isEqualTo(6 + i);
      assertThat(Objects.requireNonNull(delivery.previous()).value().toUtf8())
          .isEqualTo("v" + (4 + i));
    }
    assertThat(reader.ends).isEmpty();
    watch.close();
  }

  /** A key of a shard. */
  private String keyOf(int shard, int number) {
    int found = 0;
    for (int i = 0; ; i++) {
      String key = "k" + i;
      if (empty.shards().of(Key.of(key)).number() == shard && found++ == number) {
        return key;
      }
    }
  }

  private CompletionStage<Subscription> watch(@Nullable Revisions from, TestReader reader) {
    return watch(EVERYTHING, from, reader);
  }

  private CompletionStage<Subscription> watch(
      Watch.Query query, @Nullable Revisions from, TestReader reader) {
    return empty.shards().watch(query, from, reader, Long.MAX_VALUE, () -> {});
  }

  private long grant() throws Exception {
    Outcome granted =
        ShardCluster.await(
            cluster
                .node("n1")
                .shard(0)
                .replicator()
                .submit(new Submission(new Command.GrantLease(60_000, "me"), Writes.NOW, null)));
    return ((Outcome.Leased) granted).lease().id();
  }

  private void put(String node, String key, String value) throws Exception {
    assertThat(cluster.write(node, Writes.put(key, value), Key.of(key)))
        .isInstanceOf(Outcome.Written.class);
  }

  private String get(String key) throws Exception {
    return done(read(key, Consistency.LINEARIZABLE)).orElseThrow().value().toUtf8();
  }

  private CompletionStage<Optional<Entry>> read(String key, Consistency consistency) {
    Key of = Key.of(key);
    return empty.shards().of(of).read(consistency, new Read.Get(of));
  }

  private static <T> T done(CompletionStage<T> stage) throws Exception {
    return ShardCluster.await(stage);
  }

  private static ListQuery query(int limit, @Nullable Bytes after) {
    return new ListQuery(KeyRange.ALL, false, limit, 1 << 20, false, null, Bytes.EMPTY, 0, after);
  }

  private static KeyValueException failure(CompletionStage<?> stage) {
    Throwable failure = catchThrowable(() -> ShardCluster.await(stage));
    assertThat(failure).isInstanceOf(ExecutionException.class);
    return (KeyValueException) Objects.requireNonNull(failure.getCause());
  }

  /** Writes to shard 0, and reads what it has written at the node that may have no replica. */
  private final class Writer {
    private final String node;
    private final AtomicBoolean isEnding = new AtomicBoolean();
    private final CompletableFuture<Void> task;
    final List<Throwable> failures = new CopyOnWriteArrayList<>();
    volatile long newest;

    Writer(String node) {
      this.node = node;
      task = CompletableFuture.runAsync(this::run, each -> new Thread(each).start());
    }

    private void run() {
      AtomicInteger number = new AtomicInteger();
      String key = keyOf(0, 0);
      while (!isEnding.get()) {
        try {
          String value = "v" + number.incrementAndGet();
          Outcome outcome = cluster.write(node, Writes.put(key, value), Key.of(key));
          newest = ((Outcome.Written) outcome).modRevision();
          assertThat(get(key)).isEqualTo(value);
        } catch (Exception | AssertionError e) {
          failures.add(e);
          return;
        }
      }
    }

    void end() {
      isEnding.set(true);
      task.join();
    }
  }

  /** Keeps what it is sent. */
  private static final class TestReader implements Subscription.Reader {
    final List<Event> events = new CopyOnWriteArrayList<>();
    final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
    final List<KeyValueException> ends = new CopyOnWriteArrayList<>();

    @Override
    public boolean isReady() {
      return true;
    }

    @Override
    public Runnable prepare(int shard, Revisions before, List<Delivery> sent) {
      return () -> {
        if (shard == 0) {
          sent.forEach(delivery -> events.add(delivery.event()));
          deliveries.addAll(sent);
        }
      };
    }

    @Override
    public void progress(Revisions revisions) {}

    @Override
    public void end(KeyValueException reason) {
      ends.add(reason);
    }
  }
}
