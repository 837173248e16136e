package org.kvstore.server.ops;

import jakarta.inject.Singleton;
import org.kvstore.server.model.Histogram;

/** How long requests take, by what they are for and the class of their status. */
@Singleton
public class RequestMetrics {
  private static final int CLASSES = 6;

  private final Histogram[][] durations = new Histogram[RequestKind.values().length][CLASSES];

  public RequestMetrics() {
    for (Histogram[] ofKind : durations) {
      for (int i = 0; i < CLASSES; i++) {
        ofKind[i] = Histogram.ofDurations();
      }
    }
  }

  /** Counts a request that has been answered. */
  public void record(RequestKind kind, int status, long nanos) {
    durations[kind.ordinal()][Math.min(status / 100, CLASSES - 1)].record(nanos);
  }

  /** Shows what there has been; a combination that never was has no lines. */
  void write(Exposition out) {
    String name = "kvstore_request_duration_seconds";
    out.begin(
        "histogram", name, "From a request's arrival to its answer; of a watch, to its opening.");
    for (RequestKind kind : RequestKind.values()) {
      for (int i = 0; i < CLASSES; i++) {
        Histogram histogram = durations[kind.ordinal()][i];
        if (histogram.count() > 0) {
          String labels = "operation=\"%s\",status=\"%dxx\"".formatted(kind.label(), i);
          out.samples(name, labels, histogram);
        }
      }
    }
  }
}
