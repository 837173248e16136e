package org.kvstore.server.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RevisionsTest {
  @Test
  void read_whatWasWritten_isEqual() {
    Revisions revisions = Revisions.of(0, 1, 127, 128, 1L << 32, Long.MAX_VALUE);
    ByteBuffer bytes = ByteBuffer.allocate(revisions.mostBytes());
    revisions.write(bytes);

    assertThat(Revisions.read(bytes.flip())).isEqualTo(revisions);
    assertThat(bytes.remaining()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "0201", "ffffff7f", "01ffffffffffffffffff01"})
  void read_whatCannotHaveBeenWritten_isNull(String hex) {
    assertThat(Revisions.read(ByteBuffer.wrap(HexFormat.of().parseHex(hex)))).isNull();
  }

  @Test
  void with_anotherRevision_leavesTheOriginalAsItIs() {
    Revisions before = Revisions.of(1, 2);

    assertThat(before.with(1, 5)).isEqualTo(Revisions.of(1, 5));
    assertThat(before).isEqualTo(Revisions.of(1, 2));
  }
}
