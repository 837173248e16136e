/** The way of a write: ordering commands, committing them in groups, proposing expiries. */
@NullMarked
package org.kvstore.server.replication;

import org.jspecify.annotations.NullMarked;
