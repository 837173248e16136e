package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;

/**
 * The form of an entry of a replicated log, and of what became of it on the way to the node that
 * sent it. Both begin with a version byte: nodes of one cluster may differ in version for a while,
 * and a log outlives an upgrade.
 */
public final class LogForm {
  private static final int FORMAT = 1;
  private static final int HEAD_BYTES = 64;
  private static final int APPLIED = 1;
  private static final int REPEATED = 2;
  private static final int OUTDATED = 3;

  private LogForm() {}

  /** An entry as it is in the log. */
  public static byte[] of(LogEntry entry) {
    List<Submission> group = entry.group();
    long bytes = group.stream().mapToLong(submission -> submission.command().weight()).sum();
    Encoder row = new Encoder((int) Math.min(bytes + HEAD_BYTES, Integer.MAX_VALUE / 2));
    Serial serial = entry.serial();
    row.fixed8(FORMAT).sized(serial.sender()).variable(serial.life()).variable(serial.number());
    row.variable(group.size());
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
   * An entry of the log.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static LogEntry entry(byte[] bytes) {
    Decoder row = new Decoder(bytes).expectVersion(FORMAT);
    Serial serial = new Serial(row.sizedText(), row.variable(), row.variable());
    List<Submission> group = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      long submittedAt = row.variable();
      RequestName request =
          row.fixed8() == 0 ? null : new RequestName(row.sizedText(), row.sizedBytes());
      group.add(new Submission(CommandRows.read(row), submittedAt, request));
    }
    return new LogEntry(serial, group);
  }

  /** What became of an entry, as a message. */
  public static byte[] of(EntryResult result) {
    if (result instanceof EntryResult.Applied applied) {
      Encoder row = new Encoder(HEAD_BYTES * (1 + applied.outcomes().size()));
      row.fixed8(FORMAT).fixed8(APPLIED).variable(applied.outcomes().size());
      applied.outcomes().forEach(outcome -> OutcomeRows.write(row, outcome));
      return row.toArray();
    }
    Encoder row = new Encoder(HEAD_BYTES).fixed8(FORMAT);
    return result instanceof EntryResult.Outdated outdated
        ? row.fixed8(OUTDATED).variable(outdated.life()).toArray()
        : row.fixed8(REPEATED).toArray();
  }

  /**
   * What a message says.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static EntryResult result(byte[] message) {
    Decoder row = new Decoder(message).expectVersion(FORMAT);
    int kind = row.fixed8();
    if (kind == OUTDATED) {
      return new EntryResult.Outdated(row.variable());
    }
    if (kind != APPLIED) {
      return new EntryResult.Repeated();
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      outcomes.add(OutcomeRows.read(row));
    }
    return new EntryResult.Applied(outcomes);
  }
}
