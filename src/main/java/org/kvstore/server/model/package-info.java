/** Immutable values of the store: keys, entries, commands and their outcomes. Plain Java only. */
@NullMarked
package org.kvstore.server.model;

import org.jspecify.annotations.NullMarked;
