package org.kvstore.server.ops;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.eclipse.microprofile.config.Config;
import org.jspecify.annotations.NullUnmarked;

/**
 * Turns traces on if MicroProfile Telemetry is on, as it defines: {@code otel.sdk.disabled=false}.
 * Its API is touched in that case only, as a runtime need not have it otherwise.
 */
@ApplicationScoped
@NullUnmarked // The container fills the field.
public class TracesProducer {
  private static final Logger LOG = System.getLogger(TracesProducer.class.getName());

  @Inject Config config;

  @Produces
  @Singleton
  Traces traces() {
    if (config.getOptionalValue("otel.sdk.disabled", Boolean.class).orElse(true)) {
      return Traces.OFF;
    }
    try {
      return OpenTelemetryTraces.create();
    } catch (LinkageError e) {
      LOG.log(Level.WARNING, "There are no traces: the runtime has no MicroProfile Telemetry.", e);
      return Traces.OFF;
    }
  }
}
