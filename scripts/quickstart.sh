#!/usr/bin/env bash
# From a fresh clone to a program in the sandbox. Idempotent; needs root (or sudo) only where a package is missing.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
. scripts/packages.sh

show() {
  printf '$'
  printf ' %q' "$@"
  printf '\n'
  "$@"
}

need_build_tools
install_missing

show mvn -B -q -DskipTests package
PATH=$repository/runner/target/velo/bin:$PATH
echo "\$ PATH=$repository/runner/target/velo/bin:\$PATH"

show scripts/setup_busybox.sh --output busybox.manifest

sample=$(mktemp -d)
# The first run starts a resident process, for further ones. Here are none.
trap 'velo daemon stop >/dev/null 2>&1 || true; rm -rf "$sample"' EXIT
mkdir "$sample/app"
echo 'Hello from the sample.' >"$sample/app/hello.txt"
show velo ingest "$sample/app" --output app.velo

show velo run --isolate --base busybox.manifest --manifest app.velo -- /bin/cat /hello.txt
show velo run --isolate --base busybox.manifest --manifest app.velo -- /bin/sh -c "id -u"
