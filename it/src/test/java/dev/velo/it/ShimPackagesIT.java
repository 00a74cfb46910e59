package dev.velo.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Tools that install, link and build by other tools say and leave in the tree at /vrift what they do in a copy of it. */
class ShimPackagesIT {
    @RegisterExtension
    static final Shown tree = new Shown();

    private static final String WHEEL = """
            import base64, hashlib, zipfile
            files = {
                "numbers_of/__init__.py": "def total(path):\\n    return sum(int(line) for line in open(path))\\n",
                "numbers_of/__main__.py": "import os, sys\\nfrom . import total\\ndef main():\\n"
                    "    print(total(sys.argv[1]), os.path.relpath(__file__, os.environ['T']), sys.prefix)\\nif __name__ == '__main__':\\n    main()\\n",
                "numbers_of/data/words.txt": "some words\\n",
                "numbers_of-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: numbers-of\\nVersion: 1.0\\n",
                "numbers_of-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
                "numbers_of-1.0.dist-info/entry_points.txt": "[console_scripts]\\ntotal = numbers_of.__main__:main\\n",
            }
            def line(name, text):
                digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
                return "%s,sha256=%s,%d\\n" % (name, digest, len(text))
            files["numbers_of-1.0.dist-info/RECORD"] = "".join(line(*f) for f in files.items()) + "numbers_of-1.0.dist-info/RECORD,,\\n"
            with zipfile.ZipFile("numbers_of-1.0-py3-none-any.whl", "w") as wheel:
                for name, text in files.items():
                    wheel.writestr(zipfile.ZipInfo(name, (2022, 1, 1, 0, 0, 0)), text)
            """;

    @Tag("once")
    @Test
    void pipInstallsAWheelIntoAnEnvironment() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs the program /usr/bin/python3");
        Assumptions.assumeTrue(
                tree.work()
                                .command(List.of("/usr/bin/python3", "-c", "import ensurepip, venv"))
                                .run()
                                .exit()
                        == 0,
                "needs the package python3-venv");
        tree.same(
                "export HOME=\"$T\" PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INDEX=1 PIP_NO_CACHE_DIR=1 T\ncat >wheel.py <<'END'\n"
                        + WHEEL + """
                END
                /usr/bin/python3 wheel.py
                sha256sum *.whl
                /usr/bin/python3 -m venv env
                ls -l env/bin | awk '{ print $1, $9, $10, $11 }'
                cat env/pyvenv.cfg
                env/bin/pip install ./numbers_of-1.0-py3-none-any.whl
                env/bin/pip list --format=freeze
                env/bin/pip show -f numbers-of | grep -v '^Location'
                head -n 1 env/bin/total
                env/bin/total data/n1.txt
                "$T/env/bin/python" -m numbers_of data/n2.txt
                (cd data; ../env/bin/python -c 'import numbers_of, sys; print(numbers_of.__file__, sys.executable, sys.prefix)')
                . env/bin/activate
                command -v python total
                find env -name '*.pyc' | grep numbers_of | LC_ALL=C sort
                pip uninstall -q -y numbers-of
                find env | grep -c numbers_of || true
                test -e env/bin/total || echo gone
                """);
    }

    @Test
    void ninjaBuildsWhatCmakeConfigured() {
        Host.needsTool("cmake");
        Host.needsTool("ninja");
        tree.same("""
                cat >project/CMakeLists.txt <<'END'
                cmake_minimum_required(VERSION 3.10)
                project(numbers C)
                file(GLOB parts lib/*.c)
                add_library(numbers_of SHARED ${parts})
                target_include_directories(numbers_of PUBLIC include)
                add_executable(numbers src/main.c src/options.c)
                target_link_libraries(numbers numbers_of)
                enable_testing()
                add_test(NAME all COMMAND numbers ${CMAKE_SOURCE_DIR}/data/numbers.txt)
                install(TARGETS numbers numbers_of RUNTIME DESTINATION bin LIBRARY DESTINATION lib)
                END
                cmake -G Ninja -S project -B out -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$T/installed" -DCMAKE_INSTALL_RPATH='$ORIGIN/../lib' >/dev/null
                ninja -C out | grep -c Building
                ninja -C out
                touch project/include/table.h
                ninja -C out -n | grep -c Building
                ninja -C out | grep -o 'Building.*' | LC_ALL=C sort
                ninja -C out
                rm out/libnumbers_of.so
                ninja -C out -v | grep -c 'shared\\|out/numbers\\|-o numbers' || true
                (cd out; ctest | grep -E 'tests passed|Passed' | sed 's/ *[0-9.]* sec//')
                cmake --install out | LC_ALL=C sort
                installed/bin/numbers project/data/numbers.txt | tail -n 1
                ninja -C out -t clean
                find out -name '*.o' | wc -l
                """);
    }

    /** The clone shares files with its origin by hard links, which git asks for by itself. */
    @Test
    void gitClonesByHardLinks() {
        Host.needsTool("git");
        tree.same("""
                export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_AUTHOR_DATE='2022-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
                export GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.com GIT_COMMITTER_DATE='2022-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null
                git init -q -b main .
                git add .
                git commit -q -m first
                git repack -q -a -d
                git clone -q . "$T/clone"
                stat -c '%h' clone/.git/objects/pack/*.pack .git/objects/pack/*.pack
                test clone/.git/objects/pack/*.pack -ef .git/objects/pack/*.pack && echo same
                git -C clone fsck --strict
                git clone -q --bare clone bare.git
                echo more >>clone/data/n1.txt
                git -C clone commit -q -a -m second
                git -C clone push -q "$T/bare.git" main
                git -C bare.git log --format='%H %s'
                git submodule --quiet add "$T/bare.git" sub 2>&1 || git -c protocol.file.allow=always submodule --quiet add "$T/bare.git" sub
                git -C sub log --format=%s
                rm -rf clone
                git fsck
                git archive --format=tar HEAD | sha256sum
                git bundle create -q all.bundle --all
                git clone -q -b main all.bundle again
                git -C again log --format=%H
                """);
    }
}
