/**
 * The runnable server: unpacks Open Liberty and the application from this jar once, and runs them
 * in a Java process of their own.
 */
@NullMarked
package org.kvstore.liberty;

import org.jspecify.annotations.NullMarked;
