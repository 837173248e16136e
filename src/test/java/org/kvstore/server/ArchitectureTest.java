package org.kvstore.server;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.kvstore.server.store.History;
import org.kvstore.server.store.Watch;
import org.kvstore.server.store.WatchSink;

/**
 * The layers of the server: api, service, shard, replication, store, downwards only; all may use
 * model.
 */
@AnalyzeClasses(
    packages = "org.kvstore.server",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String ROOT = "org.kvstore.server.";

  @ArchTest
  static final ArchRule layers_dependDownwardsOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .withOptionalLayers(true)
          .layer("api")
          .definedBy(ROOT + "api..")
          .layer("security and ops")
          .definedBy(ROOT + "security..", ROOT + "ops..")
          .layer("service")
          .definedBy(ROOT + "service..")
          .layer("shard")
          .definedBy(ROOT + "shard..")
          .layer("replication")
          .definedBy(ROOT + "replication..")
          .layer("store")
          .definedBy(ROOT + "store..")
          .layer("model")
          .definedBy(ROOT + "model..")
          .whereLayer("api")
          .mayOnlyBeAccessedByLayers("security and ops")
          .whereLayer("security and ops")
          .mayOnlyBeAccessedByLayers("api")
          .whereLayer("service")
          .mayOnlyBeAccessedByLayers("api", "security and ops")
          .whereLayer("shard")
          .mayOnlyBeAccessedByLayers("service", "security and ops", "api")
          .whereLayer("replication")
          .mayOnlyBeAccessedByLayers("shard", "service", "security and ops")
          .whereLayer("store")
          .mayOnlyBeAccessedByLayers("shard", "service", "replication", "security and ops", "api")
          .ignoreDependency(
              alwaysTrue(), resideInAnyPackage("java..", "jakarta..", "org.kvstore.api.."));

  @ArchTest
  static final ArchRule api_ofTheStore_knowsOnlyWhatReadsHandOut =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "api..")
          .should()
          .dependOnClassesThat(
              resideInAPackage(ROOT + "store..")
                  .and(not(belongToAnyOf(History.class, Watch.class, WatchSink.class))));

  @ArchTest
  static final ArchRule packages_areFreeOfCycles =
      slices().matching("org.kvstore.server.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule rocksDb_isKnownToTheStoreAlone =
      noClasses()
          .that()
          .resideOutsideOfPackage(ROOT + "store..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.rocksdb..");

  @ArchTest
  static final ArchRule model_isPlainJava =
      classes()
          .that()
          .resideInAPackage(ROOT + "model..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("java..", "org.kvstore.api..", "org.jspecify..", ROOT + "model..");

  @ArchTest
  static final ArchRule crypto_isPlainJava_andKnowsNothingOfRows =
      classes()
          .that()
          .resideInAPackage(ROOT + "crypto..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage(
              "java..",
              "javax.crypto..",
              "org.kvstore.api..",
              "org.jspecify..",
              ROOT + "model..",
              ROOT + "crypto..");

  @ArchTest
  static final ArchRule engine_isPlainJava =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT + "store..", ROOT + "replication..", ROOT + "shard..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jakarta..", "org.eclipse.microprofile..");

  @ArchTest
  static final ArchRule httpIsKnownToTheEdgeAlone =
      noClasses()
          .that()
          .resideInAPackage(ROOT + "service..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jakarta.ws.rs..", "jakarta.servlet..");

  @ArchTest
  static final ArchRule noVendorClass_isUsed =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "com.ibm..",
              "io.openliberty..",
              "org.jboss..",
              "org.wildfly..",
              "sun..",
              "com.sun..");
}
