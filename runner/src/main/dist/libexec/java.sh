# shellcheck shell=sh
# Sourced by velo-jvm and velo-archive. Built-in commands only, as far as they go: each process costs as much as a hundred of them.
# shellcheck disable=SC2034 # both use what is found here

# Sets java to the one to use, or to nothing.
find_java() {
    java=
    if [ -n "${JAVA_HOME:-}" ]; then
        java=$JAVA_HOME/bin/java
    else
        set -f
        IFS=:
        for directory in ${PATH:-}; do
            if [ -f "${directory:-.}/java" ] && [ -x "${directory:-.}/java" ]; then
                java=${directory:-.}/java
                break
            fi
        done
        unset IFS
        set +f
    fi
    if [ ! -x "$java" ]; then
        java=
    fi
}

# Sets version to the one of java, exact to the build, and release to its first number; to nothing where it does not say.
find_version() {
    version=
    jdk=$java
    if [ -L "$java" ]; then
        jdk=$(readlink -f "$java") || jdk=
    fi
    jdk=${jdk%/bin/java}
    if [ -r "$jdk/release" ]; then
        while read -r line; do
            case $line in
                JAVA_RUNTIME_VERSION=* | JAVA_VERSION=*)
                    version=${line#*=}
                    version=${version#\"}
                    version=${version%\"}
                    break
                    ;;
            esac
        done <"$jdk/release"
    fi
    case $version in
        [0-9]*) ;;
        *) version= ;;
    esac
    case $version in
        *[!0-9A-Za-z.+_-]*) version= ;;
    esac
    release=${version%%[!0-9]*}
}

# Sets classpath to the libraries that every command has, first and in one order: an archive is good for the class paths that begin with its own.
find_libraries() {
    classpath=
    for jar in "$home"/lib/*.jar; do
        classpath=$classpath${classpath:+:}$jar
    done
}

# Sets archive to the one that was made here, from this build, for this java; to nothing where there is none. The first line of an index is the build, the
# second the directory of the distribution, the third the archive's name: only what an index names is complete.
find_archive() {
    archive=
    build=
    index=$home/lib/archive/$version
    if [ -z "$version" ] || [ ! -f "$index" ]; then
        return
    fi
    {
        read -r build <"$home/libexec/build" || true
        read -r of_build || true
        IFS= read -r of_home || true
        read -r name || true
    } <"$index" 2>/dev/null
    if [ "$of_build" = "$build" ] && [ "$of_home" = "$home" ] && [ -n "$name" ] && [ -f "$home/lib/archive/$name" ]; then
        archive=$home/lib/archive/$name
    fi
}

# The flags that must be the same where classes are archived and where they are used, and those that every JVM gets.
usual="-XX:-UsePerfData -XX:-MaxFDLimit --enable-native-access=ALL-UNNAMED"
