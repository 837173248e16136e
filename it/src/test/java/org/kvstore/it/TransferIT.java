package org.kvstore.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kvstore.it.support.Service.parameter;
import static org.kvstore.it.support.Service.target;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kvstore.it.support.Answer;
import org.kvstore.it.support.Deployed;
import org.kvstore.it.support.EventStream;
import org.kvstore.it.support.EventStream.ServerEvent;
import org.kvstore.it.support.Seed;

/**
 * Many clients move money between accounts by transactions. Whatever way a reader takes, it sees
 * all accounts at one moment: their sum never changes.
 */
class TransferIT extends Deployed {
  private static final int ACCOUNTS = 20;
  private static final int CLIENTS = 8;
  private static final int TRANSFERS_PER_CLIENT = 50;
  private static final long OPENING_BALANCE = 1_000;
  private static final long TOTAL = ACCOUNTS * OPENING_BALANCE;

  private final String prefix = prefix();
  private final String range = "/v1/kv?prefix=" + parameter(prefix);
  private final List<String> accounts =
      IntStream.range(0, ACCOUNTS).mapToObj(i -> prefix + i).toList();
  private final AtomicLong newestRevision = new AtomicLong();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void sumNeverChanges_whoeverReads() {
    String start = listing(range).getString("position");
    open();
    CompletableFuture<?> transfers = transfers();
    List<CompletableFuture<Set<Map<String, Long>>>> readers =
        Stream.<Supplier<Map<String, Long>>>of(
                this::readByPages, this::readByExport, this::readByTransaction, this::readThePast)
            .map(way -> CompletableFuture.supplyAsync(() -> read(way, transfers), threads))
            .toList();
    transfers.join();
    for (CompletableFuture<Set<Map<String, Long>>> reader : readers) {
      assertThat(reader.join()).as("moments that were seen").hasSizeGreaterThan(1);
    }
    assertThat(replay(start)).isEqualTo(readByPages());
  }

  private void open() {
    String puts =
        accounts.stream().map(key -> put(key, OPENING_BALANCE)).collect(Collectors.joining(","));
    JsonObject opened = transact("{\"then\":[" + puts + "]}");
    newestRevision.set(opened.getJsonNumber("revision").longValue());
  }

  private CompletableFuture<?> transfers() {
    Random seeds = Seed.random("TransferIT");
    return CompletableFuture.allOf(
        Stream.generate(() -> new Random(seeds.nextLong()))
            .limit(CLIENTS)
            .map(random -> CompletableFuture.runAsync(() -> transferAll(random), threads))
            .toArray(CompletableFuture[]::new));
  }

  private void transferAll(Random random) {
    for (int done = 0; done < TRANSFERS_PER_CLIENT; ) {
      int from = random.nextInt(ACCOUNTS);
      int to = (from + 1 + random.nextInt(ACCOUNTS - 1)) % ACCOUNTS;
      if (transfer(accounts.get(from), accounts.get(to), 1 + random.nextInt(100))) {
        done++;
      }
    }
  }

  /** Returns false when somebody else has written one of the accounts in between. */
  private boolean transfer(String from, String to, long amount) {
    Answer payer = service.get(target(from)).send().expect(200);
    Answer payee = service.get(target(to)).send().expect(200);
    JsonObject done =
        transact(
            "{\"compare\":[%s,%s],\"then\":[%s,%s]}"
                .formatted(
                    unchanged(from, payer.revision()),
                    unchanged(to, payee.revision()),
                    put(from, Long.parseLong(payer.text()) - amount),
                    put(to, Long.parseLong(payee.text()) + amount)));
    if (done.getBoolean("succeeded")) {
      newestRevision.accumulateAndGet(done.getJsonNumber("revision").longValue(), Math::max);
      return true;
    }
    return false;
  }

  private Set<Map<String, Long>> read(Supplier<Map<String, Long>> way, CompletableFuture<?> until) {
    Set<Map<String, Long>> moments = new HashSet<>();
    do {
      Map<String, Long> balances = way.get();
      assertThat(balances).containsOnlyKeys(accounts);
      assertThat(sum(balances)).as("%s", balances).isEqualTo(TOTAL);
      moments.add(balances);
    } while (!until.isDone());
    return moments;
  }

  private Map<String, Long> readByPages() {
    Map<String, Long> balances = new HashMap<>();
    String cursor = "";
    do {
      JsonObject page = listing(range + "&limit=7" + cursor);
      balances.putAll(balances(page.getJsonArray("entries").getValuesAs(JsonObject.class)));
      cursor = page.containsKey("cursor") ? "&cursor=" + parameter(page.getString("cursor")) : "";
    } while (!cursor.isEmpty());
    return balances;
  }

  private Map<String, Long> readByExport() {
    Answer export = service.get(range).header("Accept", "application/x-ndjson").send().expect(200);
    return balances(export.text().lines().map(Answer::json).toList());
  }

  private Map<String, Long> readByTransaction() {
    String gets =
        accounts.stream()
            .map("{\"op\":\"get\",\"key\":\"%s\"}"::formatted)
            .collect(Collectors.joining(","));
    JsonObject read = transact("{\"then\":[" + gets + "]}");
    return balances(
        read.getJsonArray("results").getValuesAs(JsonObject.class).stream()
            .map(result -> result.getJsonObject("entry"))
            .toList());
  }

  private Map<String, Long> readThePast() {
    long revision = newestRevision.get();
    Map<String, Long> balances = new HashMap<>();
    for (String account : accounts) {
      Answer then = service.get(target(account) + "?revision=" + revision).send().expect(200);
      balances.put(account, Long.parseLong(then.text()));
    }
    JsonObject listed = listing(range + "&revision=" + revision);
    assertThat(balances(listed.getJsonArray("entries").getValuesAs(JsonObject.class)))
        .isEqualTo(balances);
    return balances;
  }

  /** All that has happened, again: the sum is right after each revision. */
  private Map<String, Long> replay(String position) {
    Map<String, Long> balances = new HashMap<>();
    List<Long> sums = new ArrayList<>();
    String watch = "/v1/watch?prefix=" + parameter(prefix) + "&from=" + position;
    try (EventStream events = EventStream.open(service.get(watch))) {
      ServerEvent event;
      do {
        event = events.nextChange();
        balances.put(event.key(), Long.parseLong(event.value()));
        if (event.id() != null) {
          sums.add(sum(balances));
        }
      } while (event.id() == null || event.revision() < newestRevision.get());
    }
    assertThat(sums).hasSize(1 + CLIENTS * TRANSFERS_PER_CLIENT).containsOnly(TOTAL);
    return balances;
  }

  private JsonObject listing(String query) {
    return service.get(query).send().expect(200).json();
  }

  private JsonObject transact(String body) {
    return service
        .post("/v1/txn")
        .header("Content-Type", "application/json")
        .body(body)
        .send()
        .expect(200)
        .json();
  }

  private static Map<String, Long> balances(List<JsonObject> entries) {
    return entries.stream()
        .collect(
            Collectors.toMap(
                entry -> entry.getString("key"),
                entry -> Long.parseLong(entry.getString("value"))));
  }

  private static long sum(Map<String, Long> balances) {
    return balances.values().stream().mapToLong(Long::longValue).sum();
  }

  private static String put(String key, long balance) {
    return "{\"op\":\"put\",\"key\":\"%s\",\"value\":\"%d\"}".formatted(key, balance);
  }

  private static String unchanged(String key, long revision) {
    return "{\"key\":\"%s\",\"target\":\"modRevision\",\"op\":\"=\",\"value\":%d}"
        .formatted(key, revision);
  }
}
