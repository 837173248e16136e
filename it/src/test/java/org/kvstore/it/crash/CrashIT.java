package org.kvstore.it.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kvstore.it.history.Action;
import org.kvstore.it.history.Call;
import org.kvstore.it.history.ChangeLog;
import org.kvstore.it.history.Linearizability;
import org.kvstore.it.history.Operation;
import org.kvstore.it.history.Register;
import org.kvstore.it.history.Request;
import org.kvstore.it.history.Revision;
import org.kvstore.it.history.Single;
import org.kvstore.it.history.Tally;
import org.kvstore.it.history.Write;
import org.kvstore.it.history.Writes;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Seed;
import org.kvstore.it.support.ServerProcess;
import org.kvstore.it.support.Service;

/**
 * {@code kill -9} at random moments of a mixed workload, and immediate restart: nothing that was
 * acknowledged is lost, nothing is there by half or twice, the history is linearizable, and a watch
 * that goes on over all of it misses nothing. Now and then the next server is killed as well, in
 * the middle of its recovery, or history is given up, so that its rows are removed meanwhile.
 *
 * <p>{@code -Plong} runs 200 cycles, {@code -Dcycles=N} as many; {@code -Dseed=N} draws the same
 * requests and moments again. What the clients are answered is up to the threads, though, and their
 * conditional writes follow it.
 */
class CrashIT {
  private static final int CLIENTS = 14;
  private static final int MOST_REQUESTS = 1_500;
  private static final int SAMPLES = 16;
  private static final int NEWEST_SAMPLES = 40;
  private static final int RECOVERIES_PER_KILL = 5;
  private static final int MOST_RECOVERY_MILLIS = 300;
  private static final int CYCLES_PER_COMPACTION = 3;

  /**
   * Most of a cycle is the start of a server, which is cheaper with one compiler. Little is kept in
   * memory, so that kills meet flushes and compactions too.
   */
  private static final Map<String, String> VARIABLES =
      Map.of("KV_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1", "KV_WRITE_BUFFER_SIZE", "8MiB");

  private final Random random = Seed.random("CrashIT");
  private final Path data = ServerProcess.directory("crash");
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ChangeLog log = new ChangeLog(0);
  private final Tally tally = new Tally();
  private Map<String, Register> registers = registers();
  private long compacted;
  private ServerProcess server;
  private Watcher watcher;
  private Future<?> watching;

  @BeforeEach
  void start() {
    server = ServerProcess.ready(data, VARIABLES);
    watcher = new Watcher(position(server.service()));
    watching = watch();
    compacted = compactedRevision();
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
    threads.shutdownNow();
  }

  @Test
  void killedAgainAndAgain_losesNothing() throws Exception {
    int cycles = Integer.getInteger("cycles", Boolean.getBoolean("long") ? 200 : 10);
    for (int cycle = 1; cycle <= cycles; cycle++) {
      String start = watcher.position();
      Random chance = new Random(random.nextLong());
      List<Client> clients = runAndKill("c" + cycle, chance);
      long killed = System.nanoTime();
      restart(chance);
      List<Call> calls = repeatSome(clients, killed, chance);
      calls.addAll(readAll());
      check(calls, start, chance);
      checkLeases(clients);
      compact(chance);
      System.out.printf("CrashIT: cycle=%d of %d revision=%d%n", cycle, cycles, log.revision());
    }
    System.out.printf("CrashIT: %s%n", tally);
    Coverage.require(tally, cycles);
  }

  private List<Client> runAndKill(String name, Random chance) throws Exception {
    int requests = 1 + chance.nextInt(MOST_REQUESTS);
    try (Workload load = new Workload(server.service(), name, CLIENTS, chance)) {
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(1))
          .until(() -> load.answered() >= requests || load.hasEnded());
      assertThat(load.hasEnded()).as("clients whose server nobody has killed").isFalse();
      server.kill();
      watching.get();
      return load.join();
    }
  }

  private void restart(Random chance) {
    if (chance.nextInt(RECOVERIES_PER_KILL) == 0) {
      Recovery recovery =
          new Recovery(data, Duration.ofMillis(chance.nextInt(MOST_RECOVERY_MILLIS)));
      ServerProcess.killedWhileStarting(data, VARIABLES, recovery::isUnderWay);
      tally.add("kills in recovery", 1);
    }
    server = ServerProcess.ready(data, VARIABLES);
    watching = watch();
    assertThat(compactedRevision()).as("what was given up").isEqualTo(compacted);
  }

  private Future<?> watch() {
    Service service = server.service();
    return threads.submit(() -> watcher.watch(service, Long.MAX_VALUE));
  }

  /** What the clients know, some of them after they have repeated what was not answered. */
  private List<Call> repeatSome(List<Client> clients, long killed, Random chance) {
    List<Call> calls = new ArrayList<>();
    clients.forEach(client -> calls.addAll(client.calls()));
    calls.forEach(tally::add);
    Repeats repeats = new Repeats(server.service(), chance, tally);
    List<Call> ended = repeats.ended(calls, killed);
    repeats.sample(calls);
    return ended;
  }

  /** Of each key, and the write that is known to be the last one. */
  private List<Call> readAll() {
    List<Call> calls = new ArrayList<>();
    for (String key : Client.keys()) {
      calls.add(call(new Single("read", key, new Action.Get())));
    }
    String last = "last-" + log.revision();
    calls.add(call(new Single(last, Client.keys().get(0), new Action.Put(last, 0))));
    return calls;
  }

  private Call call(Request request) {
    long invoked = System.nanoTime();
    Answer answer = request.to(server.service()).send();
    return new Call(request, invoked, System.nanoTime(), answer);
  }

  private void check(List<Call> calls, String start, Random chance) throws Exception {
    long last = Write.of(calls.get(calls.size() - 1)).get(0).revision();
    ChangeLog before = log.copy();
    List<Revision> revisions = takeUntil(last);
    Writes writes = Writes.of(calls);
    writes.check(before.entries().keySet(), revisions);
    tally.add("acknowledged writes", writes.acknowledged());
    tally.add("unknown writes that were done", writes.unknown(true));
    tally.add("unknown writes that were not", writes.unknown(false));
    checkLinearizability(calls);
    checkStates(before, revisions, chance);
    assertThat(revisions).as("watched again").isEqualTo(watchAgain(start, last));
    registers = registers();
  }

  private List<Revision> takeUntil(long last) throws InterruptedException {
    List<Revision> revisions = new ArrayList<>();
    while (log.revision() < last) {
      Revision next = watcher.revisions().poll(1, TimeUnit.MINUTES);
      assertThat(next).as("what comes after revision %d", log.revision()).isNotNull();
      log.append(next);
      revisions.add(next);
      tally.add("revisions", 1);
      tally.add("events", next.changes().size());
    }
    return revisions;
  }

  private List<Revision> watchAgain(String start, long last) {
    Watcher again = new Watcher(start);
    again.watch(server.service(), last);
    return List.copyOf(again.revisions());
  }

  private void checkLinearizability(List<Call> calls) {
    Map<String, List<Operation>> histories = new HashMap<>();
    for (Call call : calls) {
      for (Operation operation : call.operations()) {
        histories.computeIfAbsent(operation.key(), key -> new ArrayList<>()).add(operation);
      }
    }
    assertThat(registers).containsOnlyKeys(histories.keySet());
    registers.forEach(
        (key, register) ->
            assertThat(Linearizability.violation(register, histories.getOrDefault(key, List.of())))
                .as(key)
                .isEmpty());
  }

  /** The store is what the events add up to, now and then. */
  private void checkStates(ChangeLog from, List<Revision> revisions, Random chance) {
    Set<Long> samples = new HashSet<>();
    for (int i = 0; i < NEWEST_SAMPLES; i++) {
      samples.add(log.revision() - i);
    }
    for (int i = 0; i < SAMPLES; i++) {
      samples.add(from.revision() + 1 + chance.nextInt(revisions.size()));
    }
    for (Revision revision : revisions) {
      from.append(revision);
      if (samples.contains(from.revision())) {
        assertThat(listing("&revision=" + from.revision()))
            .as("the store at revision %d", from.revision())
            .isEqualTo(from.entries());
      }
    }
    assertThat(listing("")).isEqualTo(log.entries());
  }

  private Map<String, JsonObject> listing(String when) {
    JsonObject page = server.service().get("/v1/kv?limit=1000" + when).send().expect(200).json();
    assertThat(page.getString("cursor", "")).as("the next page").isEmpty();
    Map<String, JsonObject> entries = new TreeMap<>();
    for (JsonObject entry : page.getJsonArray("entries").getValuesAs(JsonObject.class)) {
      entries.put(entry.getString("key"), entry);
    }
    return entries;
  }

  /** A lease that was not given back is there, with the keys whose entries hang on it. */
  private void checkLeases(List<Client> clients) {
    for (Client client : clients) {
      client.revoked().forEach(id -> lease(id).expect(404));
      if (client.lease() != 0) {
        JsonObject lease = lease(client.lease()).expect(200).json();
        List<String> keys =
            lease.getJsonArray("keys").getValuesAs(JsonString.class).stream()
                .map(JsonString::getString)
                .toList();
        assertThat(keys)
            .as("keys of the lease %d", client.lease())
            .containsExactlyInAnyOrderElementsOf(log.keysOf(client.lease()));
        tally.add("leases held", 1);
        tally.add("keys on leases held", keys.size());
      }
    }
  }

  private Answer lease(long id) {
    return server.service().get("/v1/leases/" + id).send();
  }

  private void compact(Random chance) {
    if (chance.nextInt(CYCLES_PER_COMPACTION) == 0) {
      server.service().post("/v1/admin/compact?revision=" + log.revision()).send().expect(200);
      compacted = compactedRevision();
      assertThat(compacted).isPositive();
      tally.add("compactions", 1);
    }
  }

  private long compactedRevision() {
    JsonObject status = server.service().get("/v1/status").send().expect(200).json();
    JsonObject shard = status.getJsonArray("shards").getJsonObject(0);
    return shard.getJsonNumber("compactedRevision").longValue();
  }

  private Map<String, Register> registers() {
    Map<String, Register> known = new HashMap<>();
    for (String key : Client.keys()) {
      JsonObject entry = log.entries().get(key);
      known.put(
          key,
          entry == null
              ? Register.absent(log.revision())
              : Register.of(
                  entry.getJsonNumber("modRevision").longValue(),
                  entry.getString("value"),
                  Long.parseLong(entry.getString("lease", "0"))));
    }
    return known;
  }

  private static String position(Service service) {
    return service.get("/v1/kv?countOnly=true").send().expect(200).json().getString("position");
  }
}
