package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyValueException;

/** Whose a lease is, and what its owner must be permitted still. */
class LeaseServiceTest {
  @TempDir Path folder;
  private final Somebody ann = new Somebody("ann", "orders/", "notes/");
  private OpenEngine engine;
  private LeaseService leases;
  private long id;

  @BeforeEach
  void leaseAnOrder() {
    engine = OpenEngine.in(folder.resolve("data"), Map.of());
    EngineHandle handle = engine.handle();
    leases = new LeaseService(handle);
    id = done(leases.grant(ann, Duration.ofMinutes(1), null)).id();
    WriteRequest.Put order =
        new WriteRequest.Put(
            Key.of("orders/1"),
            Bytes.ofUtf8("v"),
            "text/plain",
            new Life.OnLease(id),
            Condition.NONE,
            null);
    done(new KeyValueService(handle).put(ann, order));
    ann.audited.clear();
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void renewal_byWhoMayStillWriteItsKeys_isDone() {
    ann.prefixes.remove("notes/");

    done(leases.renew(ann, id, null));

    assertThat(ann.audited).containsExactly("renewLease " + id + " DONE");
  }

  @Test
  void renewal_byWhoMayNotWriteAKeyOfItAnyMore_isForbidden_andDoesNotProlongIt() {
    long end = done(leases.find(ann, id)).lease().expiresAt();
    ann.prefixes.remove("orders/");

    assertFails(ErrorCode.FORBIDDEN, () -> done(leases.renew(ann, id, null)));

    assertThat(done(leases.find(Access.UNLIMITED, id)).lease().expiresAt()).isEqualTo(end);
  }

  @Test
  void leaseOfAnother_isMissing_andTheDenialIsOnRecord() {
    Somebody ben = new Somebody("ben", "orders/");

    assertFails(ErrorCode.NOT_FOUND, () -> done(leases.find(ben, id)));
    assertFails(ErrorCode.NOT_FOUND, () -> done(leases.renew(ben, id, null)));
    assertFails(ErrorCode.NOT_FOUND, () -> done(leases.revoke(ben, id, null)));

    assertThat(ben.audited)
        .containsExactly(
            "readLease " + id + " FORBIDDEN",
            "renewLease " + id + " FORBIDDEN",
            "revokeLease " + id + " FORBIDDEN");
  }

  @Test
  void leaseThatIsNot_isMissing_andNoDenial() {
    assertFails(ErrorCode.NOT_FOUND, () -> done(leases.find(ann, 99)));
    assertFails(ErrorCode.NOT_FOUND, () -> done(leases.renew(ann, 99, null)));

    assertThat(ann.audited).containsExactly("renewLease 99 NOT_FOUND");
  }

  private static void assertFails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KeyValueException.class, failure -> assertThat(failure.code()).isEqualTo(code));
  }

  private static <T> T done(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof KeyValueException known ? known : e;
    }
  }
}
