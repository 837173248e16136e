/**
 * The wire contract of the key-value store, version 1: header names, media types, error codes, key
 * rules and the JSON documents. The server, the client and the tests share these types, so that
 * each name is written once.
 */
@NullMarked
package org.kvstore.api;

import org.jspecify.annotations.NullMarked;
