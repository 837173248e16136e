package org.kvstore.client;

import java.time.Duration;
import java.util.function.Supplier;

/**
 * How a client reaches its servers.
 *
 * @param requests sends its requests
 * @param waitStep the longest that one request is held
 * @param connector opens its watches and sends its archives; asked for at the first of them
 */
record Link(Requests requests, Duration waitStep, Supplier<Connector> connector) {}
