package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;

/**
 * The form of a group of submissions in a replicated log, and of their outcomes on the way to the
 * node that submitted them. Both begin with a version byte: nodes of one cluster may differ in
 * version for a while, and a log outlives an upgrade.
 */
public final class LogForm {
  private static final int FORMAT = 1;
  private static final int HEAD_BYTES = 16;

  private LogForm() {}

  /** A group as an entry of the log. */
  public static byte[] ofGroup(List<Submission> group) {
    long bytes = group.stream().mapToLong(submission -> submission.command().weight()).sum();
    Encoder row = new Encoder((int) Math.min(bytes + HEAD_BYTES, Integer.MAX_VALUE / 2));
    row.fixed8(FORMAT).variable(group.size());
    for (Submission submission : group) {
      RequestName request = submission.request();
      row.variable(submission.submittedAt()).fixed8(request == null ? 0 : 1);
      if (request != null) {
        row.sized(request.key()).sized(request.fingerprint());
      }
      CommandRows.write(row, submission.command());
    }
    return row.toArray();
  }

  /**
   * The group of an entry of the log.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static List<Submission> group(byte[] entry) {
    Decoder row = new Decoder(entry).expectVersion(FORMAT);
    List<Submission> group = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      long submittedAt = row.variable();
      RequestName request =
          row.fixed8() == 0 ? null : new RequestName(row.sizedText(), row.sizedBytes());
      group.add(new Submission(CommandRows.read(row), submittedAt, request));
    }
    return group;
  }

  /** The outcomes of a group, in order, as a message. */
  public static byte[] ofOutcomes(List<Outcome> outcomes) {
    Encoder row = new Encoder(HEAD_BYTES * (1 + outcomes.size()));
    row.fixed8(FORMAT).variable(outcomes.size());
    outcomes.forEach(outcome -> OutcomeRows.write(row, outcome));
    return row.toArray();
  }

  /** The outcomes of a message. */
  public static List<Outcome> outcomes(byte[] message) {
    Decoder row = new Decoder(message).expectVersion(FORMAT);
    List<Outcome> outcomes = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      outcomes.add(OutcomeRows.read(row));
    }
    return outcomes;
  }
}
