package org.kvstore.client;

/** How a comparison of a transaction compares what is stored with what it names. */
public enum Relation {
  EQUAL("="),
  NOT_EQUAL("!="),
  LESS("<"),
  GREATER(">");

  private final String symbol;

  Relation(String symbol) {
    this.symbol = symbol;
  }

  /** Its form on the wire. */
  String symbol() {
    return symbol;
  }
}
