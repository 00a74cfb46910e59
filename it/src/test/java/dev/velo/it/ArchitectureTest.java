package dev.velo.it;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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
            "runner", List.of("cas", "namespaces", "profiles", "linkfarm", "overlay", "shim"),
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
            "daemon", List.of("cas", "namespaces", "profiles", "linkfarm", "overlay", "shim", "runner")));

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
                        "dev.velo.daemon.socket",
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
        assertThat(packagesByModule.keySet()).isSubsetOf("cas", "namespaces", "daemon");
    }

    /** A resident process works for many callers: what is the process's own is nobody's of them. */
    @Test
    void onlyTheEntryOfAProcessReadsWhoCalledIt() {
        assertThat(users("java.lang.System", "getenv", "in", "out", "err", "console"))
                .containsExactly("dev.velo.runner.ThisProcess");
        assertThat(users("java.io.FileDescriptor", "in", "out", "err")).containsExactly("dev.velo.runner.ThisProcess");
        assertThat(users("java.lang.Runtime", "addShutdownHook")).containsExactly("dev.velo.runner.ThisProcess");
        assertThat(users("java.lang.Boolean", "getBoolean")).containsExactly("dev.velo.runner.ThisProcess");
        // What holds for the process whoever calls: the installation, the processor.
        assertThat(users("java.lang.System", "getProperty"))
                .containsExactly("dev.velo.cas.posix.PosixFileOps", "dev.velo.runner.Installation");
    }

    @Test
    void onlyTheEntryOfAProcessEndsIt() {
        assertThat(users("java.lang.System", "exit")).containsExactly("dev.velo.cli.Main");
        assertThat(users("java.lang.Runtime", "exit", "halt")).isEmpty();
    }

    /** In a process that works for many, the directory in which it works is none of theirs. */
    @Test
    void relativePathsStartAtTheCallersDirectory() {
        assertThat(users("java.nio.file.Path", "toAbsolutePath"))
                .containsExactly("dev.velo.runner.Installation", "dev.velo.runner.ThisProcess");
        assertThat(users("java.io.File", "getAbsolutePath", "getAbsoluteFile", "getCanonicalPath", "getCanonicalFile"))
                .isEmpty();
        assertThat(users("java.nio.file.Files"))
                .filteredOn(inPackage("dev.velo.cli"))
                .containsExactly("dev.velo.cli.ManPages");
        // Of these, each but the first makes paths that are absolute, or makes them so.
        assertThat(users("java.nio.file.Path", "of"))
                .filteredOn(inPackage("dev.velo.cli", "dev.velo.daemon", "dev.velo.runner", "dev.velo.transfer"))
                .containsExactly(
                        "dev.velo.cli.ManPages",
                        "dev.velo.daemon.RemoteCaller",
                        "dev.velo.runner.Caller",
                        "dev.velo.runner.ConfigFile",
                        "dev.velo.runner.Installation",
                        "dev.velo.runner.LentIds",
                        "dev.velo.runner.MountTable",
                        "dev.velo.runner.NativeDisposal",
                        "dev.velo.runner.RootPlan",
                        "dev.velo.runner.StoreLocation",
                        "dev.velo.runner.TenantIdRange",
                        "dev.velo.runner.TenantStore",
                        "dev.velo.runner.ThisProcess");
        assertThat(users("java.nio.file.Paths")).isEmpty();
    }

    /** The others see what is the same for whoever calls: the mounts and ids of the host, and descriptors by their numbers. */
    @Test
    void onlyTheEntryOfAProcessLooksItselfUp() {
        Set<String> lookers = CLASSES.stream()
                .filter(type -> holds(type, "/proc/self"))
                .map(ArchitectureTest::outermost)
                .collect(Collectors.toCollection(TreeSet::new));
        assertThat(lookers)
                .containsExactly(
                        "dev.velo.cas.posix.PosixFileOps",
                        "dev.velo.daemon.Place",
                        "dev.velo.runner.MountTable",
                        "dev.velo.runner.TenantIdRange",
                        "dev.velo.runner.ThisProcess");
    }

    @Test
    void nothingStaticChanges() {
        fields().that()
                .areStatic()
                .and()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage("dev.velo.transfer.wire..")
                .should()
                .beFinal()
                .check(CLASSES);
    }

    /** The outermost classes that use one of these members of a class, or any where none is named; in order. */
    /** Main of a JVM that does what callers would, for the archive of classes; no command. */
    private static final String REHEARSAL = "dev.velo.cli.Rehearsal";

    private static Set<String> users(String owner, String... members) {
        return CLASSES.stream()
                .filter(type -> Stream.concat(
                                type.getAccessesFromSelf().stream(), type.getCodeUnitReferencesFromSelf().stream())
                        .map(JavaAccess::getTarget)
                        .anyMatch(target -> target.getOwner().getName().equals(owner)
                                && (members.length == 0 || List.of(members).contains(target.getName()))))
                .map(ArchitectureTest::outermost)
                .filter(name -> !name.equals(REHEARSAL))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Predicate<String> inPackage(String... packages) {
        return name -> Arrays.stream(packages).anyMatch(each -> name.startsWith(each + "."));
    }

    private static String outermost(JavaClass type) {
        return type.getName().replaceFirst("\\$.*", "");
    }

    /** True where a constant of the class has this text in it. */
    private static boolean holds(JavaClass type, String text) {
        try (InputStream in = type.getSource().orElseThrow().getUri().toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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

    /** Its libraries are on the class path of the resident process alone. */
    @Test
    void theLibraryOfSocketsStaysWithTheResidentProcess() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.velo.daemon.socket..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("jnr.unixsocket..", "jnr.enxio.."))
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
