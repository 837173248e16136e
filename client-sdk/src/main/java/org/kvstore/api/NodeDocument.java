package org.kvstore.api;

/**
 * The body of {@code POST /v1/admin/cluster/nodes}: a node that is to be a member of the cluster.
 *
 * @param id names it: 1 to 32 of {@code a-z}, {@code 0-9} and {@code -}
 * @param raftAddress {@code host:port} where the other nodes reach it
 */
public record NodeDocument(String id, String raftAddress) {}
