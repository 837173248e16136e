package org.kvstore.api;

/**
 * A copy that was made on the server's own disk.
 *
 * @param path the directory, on the server; a server can be started on it
 * @param revision the revision that it shows
 */
public record CheckpointDocument(String path, long revision) {}
