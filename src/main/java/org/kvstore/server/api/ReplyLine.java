package org.kvstore.server.api;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import org.kvstore.server.api.Problems.Origin;
import org.kvstore.server.model.Entry;
import org.kvstore.server.model.Outcome;

/**
 * Writes lines of newline-delimited JSON and what they are made of: what an operation of a batch or
 * a transaction came to, and entries. Nothing is built in memory as a whole.
 */
final class ReplyLine {
  private ReplyLine() {}

  /** The result of an operation that was done. */
  static void write(JsonGenerator json, Outcome outcome) throws IOException {
    json.writeStartObject();
    if (outcome instanceof Outcome.Written written) {
      json.writeNumberField("status", written.created() ? 201 : 204);
      json.writeStringField("etag", EntityTags.raw(written.modRevision()));
    } else if (outcome instanceof Outcome.Deleted) {
      json.writeNumberField("status", 204);
    } else if (outcome instanceof Outcome.Found found) {
      json.writeNumberField("status", 200);
      json.writeStringField("etag", EntityTags.raw(found.entry().modRevision()));
      json.writeFieldName("entry");
      entry(json, found.entry());
    } else if (outcome instanceof Outcome.Listed listed) {
      json.writeNumberField("status", 200);
      json.writeArrayFieldStart("entries");
      for (Entry entry : listed.entries()) {
        entry(json, entry);
      }
      json.writeEndArray();
      json.writeBooleanField("more", listed.more());
    } else {
      json.writeNumberField("status", 404);
    }
    json.writeEndObject();
  }

  /** The failure of one. */
  static void problem(JsonGenerator json, Throwable failure, Origin origin) throws IOException {
    Reply problem = ProblemMapper.reply(failure, origin);
    json.writeStartObject();
    json.writeNumberField("status", problem.status());
    json.writeFieldName("problem");
    json.writeRawValue(problem.body() == null ? "{}" : problem.body().toUtf8());
    json.writeEndObject();
  }

  /** A line that puts an entry where it is imported, as {@link org.kvstore.api.LineDocument}. */
  static void put(JsonGenerator json, Entry entry) throws IOException {
    json.writeStartObject();
    json.writeStringField("op", "put");
    json.writeStringField("key", entry.key().text());
    Documents.writeValue(json, entry);
    json.writeStringField("contentType", entry.contentType());
    String expiresAt = Documents.expiresAt(entry);
    if (expiresAt != null) {
      json.writeStringField("expiresAt", expiresAt);
    }
    json.writeEndObject();
  }

  /** An entry as {@link org.kvstore.api.EntryDocument} has it. */
  static void entry(JsonGenerator json, Entry entry) throws IOException {
    json.writeStartObject();
    json.writeStringField("key", entry.key().text());
    Documents.writeValue(json, entry);
    json.writeStringField("contentType", entry.contentType());
    json.writeNumberField("createRevision", entry.createRevision());
    json.writeNumberField("modRevision", entry.modRevision());
    json.writeNumberField("version", entry.version());
    String expiresAt = Documents.expiresAt(entry);
    if (expiresAt != null) {
      json.writeStringField("expiresAt", expiresAt);
    }
    if (entry.lease() != Entry.NO_LEASE) {
      json.writeStringField("lease", Long.toString(entry.lease()));
    }
    json.writeEndObject();
  }
}
