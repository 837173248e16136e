/**
 * One shard: the store over RocksDB, its tables, and what reads and commits. Plain Java, and the
 * only package that knows RocksDB.
 */
@NullMarked
package org.kvstore.server.store;

import org.jspecify.annotations.NullMarked;
