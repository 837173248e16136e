@NullMarked
package org.kvstore.api;

import org.jspecify.annotations.NullMarked;
