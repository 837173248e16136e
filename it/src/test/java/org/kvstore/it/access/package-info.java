/** Who may do what: tokens, grants and every way to data. */
package org.kvstore.it.access;
