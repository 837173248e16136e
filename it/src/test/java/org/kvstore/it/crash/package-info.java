/**
 * Nothing is lost: a workload whose history is recorded, servers that are killed under it, and the
 * checks of what is left.
 */
@NullMarked
package org.kvstore.it.crash;

import org.jspecify.annotations.NullMarked;
