package org.kvstore.server.ops;

/** A request as a trace shows it, from its begin to its end. */
public interface RequestSpan {

  /** The header of W3C Trace Context that names it to the client. */
  String HEADER = "traceresponse";

  /** Its identity, as the value of that header. */
  String id();

  /** Ends it with the status of the answer. */
  void end(int status);
}
