package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kvstore.api.ErrorCode;
import org.kvstore.server.model.Access;
import org.kvstore.server.model.AuditTrail;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Command;
import org.kvstore.server.model.Condition;
import org.kvstore.server.model.Consistency;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.KeyRange;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.model.Lifetime;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Permission;
import org.kvstore.server.model.TestPorts;
import org.kvstore.server.service.OpenEngine;
import org.kvstore.server.service.SystemEntries;
import org.kvstore.server.shard.Shards;

/** A node of a cluster that does not hear of changes of the rules permits nothing by old ones. */
class StaleRulesTest {
  private static final String OPERATOR = "operator-0123456789-0123456789-0123456789";
  private static final Key KEY = Key.of("a");

  @TempDir Path folder;
  private OpenEngine engine;
  private SystemEntries entries;
  private Directory directory;
  private Authenticator authenticator;
  private String token;

  @BeforeEach
  void open() throws IOException {
    engine =
        OpenEngine.in(
            folder.resolve("data"),
            Map.of(
                "kv.security.admin-token",
                OPERATOR,
                "kv.cluster.node",
                "n1",
                "kv.cluster.members",
                "n1=127.0.0.1:" + TestPorts.free(),
                "kv.shards",
                "2"));
    Awaitility.await()
        .atMost(60, TimeUnit.SECONDS)
        .until(() -> shards().all().stream().allMatch(shard -> shard.replicator().leads()));
    entries = new SystemEntries(engine.handle());
    directory = new Directory(engine.handle());
    authenticator = new Authenticator(engine.handle(), directory, new AuditLog(engine.handle()));
    token =
        done(new TokenService(directory, entries).create(Access.UNLIMITED, "ann", Set.of(), null))
            .text();
    Grant grant = new Grant(new Holder(Holder.Kind.SUBJECT, "ann"), "", Permission.WRITE);
    done(
        entries.put(
            SecurityRows.grant(grant.id()),
            SecurityRows.value(grant),
            Long.MAX_VALUE,
            Condition.NONE));
  }

  @AfterEach
  void close() {
    engine.close();
  }

  private Shards shards() {
    return engine.handle().require().shards();
  }

  private static <T> T done(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }

  private Access access(String text) {
    return authenticator.authenticate(new Presented("Bearer " + text, null, "127.0.0.1", "r"));
  }

  @Test
  void replicaOfTheRules_failed_nobodyButTheOperatorIsLetIn() {
    Access early = access(token);
    early.require(Permission.WRITE, KEY);

    shards().system().store().close();
    // What becomes of it is not known: its replica can apply nothing any more.
    CompletionStage<Void> unused = entries.delete(SecurityRows.use("any")).thenAccept(any -> {});

    Awaitility.await()
        .atMost(20, TimeUnit.SECONDS)
        .untilAsserted(() -> assertUnavailable(() -> access(token)));
    assertUnavailable(() -> early.require(Permission.WRITE, KEY));
    assertUnavailable(() -> early.at(Consistency.LOCAL).require(Permission.READ, KEY));
    access(OPERATOR).require(Permission.WRITE, KeyRange.ALL);
    Command put =
        new Command.Put(
            KEY, Bytes.ofUtf8("v"), "text/plain", new Lifetime.Forever(), Condition.NONE);
    // The shards of data go on, so nothing else would keep a revoked token out.
    assertThat(done(shards().of(KEY).submit(put, null))).isInstanceOf(Outcome.Written.class);
  }

  @Test
  void rulesOfLongAgo_permitLocalReadsOnly() {
    for (Optional<Long> age : List.of(Optional.<Long>empty(), Optional.of(10_001L))) {
      AccessRules rules = rules(new RulesFeed(() -> "", () -> age));
      Access ann = access(rules, ann(rules));
      assertUnavailable(() -> ann.require(Permission.WRITE, KEY));
      assertUnavailable(() -> ann.require(Permission.READ, KEY));
      assertUnavailable(() -> ann.at(Consistency.LINEARIZABLE).require(Permission.READ, KEY));
      assertUnavailable(() -> ann.allows(Permission.READ, KeyRange.ALL));
      ann.at(Consistency.LOCAL).require(Permission.READ, KEY);

      access(rules, Caller.operator()).require(Permission.WRITE, KEY);
    }
  }

  @Test
  void rulesOfAMomentAgo_permit() {
    AccessRules rules = rules(new RulesFeed(() -> "", () -> Optional.of(10_000L)));
    access(rules, ann(rules)).require(Permission.WRITE, KEY);
  }

  private AccessRules rules(RulesFeed feed) {
    AccessRules rules = new AccessRules(shards().system().store(), feed);
    rules.recovered();
    return rules;
  }

  private static Caller ann(AccessRules rules) {
    ApiToken one = rules.ofLocalReads().tokens().values().iterator().next();
    return Caller.of(one, one.digest());
  }

  private static Access access(AccessRules rules, Caller caller) {
    return new LiveAccess(caller, rules, rules::ofLocalReads, Clock.systemUTC(), AuditTrail.NONE);
  }

  private static void assertUnavailable(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            KeyValueException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.UNAVAILABLE));
  }
}
