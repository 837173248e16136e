/** A small Jakarta application that keeps its visits in the store; deployed beside it. */
@NullMarked
package org.kvstore.it.visits;

import org.jspecify.annotations.NullMarked;
