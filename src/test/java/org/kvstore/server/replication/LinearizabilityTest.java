package org.kvstore.server.replication;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.store.FileTrees;
import org.kvstore.server.store.Writes;

/**
 * Histories of put, get, compare-and-set and delete by several threads must have an order in which
 * a plain map gives the same answers. Stress only: Lincheck's model checker cannot follow a commit
 * into RocksDB's native code.
 *
 * <p>One engine serves all histories; each has keys of its own, as opening one costs too much.
 */
@Param(name = "key", gen = IntGen.class, conf = "1:2")
@Param(name = "value", gen = IntGen.class, conf = "1:3")
public class LinearizabilityTest {
  private static final AtomicReference<Engine> ENGINE = new AtomicReference<>();
  private static final AtomicLong HISTORIES = new AtomicLong();
  private static final AtomicReference<Path> DIRECTORY = new AtomicReference<>();

  private final String history = "history " + HISTORIES.incrementAndGet() + "/";

  @BeforeAll
  static void open() {
    try {
      Path directory = Files.createTempDirectory("kvstore");
      DIRECTORY.set(directory);
      ENGINE.set(Engine.create(directory.resolve("store")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterAll
  static void close() {
    engine().close();
    FileTrees.delete(Objects.requireNonNull(DIRECTORY.get()));
  }

  private static Engine engine() {
    return Objects.requireNonNull(ENGINE.get());
  }

  @Operation
  public int get(@Param(name = "key") int key) {
    Entry entry = engine().store.get(Key.of(history + key));
    return entry == null ? 0 : Integer.parseInt(entry.value().toUtf8());
  }

  @Operation
  public boolean put(@Param(name = "key") int key, @Param(name = "value") int value) {
    Outcome outcome = engine().apply(Writes.put(history + key, "" + value));
    return ((Outcome.Written) outcome).created();
  }

  @Operation
  public boolean delete(@Param(name = "key") int key) {
    return engine().apply(Writes.delete(history + key)) instanceof Outcome.Deleted;
  }

  /** Sets a value where another one is, by revision; a lost race is tried again. */
  @Operation
  public boolean compareAndSet(
      @Param(name = "key") int key,
      @Param(name = "value") int expected,
      @Param(name = "value") int value) {
    while (true) {
      Entry read = engine().store.get(Key.of(history + key));
      if (read == null || Integer.parseInt(read.value().toUtf8()) != expected) {
        return false;
      }
      Condition unchanged = Writes.unchanged(read);
      Outcome outcome =
          engine().apply(Writes.put(history + key, Bytes.ofUtf8("" + value), unchanged));
      if (outcome instanceof Outcome.Written) {
        return true;
      }
    }
  }

  @Test
  void operationsOfThreeThreads_linearizable() {
    boolean thorough = Boolean.getBoolean("long");
    new StressOptions()
        .iterations(thorough ? 100 : 10)
        .invocationsPerIteration(thorough ? 1_000 : 60)
        .threads(3)
        .actorsPerThread(3)
        .actorsBefore(1)
        .actorsAfter(1)
        .sequentialSpecification(SortedMap.class)
        .check(LinearizabilityTest.class);
  }

  /** What the operations are to do. */
  public static class SortedMap {
    private final Map<Integer, Integer> values = new HashMap<>();

    public int get(int key) {
      return values.getOrDefault(key, 0);
    }

    public boolean put(int key, int value) {
      return values.put(key, value) == null;
    }

    public boolean delete(int key) {
      return values.remove(key) != null;
    }

    public boolean compareAndSet(int key, int expected, int value) {
      return values.replace(key, expected, value);
    }
  }
}
