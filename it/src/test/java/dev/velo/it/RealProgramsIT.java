package dev.velo.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Programs that people run, doing what people do with them, under the default profile: uid 0 inside, the system call filter, its limits.
 * The host's programs are shown by {@code --bind /usr}, and what they read of /etc is in a manifest.
 */
class RealProgramsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static Path host;

    /** The links of a merged /usr, and those parts of /etc that the programs below read. */
    private static synchronized Path host() {
        if (host == null) {
            Assumptions.assumeTrue(
                    Files.isSymbolicLink(Path.of("/bin")), "needs a host whose /bin is a link into /usr");
            host = work.ingest(work.tree("""
                    mkdir usr etc home
                    echo '127.0.0.1 localhost' >etc/hosts
                    for link in bin sbin lib lib32 lib64 libx32; do
                      [ ! -L /$link ] || cp -P /$link .
                    done
                    for part in alternatives ld.so.cache ld.so.conf ld.so.conf.d nsswitch.conf passwd group java-*; do
                      cp -rP /etc/$part etc/ 2>/dev/null || [ ! -r /etc/$part ]
                    done
                    """));
        }
        return host;
    }

    /** Runs a script in the directory /home of a sandbox, after the positive control that the program is there at all. */
    private static Outcome inside(String program, List<String> options, String script) {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin", program)), "needs the program /usr/bin/" + program);
        return run(options, script);
    }

    private static Outcome run(List<String> more, String script) {
        List<String> options = new ArrayList<>(
                List.of("--manifest", host().toString(), "--bind", "/usr:/usr:ro", "--workdir", "/home"));
        options.addAll(more);
        return work.isolated(options, "/bin/sh", "-c", "set -e\n" + script)
                .within(Duration.ofMinutes(10))
                .run();
    }

    @Test
    void gccAndMakeBuildInParallel() {
        Host.needsTool("make");
        inside("gcc", List.of(), """
                for i in 1 2 3 4 5 6 7 8; do echo "int f$i(int x) { return x + $i; }" >f$i.c; done
                cat >main.c <<'END'
                #include <pthread.h>
                #include <stdio.h>
                int f1(int), f2(int), f3(int), f4(int), f5(int), f6(int), f7(int), f8(int);
                static void *sum(void *p) { *(int *)p = f1(f2(f3(f4(f5(f6(f7(f8(0)))))))); return NULL; }
                int main(void) {
                  pthread_t t[4]; int r[4];
                  for (int i = 0; i < 4; i++) if (pthread_create(&t[i], NULL, sum, &r[i]) != 0) return 1;
                  for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
                  printf("%d\\n", r[0] + r[1] + r[2] + r[3]);
                  return 0;
                }
                END
                cat >Makefile <<'END'
                program: main.o libf.a
                	gcc -pthread -o $@ main.o -L. -lf
                libf.a: f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o
                	ar rcs $@ $^
                %.o: %.c
                	gcc -O2 -Wall -c -o $@ $<
                END
                make -s -j4
                ./program
                """).prints("144\n");
    }

    @Test
    void pythonHasProcessesThreadsAndDatabases() {
        inside("python3", List.of(), """
                cat >program.py <<'END'
                import asyncio, concurrent.futures, multiprocessing, os, shutil, socket, sqlite3, subprocess, tempfile, threading

                def square(x):
                    return x * x

                async def echo():
                    server = await asyncio.start_server(serve, '127.0.0.1', 0)
                    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
                    writer.write(b'through loopback\\n')
                    return (await reader.readline()).decode().strip()

                async def serve(reader, writer):
                    writer.write(await reader.readline())
                    await writer.drain()
                    writer.close()

                if __name__ == '__main__':
                    print(subprocess.run(['sh', '-c', 'cat; exit 3'], input=b'piped', stdout=subprocess.PIPE))
                    lock, total = threading.Lock(), [0]
                    def add():
                        for _ in range(1000):
                            with lock:
                                total[0] += 1
                    threads = [threading.Thread(target=add) for _ in range(8)]
                    [t.start() for t in threads]
                    [t.join() for t in threads]
                    print(total[0])
                    for way in 'fork', 'spawn', 'forkserver':
                        with multiprocessing.get_context(way).Pool(2) as pool:
                            print(way, sum(pool.map(square, range(50))))
                    with concurrent.futures.ProcessPoolExecutor(2) as pool:
                        print(sum(pool.map(square, range(10))))
                    shared = multiprocessing.shared_memory.SharedMemory(create=True, size=64) if hasattr(multiprocessing, 'shared_memory') else None
                    base = sqlite3.connect('base.db')
                    base.execute('pragma journal_mode=wal')
                    base.execute('create table t (n integer)')
                    with base:
                        base.executemany('insert into t values (?)', ((i,) for i in range(1000)))
                    print(base.execute('select count(*), sum(n) from t').fetchone())
                    print(asyncio.run(echo()))
                    with tempfile.TemporaryDirectory() as place:
                        open(os.path.join(place, 'f'), 'w').write('x' * 100000)
                        shutil.copytree(place, 'copied')
                    print(os.stat('copied/f').st_size)
                END
                python3 program.py
                """).prints("""
                CompletedProcess(args=['sh', '-c', 'cat; exit 3'], returncode=3, stdout=b'piped')
                8000
                fork 40425
                spawn 40425
                forkserver 40425
                285
                (1000, 499500)
                through loopback
                100000
                """);
    }

    @Test
    void nodeHasWorkersChildrenAndServers() {
        inside("node", List.of(), """
                cat >program.js <<'END'
                const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
                const { execFileSync, fork } = require('child_process');
                const fs = require('fs'), http = require('http'), zlib = require('zlib'), crypto = require('crypto');
                if (!isMainThread) {
                  let n = 0; for (let i = 0; i < workerData; i++) n += i;
                  parentPort.postMessage(n);
                } else if (process.argv[2] === 'child') {
                  process.on('message', m => { process.send(m * 2); process.disconnect(); });
                } else (async () => {
                  const sums = await Promise.all([1, 2, 3, 4].map(i => new Promise((yes, no) =>
                    new Worker(__filename, { workerData: i * 1000 }).on('message', yes).on('error', no))));
                  console.log(sums.join(' '));
                  console.log(execFileSync('sh', ['-c', 'echo from a shell']).toString().trim());
                  console.log(await new Promise(yes => { const c = fork(__filename, ['child']); c.on('message', yes); c.send(21); }));
                  const server = http.createServer((q, r) => r.end('served ' + q.url)).listen(0, '127.0.0.1');
                  await new Promise(yes => server.on('listening', yes));
                  console.log(await new Promise(yes => http.get({ port: server.address().port, path: '/x', agent: false }, r => {
                    let s = ''; r.on('data', d => s += d).on('end', () => yes(s)); })));
                  server.close();
                  const packed = await new Promise((yes, no) => zlib.gzip('a'.repeat(1e6), (e, b) => e ? no(e) : yes(b)));
                  console.log(zlib.gunzipSync(packed).length);
                  console.log((await new Promise((yes, no) => crypto.pbkdf2('p', 's', 1000, 16, 'sha256', (e, k) => e ? no(e) : yes(k)))).length);
                  await fs.promises.mkdir('made/deep', { recursive: true });
                  fs.watch('made').close();
                  await fs.promises.rm('made', { recursive: true });
                  console.log(fs.existsSync('made'));
                })();
                END
                node program.js
                """).prints("""
                499500 1999000 4498500 7998000
                from a shell
                42
                served /x
                1000000
                16
                false
                """);
    }

    @Test
    void gitCommitsClonesAndCollects() {
        inside("git", List.of("--env", "GIT_CONFIG_NOSYSTEM=1"), """
                git config --global user.name Tester
                git config --global user.email tester@example.org
                git config --global init.defaultBranch main
                git init -q one
                cd one
                for i in $(seq 60); do echo "text $i" >f$i; done
                git add .
                git commit -qm first
                git checkout -qb side
                echo more >>f1
                git commit -qam second
                git checkout -q main
                echo other >>f2
                git commit -qam third
                git merge -q --no-edit side
                git gc -q --aggressive --prune=now
                git fsck --strict 2>/dev/null
                cd ..
                git clone -q one linked
                git clone -q file://$PWD/one packed
                git -C packed log --oneline | wc -l
                git -C linked status --porcelain
                cat packed/f1 packed/f2
                git -C packed worktree add -q ../beside side
                cat beside/f1
                """)
                .prints("4\ntext 1\nmore\ntext 2\nother\ntext 1\nmore\n");
    }

    @Test
    void javaCompilesAndRunsOnItsCollectors() {
        Host.needsTool("javac");
        inside("java", List.of(), """
                cat >Program.java <<'END'
                import java.nio.file.*;
                import java.util.*;
                import java.util.concurrent.*;
                import java.util.stream.*;

                public class Program {
                    public static void main(String[] args) throws Exception {
                        long sum = IntStream.range(0, 3_000_000).parallel().mapToLong(i -> i % 7).sum();
                        List<byte[]> kept = new ArrayList<>();
                        for (int i = 0; i < 20_000; i++) {
                            byte[] garbage = new byte[10_000];
                            if (i % 1000 == 0) kept.add(garbage);
                        }
                        ExecutorService threads = Executors.newFixedThreadPool(8);
                        Future<Integer> answer = threads.submit(() -> 42);
                        Process shell = new ProcessBuilder("sh", "-c", "echo child").start();
                        String said = new String(shell.getInputStream().readAllBytes()).trim();
                        Path file = Files.writeString(Files.createTempFile("x", "y"), "text");
                        System.out.println(sum + " " + kept.size() + " " + answer.get() + " " + said + " " + Files.size(file));
                        threads.shutdown();
                    }
                }
                END
                javac -d classes Program.java
                for collector in UseSerialGC UseParallelGC UseG1GC; do
                  java -Xmx256m -XX:+$collector -cp classes Program
                done
                """).prints("8999994 20 42 child 4\n".repeat(3));
    }

    @Test
    void goBuildsAndRuns() {
        inside("go", List.of("--env", "GOFLAGS=-mod=mod", "--env", "GOPROXY=off", "--env", "GOTOOLCHAIN=local"), """
                export GOCACHE=/home/cache GOPATH=/home/path
                mkdir -p app/sum
                cd app
                printf 'module example.org/app\\n\\ngo 1.18\\n' >go.mod
                printf 'package sum\\n\\nfunc Of(n int) (s int) {\\n\\tfor i := 0; i < n; i++ {\\n\\t\\ts += i\\n\\t}\\n\\treturn\\n}\\n' >sum/sum.go
                cat >main.go <<'END'
                package main

                import (
                	"example.org/app/sum"
                	"fmt"
                	"os/exec"
                	"sync"
                )

                func main() {
                	var wait sync.WaitGroup
                	results := make(chan int, 100)
                	for i := 0; i < 100; i++ {
                		wait.Add(1)
                		go func() { defer wait.Done(); results <- sum.Of(1000) }()
                	}
                	wait.Wait()
                	close(results)
                	total := 0
                	for r := range results {
                		total += r
                	}
                	out, err := exec.Command("sh", "-c", "echo child").Output()
                	fmt.Print(total, " ", string(out))
                	if err != nil {
                		panic(err)
                	}
                }
                END
                go vet ./... && go build -o program .
                ./program
                """)
                .prints("49950000 child\n");
    }

    /** Cargo's own programs: those in the PATH may be links to one that fetches them. */
    @Test
    void cargoBuildsTestsAndRuns() {
        Host.needsTool("gcc");
        Host.needsTool("rustc");
        Outcome found = work.command(List.of("rustc", "--print", "sysroot"))
                .with("HOME", System.getenv("HOME"))
                .run();
        Assumptions.assumeTrue(found.exit() == 0, "needs a Rust compiler that works: " + found.err());
        Path rust = Path.of(found.line());
        Assumptions.assumeTrue(Files.isExecutable(rust.resolve("bin/cargo")), "needs the program cargo in " + rust);
        run(List.of("--bind", rust + ":/rust:ro"), """
                export PATH=/rust/bin:$PATH CARGO_HOME=/home/cargo CARGO_NET_OFFLINE=true
                mkdir -p app/src
                cd app
                printf '[package]\\nname = "app"\\nversion = "0.1.0"\\nedition = "2021"\\n' >Cargo.toml
                cat >src/main.rs <<'END'
                use std::thread;
                fn sum(n: u64) -> u64 { (0..n).sum() }
                fn main() {
                    let threads: Vec<_> = (0..8).map(|_| thread::spawn(|| sum(1000))).collect();
                    let total: u64 = threads.into_iter().map(|t| t.join().unwrap()).sum();
                    let child = std::process::Command::new("sh").args(["-c", "echo child"]).output().unwrap();
                    print!("{} {}", total, String::from_utf8(child.stdout).unwrap());
                }
                #[test]
                fn sums() { assert_eq!(sum(5), 10); }
                END
                cargo build -q --offline
                cargo test -q --offline >tests 2>&1 || { cat tests; exit 1; }
                ./target/debug/app
                """).prints("3996000 child\n");
    }
}
