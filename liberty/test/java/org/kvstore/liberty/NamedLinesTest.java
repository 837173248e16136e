package org.kvstore.liberty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import org.junit.jupiter.api.Test;

/** Lines of several processes can be told apart. */
class NamedLinesTest {
  @Test
  void eachLine_hasTheName_andIsOtherwiseTheSame() throws InterruptedException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    NamedLines.copy(
            "n1",
            new ByteArrayInputStream("one\n\nzwölf €\nwithout an end".getBytes(UTF_8)),
            new PrintStream(out, true, UTF_8))
        .join();

    assertThat(out.toString(UTF_8).lines())
        .containsExactly("n1 | one", "n1 | ", "n1 | zwölf €", "n1 | without an end");
  }
}
