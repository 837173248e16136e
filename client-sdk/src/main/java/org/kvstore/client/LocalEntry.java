package org.kvstore.client;

import java.time.Duration;
import java.util.Optional;

/**
 * What a node of a cluster had of an entry when it was asked, be it the newest or not.
 *
 * @param entry the entry; empty when the key did not exist there
 * @param age how long ago what the node had was the newest of all, as far as it knew; empty when it
 *     did not know. A server by itself always has the newest.
 */
public record LocalEntry(Optional<Entry> entry, Optional<Duration> age) {}
