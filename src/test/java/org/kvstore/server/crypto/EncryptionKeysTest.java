package org.kvstore.server.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;

/** Keys come from a file or a variable; whatever is wrong with them, they are never shown. */
class EncryptionKeysTest {
  private static final String KEY = "kv.encryption.key";
  private static final String FILE = "kv.encryption.key-file";
  private static final String HEX = "0f".repeat(32);
  private static final String BASE64 =
      Base64.getEncoder().encodeToString("k".repeat(32).getBytes());

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void place() {
    file = directory.resolve("keys");
  }

  @Test
  void read_withoutAnything_givesNone() {
    assertThat(read(Map.of())).isSameAs(EncryptionKeys.NONE);
    assertThat(EncryptionKeys.NONE.isEmpty()).isTrue();
  }

  @Test
  void read_ofAFile_givesItsKeysInOrder() throws IOException {
    Files.writeString(file, BASE64 + "\n\n  " + HEX + "\r\n");

    EncryptionKeys keys = read(Map.of(FILE, file.toString()));

    String first = read(Map.of(KEY, BASE64)).first().id();
    String second = read(Map.of(KEY, " " + HEX + "\n")).first().id();
    assertThat(first).hasSize(16).isNotEqualTo(second);
    assertThat(keys.first().id()).isEqualTo(first);
    assertThat(keys.find(second)).isPresent();
    assertThat(keys.find("0".repeat(16))).isEmpty();
    assertThat(keys).hasToString(first + ", " + second);
    assertThat(keys.missing("0123"))
        .isEqualTo("is encrypted with the key 0123, and the only keys are %s, %s", first, second);
  }

  @ParameterizedTest
  @ValueSource(strings = {"secret", "c2VjcmV0LXNlY3JldA==", "not base64 at all secret!"})
  void read_ofSomethingElse_saysWhatIsAllowed_andNotWhatItIs(String text) throws IOException {
    Files.writeString(file, BASE64 + "\n" + text);
    assertThatThrownBy(() -> read(Map.of(KEY, text)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageStartingWith(KEY + " is not a key: 32 random bytes")
        .hasMessageNotContaining(text);
    assertThatThrownBy(() -> read(Map.of(FILE, file.toString())))
        .hasMessageStartingWith("Line 2 of " + file)
        .hasMessageContaining(FILE)
        .hasMessageNotContaining(text)
        .hasMessageNotContaining(BASE64);
  }

  @Test
  void read_ofAFileThatIsMissingOrEmpty_namesIt() throws IOException {
    assertThatThrownBy(() -> read(Map.of(FILE, file.toString())))
        .hasMessageContaining(FILE + " is '" + file + "', which cannot be read");
    Files.writeString(file, "\n");
    assertThatThrownBy(() -> read(Map.of(FILE, file.toString())))
        .hasMessageContaining("in which there is no key");
  }

  @Test
  void read_ofBoth_isRefused() {
    assertThatThrownBy(() -> read(Map.of(KEY, HEX, FILE, "x"))).hasMessageContaining("both set");
  }

  private static EncryptionKeys read(Map<String, String> properties) {
    return EncryptionKeys.read(name -> Optional.ofNullable(properties.get(name)));
  }
}
