package org.kvstore.it.support;

import static java.util.stream.Collectors.toMap;

import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * A page of metrics as Prometheus reads it: text format, version 0.0.4.
 *
 * @param types the type of each family by its name
 * @param samples every sample in its order
 */
public record Scrape(Map<String, String> types, List<Sample> samples) {
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE (\\S+) (\\S+)$");
  private static final Pattern SAMPLE = Pattern.compile("(?m)^([a-z_0-9]+)(?:\\{(.*)\\})? (\\S+)$");
  private static final Pattern BOUND = Pattern.compile(",?le=\"(.*)\"$");

  /**
   * A sample.
   *
   * @param labels as they stand between the braces
   */
  public record Sample(String name, String labels, double value) {}

  /** Reads the page of a service. */
  public static Scrape of(Service service) {
    String page = service.get("/metrics").send().expect(200).text();
    Map<String, String> types =
        TYPE.matcher(page).results().collect(toMap(type -> type.group(1), type -> type.group(2)));
    return new Scrape(types, SAMPLE.matcher(page).results().map(Scrape::sample).toList());
  }

  private static Sample sample(MatchResult line) {
    String labels = line.group(2) == null ? "" : line.group(2);
    return new Sample(line.group(1), labels, Double.parseDouble(line.group(3)));
  }

  /** The values of all samples of a name whose labels begin so, apart from {@code le}. */
  public List<Double> values(String name, String labels) {
    return samples.stream()
        .filter(sample -> sample.name().equals(name))
        .filter(sample -> BOUND.matcher(sample.labels()).replaceFirst("").equals(labels))
        .map(Sample::value)
        .toList();
  }

  /** The value of the only sample of a name with these labels, or 0. */
  public double value(String name, String labels) {
    return values(name, labels).stream().reduce((one, other) -> Double.NaN).orElse(0.0);
  }
}
