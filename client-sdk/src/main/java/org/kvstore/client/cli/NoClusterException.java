package org.kvstore.client.cli;

/** The server is there, but is no node of a cluster. */
final class NoClusterException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NoClusterException() {
    super("the server is no node of a cluster");
  }
}
