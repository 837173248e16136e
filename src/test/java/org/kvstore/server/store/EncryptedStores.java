package org.kvstore.server.store;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.kvstore.server.crypto.EncryptionKeys;
import org.kvstore.server.model.Key;
import org.kvstore.server.model.Limits;
import org.kvstore.server.service.JsonPatcher;

/** Opens encrypted stores in data directories of their own, for tests. */
final class EncryptedStores {
  /** What values begin with that must be in no file. */
  static final String MARKER = "marked-value-";

  private EncryptedStores() {}

  static DataDirectory open(Path path, EncryptionKeys keys) {
    return DataDirectory.open(path, keys);
  }

  static Store store(DataDirectory directory, EncryptionKeys keys) {
    Store store = store(directory.shard(0), keys, directory.isNew());
    directory.initialised();
    return store;
  }

  static Store store(Path shard, EncryptionKeys keys, boolean create) {
    return Store.open(
        Stores.options(shard).with(keys),
        Limits.DEFAULT,
        create,
        new Store.Hooks(events -> {}, new JsonPatcher()));
  }

  static void fill(Path data, EncryptionKeys keys) {
    try (DataDirectory directory = open(data, keys);
        Store store = store(directory, keys)) {
      store.apply(List.of(Writes.put("a", MARKER + 1), Writes.put("b", MARKER + 2)));
    }
  }

  static String value(Store store, String key) {
    return Objects.requireNonNull(store.get(Key.of(key))).value().toUtf8();
  }

  static String verify(Path data, EncryptionKeys keys) {
    var output = new ByteArrayOutputStream();
    Verifier.run(
        List.of(data.toString()), keys, new PrintStream(output, true, StandardCharsets.UTF_8));
    return output.toString(StandardCharsets.UTF_8);
  }
}
