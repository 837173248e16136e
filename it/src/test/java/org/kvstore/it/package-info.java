/** Stories told against the real application on a real server. */
@NullMarked
package org.kvstore.it;

import org.jspecify.annotations.NullMarked;
