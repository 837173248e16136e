import java.util.Locale;

/**
 * A histogram of durations, exact to 2 %: the buckets of each power of two are 64 equal parts. One
 * thread records; any may read, and miss what is being recorded.
 */
final class Latencies {
  private static final int PART_BITS = 6;
  private static final int PARTS = 1 << PART_BITS;

  private final long[] counts = new long[64 * PARTS];
  private long count;
  private long max;

  /** Records a duration in microseconds; what is below 0 counts as 0. */
  void record(long micros) {
    long value = Math.max(0, micros);
    counts[bucket(value)]++;
    count++;
    max = Math.max(max, value);
  }

  long count() {
    return count;
  }

  /** As JSON, in milliseconds. */
  String json() {
    return String.format(
        Locale.ROOT,
        "{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f}",
        quantile(0.50) / 1e3,
        quantile(0.99) / 1e3,
        max / 1e3);
  }

  private long quantile(double part) {
    long wanted = (long) Math.ceil(part * count);
    long seen = 0;
    for (int bucket = 0; bucket < counts.length; bucket++) {
      seen += counts[bucket];
      if (seen >= wanted) {
        return Math.min(max, upperEnd(bucket));
      }
    }
    return max;
  }

  private static int bucket(long value) {
    if (value < PARTS) {
      return (int) value;
    }
    int shift = 63 - Long.numberOfLeadingZeros(value) - PART_BITS;
    return (shift + 1) * PARTS + (int) (value >> shift) - PARTS;
  }

  private static long upperEnd(int bucket) {
    if (bucket < PARTS) {
      return bucket;
    }
    int shift = bucket / PARTS - 1;
    return ((long) (bucket % PARTS + PARTS + 1) << shift) - 1;
  }
}
