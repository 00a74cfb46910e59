#!/usr/bin/env bash
# Many processes and threads in one tree, and writers that are killed: N times (default 20) 50 processes that start at once, 10 threads of 1,000
# operations each, and 6 rounds of 4 writers that are killed anywhere. What was closed must be there. Usage: scripts/crowd.sh [N]
# They are tests of ShimProcessesIT with another number; mvn package builds what they need.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${1:-20}
case $rounds in
  '' | *[!0-9]*) echo "usage: scripts/crowd.sh [N]" >&2; exit 2 ;;
esac
[ -d "$repository/it/target/lib" ] && [ -x "$repository/runner/target/velo/bin/velo" ] || {
  echo "cannot start: it is not built; run scripts/quickstart.sh" >&2
  exit 1
}
cd "$repository/it"
class=dev.velo.it.ShimProcessesIT
exec java -Dvelo.repository="$repository" -Dvelo.rounds="$rounds" -cp 'target/test-classes:target/lib/*' \
  org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree --fail-if-no-tests \
  --select-method="$class#fiftyProcessesStartAtOnce" --select-method="$class#tenThreadsDoAThousandThingsEach" \
  --select-method="$class#nothingThatWasClosedIsLostWhenWritersAreKilled"
