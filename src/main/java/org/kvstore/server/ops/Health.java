package org.kvstore.server.ops;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;
import org.eclipse.microprofile.health.Startup;
import org.jspecify.annotations.NullUnmarked;
import org.kvstore.server.model.KeyValueException;
import org.kvstore.server.replication.raft.ShardStatus;
import org.kvstore.server.security.AuditLog;
import org.kvstore.server.service.Engine;
import org.kvstore.server.service.EngineHandle;
import org.kvstore.server.shard.RaftReplication;

/**
 * Health as MicroProfile defines it: <em>started</em> once the store is open, <em>ready</em> while
 * reads and writes can be served, <em>live</em> while a restart would not help.
 */
@ApplicationScoped
@NullUnmarked // The container fills the fields.
public class Health {
  private static final int MOST_PROBLEMS = 5;

  @Inject EngineHandle handle;
  @Inject AuditLog audit;

  @Produces
  @Startup
  HealthCheck started() {
    return () -> opened("kvstore-started").build();
  }

  @Produces
  @Readiness
  HealthCheck ready() {
    return () -> {
      HealthCheckResponseBuilder response = opened("kvstore-ready");
      handle.engine().ifPresent(engine -> describe(engine, response));
      handle.engine().ifPresent(engine -> describeCluster(engine, response));
      if (audit.isOn()) {
        response.withData("auditFailing", audit.isFailing());
      }
      return response.build();
    };
  }

  @Produces
  @Liveness
  HealthCheck live() {
    return () ->
        HealthCheckResponse.named("kvstore-live")
            .status(handle.engine().map(Engine::isAlive).orElse(true))
            .build();
  }

  private HealthCheckResponseBuilder opened(String name) {
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named(name).status(handle.engine().isPresent());
    handle.failure().ifPresent(failure -> response.withData("reason", failure.getMessage()));
    return response;
  }

  private static void describe(Engine engine, HealthCheckResponseBuilder response) {
    try {
      response
          .withData("diskFreeBytes", engine.disk().freeBytes())
          .withData("diskLow", engine.disk().isLow())
          .withData("quotaBytes", engine.disk().quota().bytes())
          .withData("quotaReached", engine.disk().quota().isReached())
          .withData("usedBytes", engine.shards().usedBytes());
      if (!engine.config().security().isRequired()) {
        // It tells how much is written, and nobody has to say who they are here.
        response.withData("revision", engine.shards().revisions().at(0));
      }
    } catch (KeyValueException notReadable) {
      response.down().withData("reason", notReadable.getMessage());
    }
  }

  /**
   * A node is ready while it can read and write every shard, once it has caught up: whoever waits
   * for that before the next one is restarted never takes away a majority that has everything.
   */
  private static void describeCluster(Engine engine, HealthCheckResponseBuilder response) {
    engine.shards().cluster().ifPresent(cluster -> describe(cluster, response));
  }

  private static void describe(RaftReplication cluster, HealthCheckResponseBuilder response) {
    List<ShardStatus> shards = cluster.describe();
    long without = shards.stream().filter(shard -> !shard.hasQuorum()).count();
    boolean hasCaughtUp = cluster.hasCaughtUp();
    boolean takesPart = shards.stream().allMatch(shard -> shard.problem().isEmpty());
    response
        .withData("clusterShards", shards.size())
        .withData("clusterShardsWithoutQuorum", without)
        .withData("clusterCaughtUp", hasCaughtUp)
        .withData(
            "clusterShardsLed",
            shards.stream().filter(shard -> shard.role() == ShardStatus.Role.LEADER).count());
    String problems =
        Stream.concat(
                shards.stream().map(ShardStatus::problem).filter(text -> !text.isEmpty()),
                cluster.problems().stream())
            .distinct()
            .limit(MOST_PROBLEMS)
            .collect(Collectors.joining(" "));
    if (!problems.isEmpty()) {
      response.withData("clusterProblems", problems);
    }
    if (without > 0 || !takesPart || !hasCaughtUp) {
      response.down();
    }
  }
}
