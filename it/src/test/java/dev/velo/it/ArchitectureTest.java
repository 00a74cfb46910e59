package dev.velo.it;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The house rules that a compiler does not know: which module may use which, and what no class may do. */
class ArchitectureTest {
    /** The packages of each module, and the modules that it may use. */
    private static final Map<String, List<String>> EDGES = new TreeMap<>(Map.of(
            "cas", List.of(),
            "namespaces", List.of(),
            "profiles", List.of(),
            "linkfarm", List.of("cas"),
            "overlay", List.of("cas", "namespaces"),
            "shim", List.of("cas"),
            "transfer", List.of("cas"),
            "runner", List.of("cas", "namespaces", "profiles", "linkfarm", "overlay", "shim", "daemon"),
            "cli",
                    List.of(
                            "cas",
                            "namespaces",
                            "profiles",
                            "linkfarm",
                            "overlay",
                            "shim",
                            "transfer",
                            "runner",
                            "daemon"),
            "daemon", List.of("cas", "namespaces", "profiles", "linkfarm", "overlay", "shim", "runner", "cli")));

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages("dev.velo");

    @Test
    void theRulesSeeTheProduct() {
        assertThat(CLASSES.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
                .contains(
                        "dev.velo.cas",
                        "dev.velo.cas.posix",
                        "dev.velo.cas.store",
                        "dev.velo.runner",
                        "dev.velo.linkfarm");
        assertThat(CLASSES.size()).isGreaterThan(50);
    }

    @TestFactory
    List<DynamicTest> modulesUseOnlyWhatLiesBelow() {
        return EDGES.entrySet().stream()
                .map(edge -> DynamicTest.dynamicTest(edge.getKey() + " uses " + edge.getValue(), () -> {
                    String[] forbidden = EDGES.keySet().stream()
                            .filter(module -> !module.equals(edge.getKey()))
                            .filter(module -> !edge.getValue().contains(module))
                            .map(ArchitectureTest::packages)
                            .toArray(String[]::new);
                    noClasses()
                            .that()
                            .resideInAPackage(packages(edge.getKey()))
                            .should()
                            .dependOnClassesThat()
                            .resideInAnyPackage(forbidden)
                            .allowEmptyShould(true)
                            .check(CLASSES);
                }))
                .toList();
    }

    private static String packages(String module) {
        return "dev.velo." + module + "..";
    }

    @Test
    void noPackageCycles() {
        slices().matching("dev.velo.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void nativeCallsComeFromOnePackageOfAModule() {
        Map<String, List<String>> packagesByModule = CLASSES.stream()
                .filter(type -> type.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency -> dependency
                                        .getTargetClass()
                                        .getPackageName()
                                        .startsWith("jnr.")
                                || dependency.getTargetClass().getPackageName().startsWith("com.kenai.jffi")))
                .map(JavaClass::getPackageName)
                .distinct()
                .collect(Collectors.groupingBy(name -> name.split("\\.")[2]));
        assertThat(packagesByModule.get("cas")).containsExactly("dev.velo.cas.posix");
        packagesByModule.forEach(
                (module, packages) -> assertThat(packages).as(module).hasSize(1));
        assertThat(packagesByModule.keySet()).isSubsetOf("cas", "namespaces");
    }

    @Test
    void onlyTheCommandLineSpeaks() {
        GeneralCodingRules.NO_CLASSES_SHOULD_ACCESS_STANDARD_STREAMS.check(
                CLASSES.that(not(resideInAPackage("dev.velo.cli.."))));
    }

    @Test
    void onlyTheCommandLineEndsTheProcess() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.velo.cli..")
                .should()
                .callMethod(System.class, "exit", int.class)
                .check(CLASSES);
    }

    @Test
    void nobodyUsesTheLoggingOfTheJdk() {
        GeneralCodingRules.NO_CLASSES_SHOULD_USE_JAVA_UTIL_LOGGING.check(CLASSES);
    }

    @Test
    void commandLineAndJsonLibrariesStayWithTheCommandLine() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "dev.velo.cas..",
                        "dev.velo.namespaces..",
                        "dev.velo.linkfarm..",
                        "dev.velo.overlay..",
                        "dev.velo.profiles..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("picocli..", "com.google.gson..", "me.tongfei.."))
                .check(CLASSES);
    }

    /** Every other command starts without these libraries on its class path. */
    @Test
    void theLibrariesOfTheNetworkStayWithTheTransfers() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.velo.transfer.reapi..", "dev.velo.transfer.wire..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("io.grpc..", "com.google.protobuf..", "com.github.luben.."))
                .check(CLASSES);
    }

    @Test
    void namesSayWhatAClassIs() {
        classes()
                .should()
                .haveNameNotMatching(".*(Utils?|Helpers?|Managers?|Common|Misc)(\\$.*)?")
                .check(CLASSES);
    }
}
