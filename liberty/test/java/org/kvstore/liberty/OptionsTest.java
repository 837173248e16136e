package org.kvstore.liberty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is on the command line is understood, or named. */
class OptionsTest {
  @Test
  void values_areTakenInBothForms() {
    Options options = parse("--nodes", "3", "--data=a=b", "--force");

    assertThat(options.number("--nodes")).hasValue(3);
    assertThat(options.value("--data")).hasValue("a=b");
    assertThat(options.has("--force")).isTrue();
    assertThat(options.wantsHelp()).isFalse();
    assertThat(options.value("--port")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "--node 3, unknown argument: --node",
    "3, unknown argument: 3",
    "--force=no, unknown argument: --force=no",
    "--nodes, --nodes takes a value",
    "--nodes 3 --nodes=3, --nodes is given twice",
    "--nodes three, not a number",
    "--nodes 0, not a number",
    "--nodes 65536, not a number"
  })
  void whatCannotBe_isNamed(String words, String message) {
    assertThatThrownBy(() -> parse(words.split(" ")).number("--nodes"))
        .isInstanceOf(StartupException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("try cluster --help")
        .extracting(e -> ((StartupException) e).status())
        .isEqualTo(2);
  }

  @Test
  void whatIsMissing_isNamed() {
    assertThatThrownBy(() -> parse().required("--data")).hasMessageContaining("--data is missing");
  }

  private static Options parse(String... words) {
    return Options.parse(
        "cluster", List.of(words), Set.of("--nodes", "--port", "--data"), Set.of("--force"));
  }
}
