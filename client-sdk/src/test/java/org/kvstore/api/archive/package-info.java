@NullMarked
package org.kvstore.api.archive;

import org.jspecify.annotations.NullMarked;
