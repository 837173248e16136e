/** The HTTP contract as a table: its sentences in their order, each with checks of its claims. */
@NullMarked
package org.kvstore.it.conformance;

import org.jspecify.annotations.NullMarked;
