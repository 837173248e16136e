package org.kvstore.server.ops;

import java.math.BigDecimal;
import org.kvstore.server.model.Histogram;

/**
 * Writes metrics in the text format of Prometheus, version 0.0.4. Names follow its conventions:
 * base units, {@code _total} for what only rises.
 */
final class Exposition {
  static final String MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private final StringBuilder text = new StringBuilder(32 << 10);

  /** A value that goes up and down. */
  Exposition gauge(String name, String help, long value) {
    return begin("gauge", name, help).sample(name, "", Long.toString(value));
  }

  /** Seconds. */
  Exposition gauge(String name, String help, BigDecimal seconds) {
    return begin("gauge", name, help).sample(name, "", plain(seconds));
  }

  /** A number that only rises, until its owner begins anew. */
  Exposition counter(String name, String help, long value) {
    return begin("counter", name, help).sample(name, "", Long.toString(value));
  }

  /** Seconds that only add up. */
  Exposition counter(String name, String help, BigDecimal seconds) {
    return begin("counter", name, help).sample(name, "", plain(seconds));
  }

  /** A distribution without labels. */
  Exposition histogram(String name, String help, Histogram histogram) {
    return begin("histogram", name, help).samples(name, "", histogram);
  }

  /** Begins a family of samples. */
  Exposition begin(String type, String name, String help) {
    text.append("# HELP ").append(name).append(' ').append(help).append('\n');
    text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    return this;
  }

  /**
   * One sample of the family begun last.
   *
   * @param labels as they stand between the braces; empty for none
   */
  Exposition sample(String name, String labels, String value) {
    text.append(name);
    if (!labels.isEmpty()) {
      text.append('{').append(labels).append('}');
    }
    text.append(' ').append(value).append('\n');
    return this;
  }

  /** The samples of a distribution: its buckets, each with all that is not larger; sum, count. */
  Exposition samples(String name, String labels, Histogram histogram) {
    String prefix = labels.isEmpty() ? "le=\"" : labels + ",le=\"";
    long count = 0;
    for (int bucket = 0; bucket < histogram.buckets(); bucket++) {
      count += histogram.count(bucket);
      String bound = plain(BigDecimal.valueOf(histogram.bound(bucket), histogram.decimals()));
      sample(name + "_bucket", prefix + bound + '"', Long.toString(count));
    }
    count += histogram.count(histogram.buckets());
    sample(name + "_bucket", prefix + "+Inf\"", Long.toString(count));
    BigDecimal sum = BigDecimal.valueOf(histogram.sum(), histogram.decimals());
    sample(name + "_sum", labels, plain(sum));
    return sample(name + "_count", labels, Long.toString(count));
  }

  private static String plain(BigDecimal number) {
    return number.stripTrailingZeros().toPlainString();
  }

  /** Everything written so far. */
  @Override
  public String toString() {
    return text.toString();
  }
}
