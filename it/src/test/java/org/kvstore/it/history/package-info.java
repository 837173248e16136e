/**
 * What clients have done and seen, and the checks of it: each key by itself is linearizable, and
 * what was acknowledged is in the store once, whole and in order.
 */
@NullMarked
package org.kvstore.it.history;

import org.jspecify.annotations.NullMarked;
