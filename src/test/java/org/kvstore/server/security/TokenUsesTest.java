package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
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
import org.kvstore.server.model.Outcome.Written;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.service.OpenEngine;
import org.kvstore.server.service.SystemEntries;

/** When a token was used last outlives the server. */
class TokenUsesTest {
  private static final long USED = 1_700_000_000_000L;

  @TempDir Path folder;
  private OpenEngine engine;
  private Entries entries;
  private TokenUses uses;
  private String id;

  /** Entries whose writes can be had to fail, and are counted. */
  private static final class Entries extends SystemEntries {
    private boolean isFull;
    private int writes;

    private Entries(EngineHandle handle) {
      super(handle);
    }

    @Override
    public CompletionStage<Written> put(Key key, Bytes json, long end, Condition condition) {
      writes++;
      return isFull
          ? CompletableFuture.failedStage(KeyValueException.of(ErrorCode.STORAGE_FULL, "Full."))
          : super.put(key, json, end, condition);
    }
  }

  @BeforeEach
  void useAToken() {
    engine =
        OpenEngine.in(
            folder.resolve("data"),
            Map.of("kv.security.admin-token", "operator-0123456789-0123456789-0123456789"));
    entries = new Entries(engine.handle());
    uses = new TokenUses();
    uses.handle = engine.handle();
    uses.directory = new Directory(engine.handle());
    uses.entries = entries;
    id =
        new TokenService(uses.directory, entries)
            .create(Access.UNLIMITED, "ann", Set.of(), null)
            .toCompletableFuture()
            .join()
            .token()
            .id();
    uses.directory.used(id, USED);
    entries.writes = 0;
  }

  @AfterEach
  void close() {
    engine.close();
  }

  @Test
  void use_isKept_once() {
    uses.keep().join();
    uses.keep().join();

    assertThat(usesAsRead()).containsEntry(id, USED);
    assertThat(entries.writes).isEqualTo(1);
  }

  @Test
  void use_whoseWriteFailed_isKeptTheNextTime() {
    entries.isFull = true;
    uses.keep().join();
    assertThat(usesAsRead()).isEmpty();

    entries.isFull = false;
    uses.keep().join();

    assertThat(usesAsRead()).containsEntry(id, USED);
  }

  @Test
  void use_thatWasReadAtTheStart_isNotWrittenAgain() {
    uses.keep().join();
    uses.directory = new Directory(engine.handle());

    uses.keep().join();

    assertThat(entries.writes).isEqualTo(1);
  }

  @Test
  void useSinceTheNewestTick_isKeptByAnOrderlyStop() {
    uses.stop("the end");

    assertThat(usesAsRead()).containsEntry(id, USED);
  }

  private Map<String, Long> usesAsRead() {
    return new Directory(engine.handle()).rules().uses();
  }
}
