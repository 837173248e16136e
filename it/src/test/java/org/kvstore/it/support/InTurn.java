package org.kvstore.it.support;

import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A story that runs on one thread with all others that say so, one after the other, as they share
 * the deployed application, or as each takes a whole cluster of processes. The rest of the stories,
 * each with servers of its own, runs beside them.
 */
@Execution(ExecutionMode.SAME_THREAD)
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface InTurn {}
