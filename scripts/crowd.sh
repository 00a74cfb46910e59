#!/usr/bin/env bash
# Many processes and threads in one tree, and writers that are killed: N times (default 20) 50 processes that start at once, 10 threads of 1,000
# operations each, and 6 rounds of 4 writers that are killed anywhere. What was closed must be there. Usage: scripts/crowd.sh [--kill] [N]
# With --kill: N times (default 100) each, writers that sync and rename are killed in a run that ends, with all of a run's program, and with the run
# itself. What was closed must be in the result of a run that ends, and nothing be left of one that does not.
# They are tests of ShimProcessesIT and ShimKilledIT with another number; mvn package builds what they need.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
class=dev.velo.it.ShimProcessesIT
rounds=20
tests=("--select-method=$class#fiftyProcessesStartAtOnce" "--select-method=$class#tenThreadsDoAThousandThingsEach"
  "--select-method=$class#nothingThatWasClosedIsLostWhenWritersAreKilled")
if [ "${1:-}" = --kill ]; then
  shift
  rounds=100
  tests=(--select-class=dev.velo.it.ShimKilledIT)
fi
rounds=${1:-$rounds}
case $rounds in
  '' | *[!0-9]*) echo "usage: scripts/crowd.sh [--kill] [N]" >&2; exit 2 ;;
esac
[ -d "$repository/it/target/lib" ] && [ -x "$repository/runner/target/velo/bin/velo" ] || {
  echo "cannot start: it is not built; run scripts/quickstart.sh" >&2
  exit 1
}
cd "$repository/it"
exec java -Dvelo.repository="$repository" -Dvelo.rounds="$rounds" -cp 'target/test-classes:target/lib/*' \
  org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree --fail-if-no-tests "${tests[@]}"
