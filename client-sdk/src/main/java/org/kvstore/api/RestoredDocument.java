package org.kvstore.api;

/**
 * What took over.
 *
 * @param revision the newest revision now: above every one that was ever given out; 0 on a node of
 *     a cluster, whose shards each have their own, which begin anew
 * @param backupRevision the revision that the backup shows, as its store counted
 * @param storeId identity of the store that the backup is of
 * @param createdAt when the backup was made: ISO-8601 instant in UTC
 */
public record RestoredDocument(
    long revision, long backupRevision, String storeId, String createdAt) {}
