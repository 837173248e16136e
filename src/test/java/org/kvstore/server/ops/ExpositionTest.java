package org.kvstore.server.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.kvstore.server.model.Histogram;

class ExpositionTest {
  private static final long MILLI = 1_000_000;

  private final Exposition out = new Exposition();

  @Test
  void counter_isDescribedTypedAndExact() {
    out.counter("kvstore_commits_total", "Commits.", Long.MAX_VALUE);

    assertThat(out)
        .hasToString(
            """
            # HELP kvstore_commits_total Commits.
            # TYPE kvstore_commits_total counter
            kvstore_commits_total 9223372036854775807
            """);
  }

  @Test
  void counter_ofSeconds_hasNoExponent() {
    out.counter("seconds_total", "Seconds.", BigDecimal.valueOf(25, 6));

    assertThat(out.toString()).endsWith("\nseconds_total 0.000025\n");
  }

  @Test
  void histogram_showsEachBucketWithAllThatIsNotLarger() {
    Histogram sizes = Histogram.ofSizes();
    sizes.record(1);
    sizes.record(2);
    sizes.record(2_000);

    assertThat(out.histogram("writes", "Writes.", sizes).toString().lines())
        .containsSubsequence(
            "# TYPE writes histogram",
            "writes_bucket{le=\"1\"} 1",
            "writes_bucket{le=\"2\"} 2",
            "writes_bucket{le=\"1000\"} 2",
            "writes_bucket{le=\"+Inf\"} 3",
            "writes_sum 2003",
            "writes_count 3");
  }

  @Test
  void histogram_ofDurations_isInSeconds() {
    Histogram durations = Histogram.ofDurations();
    durations.record(3 * MILLI);

    assertThat(out.begin("histogram", "d", "D.").samples("d", "a=\"b\"", durations).toString())
        .contains(
            "d_bucket{a=\"b\",le=\"0.0001\"} 0\n",
            "d_bucket{a=\"b\",le=\"0.0025\"} 0\n",
            "d_bucket{a=\"b\",le=\"0.005\"} 1\n",
            "d_bucket{a=\"b\",le=\"10\"} 1\n",
            "d_sum{a=\"b\"} 0.003\n",
            "d_count{a=\"b\"} 1\n");
  }

  @Test
  void requests_areTimedByOperationAndClassOfStatus() {
    RequestMetrics requests = new RequestMetrics();
    requests.record(RequestKind.DELETE_RANGE, 204, MILLI);
    requests.record(RequestKind.GET, 999, MILLI);

    requests.write(out);

    assertThat(out.toString().lines().filter(line -> line.contains("_count")))
        .containsExactly(
            "kvstore_request_duration_seconds_count{operation=\"get\",status=\"5xx\"} 1",
            "kvstore_request_duration_seconds_count{operation=\"delete_range\",status=\"2xx\"} 1");
  }
}
