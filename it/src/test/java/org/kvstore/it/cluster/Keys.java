package org.kvstore.it.cluster;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The keys of a workload: few, so that its clients meet, in groups of one tag each. Of a group the
 * last is a counter, the others are registers.
 *
 * @param prefix what all of them begin with
 */
record Keys(String prefix) {
  static final int GROUPS = 8;
  static final int REGISTERS = 4;
  private static final String COUNTER = "n";

  /** All but the marks. */
  List<String> all() {
    return IntStream.range(0, GROUPS)
        .boxed()
        .flatMap(group -> Stream.concat(registers(group).stream(), Stream.of(counter(group))))
        .toList();
  }

  /** The registers of a group. */
  List<String> registers(int group) {
    return IntStream.range(0, REGISTERS).mapToObj(i -> key(group, "r" + i)).toList();
  }

  /** Some register. */
  String register(Random random) {
    List<String> registers = registers(random.nextInt(GROUPS));
    return registers.get(random.nextInt(REGISTERS));
  }

  /** Some counter. */
  String counter(Random random) {
    return counter(random.nextInt(GROUPS));
  }

  /** Different registers of one group, in some order. */
  List<String> together(int count, Random random) {
    return some(registers(random.nextInt(GROUPS)), count, random);
  }

  /** Different registers of all groups, in some order. */
  List<String> apart(int count, Random random) {
    return some(all().stream().filter(key -> !isCounter(key)).toList(), count, random);
  }

  /** A key for each shard, which is written last. */
  List<String> marks(int shards) {
    return IntStream.range(0, shards)
        .mapToObj(
            shard ->
                IntStream.iterate(0, i -> i + 1)
                    .mapToObj(i -> prefix + "{" + i + "}/r")
                    .filter(key -> shard(key, shards) == shard)
                    .findFirst()
                    .orElseThrow())
        .toList();
  }

  /** Whether it is a register or a mark. */
  static boolean isRegister(String key) {
    return key.matches(".*}/r\\d*");
  }

  static boolean isCounter(String key) {
    return key.endsWith("/" + COUNTER);
  }

  /** The shard of a key, which is that of its tag. */
  static int shard(String key, int shards) {
    int open = key.indexOf('{');
    int close = key.indexOf('}', open + 1);
    String hashed = open >= 0 && close > open + 1 ? key.substring(open + 1, close) : key;
    CRC32C crc = new CRC32C();
    crc.update(hashed.getBytes(StandardCharsets.UTF_8));
    return (int) (crc.getValue() % shards);
  }

  private String counter(int group) {
    return key(group, COUNTER);
  }

  private String key(int group, String name) {
    return prefix + "{g" + group + "}/" + name;
  }

  private static List<String> some(List<String> keys, int count, Random random) {
    List<String> shuffled = new ArrayList<>(keys);
    java.util.Collections.shuffle(shuffled, random);
    return shuffled.subList(0, count);
  }
}
