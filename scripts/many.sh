#!/usr/bin/env bash
# Starts N sandboxes (default 1000), 16 at a time, by bin/velo; each must give its own output and exit status, its launcher must stay under
# 1 MiB, and in the end nothing of them may be left. Usage: scripts/many.sh [N]
# It is the test ManySandboxesIT with another number; mvn package builds what it needs.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
many=${1:-1000}
case $many in
  '' | *[!0-9]*) echo "usage: scripts/many.sh [N]" >&2; exit 2 ;;
esac
[ -d "$repository/it/target/lib" ] && [ -x "$repository/runner/target/velo/bin/velo" ] || {
  echo "cannot start: it is not built; run scripts/quickstart.sh" >&2
  exit 1
}
cd "$repository/it"
exec java -Dvelo.repository="$repository" -Dvelo.many="$many" -cp 'target/test-classes:target/lib/*' \
  org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree \
  --fail-if-no-tests --select-class=dev.velo.it.ManySandboxesIT
