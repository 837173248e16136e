/**
 * The shards as a node has them: each a store, the way of writes to it and its watches; and what
 * reads, lists and watches over several of them.
 */
@NullMarked
package org.kvstore.server.shard;

import org.jspecify.annotations.NullMarked;
