package org.kvstore.server.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.EllipticCurveJsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;

/** The properties of MicroProfile JWT: what is wrong is said at the start, by its name. */
class JwtConfigTest {
  private static final String LOCATION = "mp.jwt.verify.publickey.location";
  private static final Map<String, String> WHOLE =
      Map.of(
          "mp.jwt.verify.issuer",
          "https://issuer",
          "mp.jwt.verify.audiences",
          "kvstore, shop",
          LOCATION,
          "https://issuer/jwks");

  @TempDir Path folder;

  @Test
  void nothingSet_isNothing() {
    assertThat(JwtConfig.read(name -> Optional.empty())).isEmpty();
  }

  @Test
  void whole_isRead() {
    JwtConfig config = read("mp.jwt.verify.token.age", "60");
    assertThat(config.issuer()).isEqualTo("https://issuer");
    assertThat(config.audiences()).containsExactlyInAnyOrder("kvstore", "shop");
    assertThat(config.skew()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.age()).contains(Duration.ofSeconds(60));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mp.jwt.verify.issuer", "mp.jwt.verify.audiences", LOCATION})
  void part_isNotEnough(String missing) {
    Map<String, String> properties = new HashMap<>(WHOLE);
    properties.remove(missing);
    assertThatThrownBy(() -> read(properties))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(missing);
  }

  @ParameterizedTest
  @CsvSource({
    "mp.jwt.verify.clock.skew, -1",
    "mp.jwt.verify.clock.skew, 601",
    "mp.jwt.verify.token.age, an hour",
    "mp.jwt.verify.publickey.algorithm, HS256",
    "mp.jwt.verify.publickey.algorithm, none",
    "mp.jwt.verify.publickey.algorithm, ''",
    "mp.jwt.token.header, Cookie",
    "mp.jwt.token.header, X-Token",
    "mp.jwt.verify.publickey.location, http://issuer.example/jwks",
    "mp.jwt.verify.publickey.location, ftp://issuer.example/jwks",
    "mp.jwt.verify.publickey.location, keys.json",
    "mp.jwt.verify.publickey.location, /missing/keys.json",
    "mp.jwt.verify.publickey.location, 'not a URI'"
  })
  void badValue_isNamed(String property, String value) {
    assertThatThrownBy(() -> read(property, value))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(property)
        .hasMessageContaining(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mp.jwt.token.cookie",
        "mp.jwt.decrypt.key.location",
        "mp.jwt.decrypt.key.algorithm"
      })
  void whatIsNotSupported_isRefused_ratherThanIgnored(String property) {
    assertThatThrownBy(() -> read(property, "anything"))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(property);
    assertThatThrownBy(() -> read(Map.of(property, "anything")))
        .as("without any other property")
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining(property);
  }

  @Test
  void algorithm_isTheOneThatIsSet_elseAnyThatHasNoSharedSecret() {
    assertThat(read("mp.jwt.verify.publickey.algorithm", "ES256").algorithms())
        .containsExactly("ES256");
    assertThat(read(WHOLE).algorithms())
        .hasSize(9)
        .allMatch(name -> name.matches("(RS|PS|ES)(256|384|512)"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"mp.jwt.verify.publickey.algorithm", "mp.jwt.token.header"})
  void partThatMakesNoSenseAlone_isNotIgnored(String property) {
    String value = property.endsWith("header") ? "Authorization" : "RS256";
    assertThatThrownBy(() -> read(Map.of(property, value))).isInstanceOf(KeyValueException.class);
  }

  @Test
  void keysOfAFile_areLookedAtNow() throws IOException, JoseException {
    EllipticCurveJsonWebKey key = EcJwkGenerator.generateJwk(EllipticCurves.P256);
    Path set = Files.writeString(folder.resolve("set"), new JsonWebKeySet(key).toJson());
    Path one = Files.writeString(folder.resolve("one"), key.toJson());
    Path none = Files.writeString(folder.resolve("none"), "{\"keys\":[]}");

    assertThat(read(LOCATION, set.toString()).location()).contains(set.toUri());
    assertThat(read(LOCATION, one.toUri().toString()).location()).contains(one.toUri());
    assertThatThrownBy(() -> read(LOCATION, none.toString())).hasMessageContaining("no public key");
  }

  private static JwtConfig read(String property, String value) {
    Map<String, String> properties = new HashMap<>(WHOLE);
    properties.put(property, value);
    return read(properties);
  }

  private static JwtConfig read(Map<String, String> properties) {
    return JwtConfig.read(name -> Optional.ofNullable(properties.get(name))).orElseThrow();
  }
}
