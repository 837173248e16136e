package org.kvstore.server.store;

import java.util.ArrayList;
import java.util.List;
import org.kvstore.server.model.Bytes;
import org.kvstore.server.model.Outcome;
import org.kvstore.server.model.Serial;
import org.kvstore.server.model.Submission;
import org.kvstore.server.model.Submission.RequestName;

/**
 * The forms of an entry of a replicated log, of a group on its way to the leader that makes entries
 * of them, and of what became of it on the way back. Each begins with a version byte: nodes of one
 * cluster may differ in version for a while, and a log outlives an upgrade.
 */
public final class LogForm {
  private static final int FORMAT = 1;

  /** Of entries; before it, an entry was one group. */
  private static final int ENTRY_FORMAT = 2;

  private static final int HEAD_BYTES = 64;
  private static final int APPLIED = 1;
  private static final int REPEATED = 2;
  private static final int OUTDATED = 3;

  private LogForm() {}

  /** A group as its sender sends it. */
  public static byte[] of(LogEntry.Group group) {
    List<Submission> submissions = group.submissions();
    long bytes = submissions.stream().mapToLong(submission -> submission.command().weight()).sum();
    Encoder row = new Encoder((int) Math.min(bytes + HEAD_BYTES, Integer.MAX_VALUE / 2));
    Serial serial = group.serial();
    row.fixed8(FORMAT).sized(serial.sender()).variable(serial.life()).variable(serial.number());
    row.variable(submissions.size());
    for (Submission submission : submissions) {
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
   * Whose a group is.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static Serial serial(byte[] group) {
    return serial(new Decoder(group).expectVersion(FORMAT));
  }

  private static Serial serial(Decoder row) {
    return new Serial(row.sizedText(), row.variable(), row.variable());
  }

  private static LogEntry.Group group(Decoder row) {
    Serial serial = serial(row.expectVersion(FORMAT));
    List<Submission> submissions = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      long submittedAt = row.variable();
      RequestName request =
          row.fixed8() == 0 ? null : new RequestName(row.sizedText(), row.sizedBytes());
      submissions.add(new Submission(CommandRows.read(row), submittedAt, request));
    }
    return new LogEntry.Group(serial, submissions);
  }

  /** Some groups, each as its sender sent it, as an entry of the log. */
  public static byte[] entryOf(List<byte[]> groups) {
    int bytes = groups.stream().mapToInt(group -> group.length + HEAD_BYTES).sum();
    Encoder row = new Encoder(bytes).fixed8(ENTRY_FORMAT).variable(groups.size());
    groups.forEach(group -> row.sized(Bytes.takeOver(group)));
    return row.toArray();
  }

  /**
   * An entry of the log.
   *
   * @throws IllegalStateException when it is of an unknown format, or a group not as long as it
   *     says
   */
  public static LogEntry entry(byte[] bytes) {
    if (bytes.length > 0 && bytes[0] == FORMAT) {
      return new LogEntry(List.of(group(new Decoder(bytes))));
    }
    Decoder row = new Decoder(bytes).expectVersion(ENTRY_FORMAT);
    List<LogEntry.Group> groups = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      long end = row.variable() + row.at();
      groups.add(group(row));
      if (row.at() != end) {
        throw new IllegalStateException("A group of an entry is not as long as it says.");
      }
    }
    return new LogEntry(groups);
  }

  /** What became of a group, as a message. */
  public static byte[] of(GroupResult result) {
    if (result instanceof GroupResult.Applied applied) {
      Encoder row = new Encoder(HEAD_BYTES * (1 + applied.outcomes().size()));
      row.fixed8(FORMAT).fixed8(APPLIED).variable(applied.outcomes().size());
      applied.outcomes().forEach(outcome -> OutcomeRows.write(row, outcome));
      return row.toArray();
    }
    Encoder row = new Encoder(HEAD_BYTES).fixed8(FORMAT);
    return result instanceof GroupResult.Outdated outdated
        ? row.fixed8(OUTDATED).variable(outdated.life()).toArray()
        : row.fixed8(REPEATED).toArray();
  }

  /**
   * What a message says.
   *
   * @throws IllegalStateException when it is of an unknown format
   */
  public static GroupResult result(byte[] message) {
    Decoder row = new Decoder(message).expectVersion(FORMAT);
    int kind = row.fixed8();
    if (kind == OUTDATED) {
      return new GroupResult.Outdated(row.variable());
    }
    if (kind != APPLIED) {
      return new GroupResult.Repeated();
    }
    List<Outcome> outcomes = new ArrayList<>();
    for (long left = row.variable(); left > 0; left--) {
      outcomes.add(OutcomeRows.read(row));
    }
    return new GroupResult.Applied(outcomes);
  }
}
