package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.kvstore.api.ErrorCode;
import org.kvstore.api.RestoredDocument;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.service.BackupService.Arrival;
import org.kvstore.server.shard.Shards;
import org.kvstore.server.store.Read;

/** An archive has the same entries whatever it is of, and goes into whatever is to have them. */
class ClusterBackupTest {
  private static final long SEED = 11;
  private static final int KEYS = 2_500;
  private static final Map<String, String> KEY = Map.of("kv.encryption.key", "11".repeat(32));

  private final Map<String, Integer> ports = new TreeMap<>();

  @TempDir Path parent;

  @Test
  void archiveOfACluster_goesIntoASingleServer_andIntoAClusterOfOtherShards() throws IOException {
    byte[] archive;
    try (OpenEngine cluster = cluster("cluster", 3, Map.of())) {
      fill(cluster);
      archive = backup(cluster);
    }
    try (OpenEngine single = OpenEngine.in(parent.resolve("single"), Map.of())) {
      RestoredDocument restored = restore(single, archive);
      assertThat(restored.revision()).isGreaterThan(restored.backupRevision());
      requireAll(single);
    }
    try (OpenEngine other = cluster("other", 5, Map.of())) {
      assertThat(restore(other, archive).revision()).isZero();
      requireAll(other);
    }
  }

  @Test
  void archiveOfASingleServer_goesIntoACluster() throws IOException {
    byte[] archive;
    try (OpenEngine single = OpenEngine.in(parent.resolve("single"), Map.of())) {
      fill(single);
      archive = backup(single);
    }
    try (OpenEngine cluster = cluster("cluster", 3, Map.of())) {
      restore(cluster, archive);
      requireAll(cluster);
    }
  }

  @Test
  void archiveOfAnEncryptedCluster_isEncrypted_andReadWithItsKeyOnly() throws IOException {
    byte[] archive;
    try (OpenEngine cluster = cluster("cluster", 2, KEY)) {
      fill(cluster);
      archive = backup(cluster);
    }
    assertThat(new String(archive, StandardCharsets.ISO_8859_1)).doesNotContain("marked-");
    try (OpenEngine clear = cluster("clear", 2, Map.of())) {
      assertRefused(clear, archive, ErrorCode.REQUEST_INVALID);
    }
    try (OpenEngine other = cluster("other", 3, KEY)) {
      restore(other, archive);
      requireAll(other);
    }
  }

  @Test
  void archiveInClear_isEncryptedOnItsWayIntoACluster_ifThatIsMeant() throws IOException {
    byte[] archive;
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      fill(cluster);
      archive = backup(cluster);
    }
    try (OpenEngine other = cluster("other", 3, KEY)) {
      assertRefused(other, archive, ErrorCode.REQUEST_INVALID);
      new BackupService(other.handle())
          .restore(
              Access.UNLIMITED,
              new Arrival(new ByteArrayInputStream(archive), archive.length, true));
      requireAll(other);
    }
  }

  /** There is no lease elsewhere, and what belongs to its holder is not to outlive it. */
  @Test
  void keyOnALease_expiresWhenTheLeaseWouldHave() throws IOException {
    byte[] archive;
    long end;
    try (OpenEngine cluster = cluster("cluster", 3, Map.of())) {
      Shards shards = shards(cluster);
      long now = System.currentTimeMillis();
      Outcome.Leased granted =
          (Outcome.Leased)
              shards
                  .leases()
                  .grant(new Command.GrantLease(600_000), null)
                  .toCompletableFuture()
                  .orTimeout(60, TimeUnit.SECONDS)
                  .join();
      end = granted.lease().expiresAt();
      put(shards, "leased", new Lifetime.OnLease(granted.lease().id()));
      put(shards, "timed", new Lifetime.Until(now + 300_000));
      archive = backup(cluster);
    }
    try (OpenEngine other = cluster("other", 2, Map.of())) {
      restore(other, archive);
      Entry leased = entry(shards(other), Key.of("leased")).orElseThrow();
      assertThat(leased.expiresAt()).isEqualTo(end);
      assertThat(leased.lease()).isEqualTo(Entry.NO_LEASE);
      assertThat(entry(shards(other), Key.of("timed")).orElseThrow().expires()).isTrue();
    }
  }

  /** Whatever it breaks off for; the tokens and grants of the archive, which come last, are not. */
  @ParameterizedTest
  @MethodSource("interruptions")
  void restoreThatBreaksOff_saysWhatIsThere_andIsDoneAgain_whenThatIsDeleted(
      RuntimeException interruption, String reason) throws IOException {
    byte[] archive;
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      fill(cluster);
      archive = backup(cluster);
    }
    try (OpenEngine other = cluster("other", 3, Map.of())) {
      List<String> heard = new ArrayList<>();
      Access access = new Interrupted(heard, () -> interruption);
      assertThatThrownBy(() -> restore(other, archive, access))
          .hasMessageStartingWith("1000 entries are restored")
          .hasMessageContaining(reason)
          .hasMessageEndingWith("Delete all keys, and restore again.")
          .extracting("code")
          .isEqualTo(ErrorCode.INDETERMINATE);
      assertThat(heard).containsExactly("restore INDETERMINATE");
      assertThat(presentKeys(other)).hasSize(1_000);
      assertThat(entry(shards(other), Key.ofSystem("marked-system"))).isEmpty();
      assertThatThrownBy(() -> restore(other, archive))
          .extracting("code")
          .isEqualTo(ErrorCode.PRECONDITION_FAILED);

      presentKeys(other).forEach(key -> delete(shards(other), key));
      restore(other, archive);
      requireAll(other);
    }
  }

  static Stream<Arguments> interruptions() {
    return Stream.of(
        Arguments.of(KeyValueException.of(ErrorCode.FORBIDDEN, "Not any more."), "Not any more."),
        Arguments.of(new IllegalStateException("secret"), "An internal error"),
        Arguments.of(new UncheckedIOException(new IOException("secret")), "An internal error"));
  }

  /** Lets a restore write the first of its entries, and a backup too, as each part asks. */
  private static final class Interrupted implements Access {
    /** A restore asks at its beginning, when the archive is there, and before each part. */
    private static final int ENOUGH = 3;

    private final List<String> heard;
    private final Supplier<RuntimeException> interruption;
    private int asked;

    Interrupted(List<String> heard, Supplier<RuntimeException> interruption) {
      this.heard = heard;
      this.interruption = interruption;
    }

    @Override
    public void require(Permission permission, KeyRange range) {
      if (++asked > ENOUGH) {
        throw interruption.get();
      }
    }

    @Override
    public void require(Permission permission, Key key) {}

    @Override
    public void requireSome(Permission permission) {}

    @Override
    public boolean allows(Permission permission, KeyRange range) {
      return true;
    }

    @Override
    public String owner() {
      return "";
    }

    @Override
    public AuditTrail trail() {
      return (action, target, outcome) -> heard.add(action + " " + outcome);
    }
  }

  @Test
  void restore_ofAClusterThatHasKeys_isRefused() throws IOException {
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      put(shards(cluster), "a", new Lifetime.Forever());
      byte[] archive = backup(cluster);
      assertThatThrownBy(() -> restore(cluster, archive))
          .isInstanceOf(KeyValueException.class)
          .extracting("code")
          .isEqualTo(ErrorCode.PRECONDITION_FAILED);
      assertThat(entry(shards(cluster), Key.of("a")).orElseThrow().version()).isEqualTo(1);
    }
  }

  @Test
  void archiveThatIsCutOrAltered_changesNothing() throws IOException {
    byte[] archive;
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      fill(cluster);
      archive = backup(cluster);
    }
    Random random = new Random(SEED);
    try (OpenEngine other = cluster("other", 2, Map.of())) {
      for (int i = 0; i < 40; i++) {
        byte[] altered = archive.clone();
        altered[random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
        assertRefused(other, altered, ErrorCode.REQUEST_INVALID);
        assertRefused(
            other,
            Arrays.copyOf(archive, random.nextInt(archive.length)),
            ErrorCode.REQUEST_INVALID);
      }
      restore(other, archive);
      requireAll(other);
    }
  }

  @Test
  void backup_withoutRoom_isRefused() throws IOException {
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      put(shards(cluster), "a", new Lifetime.Forever());
    }
    Map<String, String> full = Map.of("kv.disk.floor", "1000000GiB");
    try (OpenEngine cluster = open("cluster", 2, full)) {
      assertThatThrownBy(() -> backup(cluster))
          .extracting("code")
          .isEqualTo(ErrorCode.STORAGE_FULL);
    }
  }

  @Test
  void backup_thatBreaksOff_leavesNothing_andIsMadeAgain() throws IOException {
    Path temporary = parent.resolve("cluster/tmp");
    Supplier<RuntimeException> interruption =
        () -> {
          assertThat(temporary).isNotEmptyDirectory();
          return KeyValueException.of(ErrorCode.STORAGE_FULL, "No more.");
        };
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      fill(cluster);
      List<String> heard = new ArrayList<>();
      Access access = new Interrupted(heard, interruption);
      assertThatThrownBy(() -> new BackupService(cluster.handle()).backup(access))
          .hasMessage("No more.");
      assertThat(heard).containsExactly("backup STORAGE_FULL");
      assertThat(temporary).isEmptyDirectory();
      assertThat(backup(cluster)).isNotEmpty();
    }
  }

  @Test
  void checkpoint_ofANode_isRefused() throws IOException {
    try (OpenEngine cluster = cluster("cluster", 2, Map.of())) {
      assertThatThrownBy(() -> new BackupService(cluster.handle()).checkpoint(Access.UNLIMITED))
          .hasMessageContaining("GET /v1/admin/backup")
          .extracting("code")
          .isEqualTo(ErrorCode.METHOD_NOT_ALLOWED);
    }
  }

  private OpenEngine cluster(String name, int shards, Map<String, String> more) throws IOException {
    OpenEngine engine = open(name, shards, more);
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> shards(engine).all().stream().allMatch(shard -> shard.replicator().leads()));
    return engine;
  }

  private OpenEngine open(String name, int shards, Map<String, String> more) throws IOException {
    Map<String, String> properties = new TreeMap<>(more);
    properties.put("kv.cluster.node", "n1");
    properties.put("kv.cluster.id", name);
    int port = ports.computeIfAbsent(name, cluster -> TestPorts.free());
    properties.put("kv.cluster.members", "n1=127.0.0.1:" + port);
    properties.put("kv.shards", Integer.toString(shards));
    return OpenEngine.in(parent.resolve(name), properties);
  }

  private static Shards shards(OpenEngine engine) {
    return engine.handle().require().shards();
  }

  private static void fill(OpenEngine engine) {
    Shards shards = shards(engine);
    long now = System.currentTimeMillis();
    List<CompletableFuture<Outcome>> puts = new ArrayList<>();
    for (int i = 0; i < KEYS; i++) {
      Command.Put put = put(Key.of("marked-key/" + i), "marked-value-" + i, new Lifetime.Forever());
      puts.add(shards.of(put.key()).submit(put, now, null).toCompletableFuture());
    }
    Command.Put own = put(Key.ofSystem("marked-system"), "{}", new Lifetime.Forever());
    puts.add(shards.of(own.key()).submit(own, now, null).toCompletableFuture());
    puts.forEach(put -> put.orTimeout(60, TimeUnit.SECONDS).join());
  }

  private static void requireAll(OpenEngine engine) {
    Shards shards = shards(engine);
    for (int i = 0; i < KEYS; i++) {
      Entry entry = entry(shards, Key.of("marked-key/" + i)).orElseThrow();
      assertThat(entry.value().toUtf8()).isEqualTo("marked-value-" + i);
      assertThat(entry.contentType()).isEqualTo("text/marked");
    }
    assertThat(entry(shards, Key.ofSystem("marked-system"))).isPresent();
  }

  private static void put(Shards shards, String key, Lifetime life) {
    Command.Put put = put(Key.of(key), "v", life);
    shards
        .write(shards.of(put.key()), new Submission(put, System.currentTimeMillis(), null))
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }

  private static Command.Put put(Key key, String value, Lifetime life) {
    return new Command.Put(key, Bytes.ofUtf8(value), "text/marked", life, Condition.NONE);
  }

  private static Optional<Entry> entry(Shards shards, Key key) {
    return shards
        .of(key)
        .read(Consistency.LINEARIZABLE, new Read.Get(key))
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }

  private static List<Key> presentKeys(OpenEngine engine) {
    return IntStream.range(0, KEYS)
        .mapToObj(i -> Key.of("marked-key/" + i))
        .filter(key -> entry(shards(engine), key).isPresent())
        .toList();
  }

  private static void delete(Shards shards, Key key) {
    shards
        .of(key)
        .submit(new Command.Delete(key, Condition.NONE), null)
        .toCompletableFuture()
        .orTimeout(60, TimeUnit.SECONDS)
        .join();
  }

  private static byte[] backup(OpenEngine engine) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Backup backup = new BackupService(engine.handle()).backup(Access.UNLIMITED)) {
      backup.writeTo(out);
    }
    return out.toByteArray();
  }

  private static RestoredDocument restore(OpenEngine engine, byte[] archive) throws IOException {
    return restore(engine, archive, Access.UNLIMITED);
  }

  private static RestoredDocument restore(OpenEngine engine, byte[] archive, Access access)
      throws IOException {
    return new BackupService(engine.handle())
        .restore(access, new Arrival(new ByteArrayInputStream(archive), archive.length, false));
  }

  private static void assertRefused(OpenEngine engine, byte[] archive, ErrorCode code) {
    assertThatThrownBy(() -> restore(engine, archive))
        .isInstanceOf(KeyValueException.class)
        .extracting("code")
        .isEqualTo(code);
    assertThat(entry(shards(engine), Key.of("marked-key/0"))).isEmpty();
    assertThat(entry(shards(engine), Key.ofSystem("marked-system"))).isEmpty();
  }
}
