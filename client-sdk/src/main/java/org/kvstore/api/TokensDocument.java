package org.kvstore.api;

import java.util.List;

/**
 * All API tokens.
 *
 * @param tokens the oldest first
 */
public record TokensDocument(List<TokenDocument> tokens) {}
