/**
 * The archive of a backup, as the service writes it and whoever keeps it can check it: plain Java,
 * once, for both sides.
 */
@NullMarked
package org.kvstore.api.archive;

import org.jspecify.annotations.NullMarked;
