package org.kvstore.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import javax.security.auth.x500.X500Principal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvstore.server.model.KeyValueException;

/** A certificate names one subject, or nobody. */
class ClientCertificatesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "CN=shop | cert:shop",
        "CN=shop,OU=CN\\=operator,O=CN,C=DE | cert:shop",
        "O=Example,CN=shop 1 | cert:shop 1",
        "OU=x+CN=shop | cert:shop",
        "CN=a\\,CN\\=b | cert:a,CN=b",
        "CN=Jürgen | cert:Jürgen"
      })
  void commonName_isTheSubject(String name, String subject) {
    assertThat(ClientCertificates.subject(new X500Principal(name))).isEqualTo(subject);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "O=Example",
        "CN=a,CN=b",
        "CN=a+CN=b",
        "CN=",
        "CN=#0401ff",
        "CN=(operator)",
        "CN=\\00"
      })
  void noneOrSeveral_orOneThatIsNoName_isNobody(String name) {
    assertThatThrownBy(() -> ClientCertificates.subject(new X500Principal(name)))
        .isInstanceOf(KeyValueException.class)
        .hasMessageContaining("common name");
  }

  @Test
  void veryLongName_isNobody() {
    assertThatThrownBy(() -> ClientCertificates.subject(new X500Principal("CN=" + "a".repeat(196))))
        .isInstanceOf(KeyValueException.class);
  }
}
