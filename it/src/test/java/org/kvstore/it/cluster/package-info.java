/**
 * A cluster of real processes on this machine, what can happen to one, and the checks that its
 * clients notice none of it but time.
 */
@NullMarked
package org.kvstore.it.cluster;

import org.jspecify.annotations.NullMarked;
