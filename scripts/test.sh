#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Run by root, the black-box tests run twice at the same time: as root and as an
# ordinary user, but for those with the tag "once", in which nothing depends on who it is: they run as the user only.
# The last line tells how many passed, failed and were skipped; the exit status is non-zero when any failed.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
. scripts/packages.sh

need_build_tools
need rsync command -v rsync
need attr command -v setfattr
need e2fsprogs command -v chattr
need btrfs-progs command -v mkfs.btrfs
need xfsprogs command -v mkfs.xfs
need squashfs-tools command -v mksquashfs
need openssl command -v openssl
need ostree command -v ostree
need time test -x /usr/bin/time
need util-linux command -v setpriv
need bubblewrap command -v bwrap
need uidmap command -v newuidmap
need clang-format command -v clang-format
# Programs whose work is done in a tree.
need git command -v git
need cmake command -v cmake
need ninja-build command -v ninja
need perl command -v perl
need nodejs command -v node
need npm command -v npm
need python3-venv /usr/bin/python3 -c 'import ensurepip, venv'
need_fuzzer
need_aarch64
install_missing

passed=0
failed=0
skipped=0
other=
stage=$(mktemp -d)
: >"$stage/failures"
finish() {
  if [ -n "$other" ]; then
    kill "$other" 2>/dev/null || true
    wait "$other" 2>/dev/null || true
  fi
  rm -rf "$stage"
}
trap finish EXIT

echo "== C format"
if ! clang-format --version | grep -q 'version 14\.'; then
  echo "skipped: the layout is pinned to clang-format 14, and this is $(clang-format --version)"
  skipped=$((skipped + 1))
elif git ls-files -z -- '*.c' '*.h' | xargs -0 -r clang-format --dry-run --Werror; then
  passed=$((passed + 1))
else
  echo "failed: run scripts/format.sh"
  failed=$((failed + 1))
fi

echo "== documents made from tables"
if scripts/docs.sh --check; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
fi

echo "== launch plans, made up"
if scripts/fuzz.sh 15 plans; then
  passed=$((passed + 1))
else
  failed=$((failed + 1))
fi

echo "== aarch64: all native programs, and the tests of the shim by an emulator"
if [ "$(uname -m)" = aarch64 ]; then
  echo "skipped: this machine is one, and the unit tests are its tests"
  skipped=$((skipped + 1))
elif ! has_aarch64 >/dev/null 2>&1; then
  echo "skipped: there is no compiler, C library or emulator for aarch64 (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user-static)"
  skipped=$((skipped + 1))
elif timeout -k 10 600 make -s -C shim/src/main/c/velo-shim OUT="$repository/shim/target/native" aarch64-check </dev/null; then
  passed=$((passed + 1))
else
  echo "failed: aarch64"
  failed=$((failed + 1))
fi

# count LABEL REPORT...: adds up JUnit's XML reports and prints why tests were skipped.
count() {
  local label=$1 report tests failures errors skips head
  shift
  for report in "$@"; do
    [ -e "$report" ] || continue
    # Whoever wrote it may have been killed: an empty one counts nothing, and its writer's exit status tells.
    head=$(grep -m 1 '<testsuite ' "$report" -A 3 | tr '\n' ' ') || true
    tests=$(attribute tests "$head")
    failures=$(attribute failures "$head")
    errors=$(attribute errors "$head")
    skips=$(attribute skipped "$head")
    passed=$((passed + tests - failures - errors - skips))
    failed=$((failed + failures + errors))
    skipped=$((skipped + skips))
    failures_of "$label" "$report" "$stage/failed-ids" >>"$stage/failures"
    # Surefire writes the reason as an attribute, JUnit's own reporter as text.
    grep -ohE '<skipped[^>]*message="[^"]*"|<skipped><!\[CDATA\[[^]]*' "$report" |
      sed -E -e 's/.*(message="|CDATA\[)//' -e 's/"$//' -e 's/^[^ ]*Exception: //' -e "s/^/skipped $label: /" || true
  done
}

# failures_of LABEL REPORT: a line for each test that failed, with the beginning of its message.
failures_of() {
  awk -v label="$1" '
    /<testcase / { test = $0; sub(/.* classname="/, "", test); class = test; sub(/".*/, "", class)
                   test = $0; sub(/.*<testcase name="/, "", test); sub(/".*/, "", test) }
    /<(failure|error)[ >]/ { message = $0; sub(/.*message="/, "", message); sub(/".*/, "", message)
                             print "failed " label ": " class " " test ": " substr(message, 1, 400); failed = 1 }
    /^unique-id: / && failed { print substr($0, 12) >ids }
    /<\/testcase>/ { failed = 0 }' ids="$3" "$2"
}

attribute() {
  local value
  value=$(grep -o " $1=\"[0-9]*\"" <<<"$2" | head -n 1 | tr -dc 0-9)
  echo "${value:-0}"
}

# black_box DIRECTORY [COMMAND...]: runs the black-box tests of a repository, or what is left of one, by COMMAND. Reports go to it/target/reports.
black_box() (
  cd "$1/it"
  shift
  rm -rf target/reports
  exec "$@" "$java" ${TMPDIR:+-Djava.io.tmpdir="$TMPDIR"} -Dvelo.repository="$(dirname "$PWD")" -cp 'target/test-classes:target/lib/*' \
    org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors --details=tree --reports-dir=target/reports \
    --fail-if-no-tests "${chosen[@]}"
)

# Both halves keep the machine busy, and what waits for a fact of the kernel may wait in vain. A test that failed there runs once more, by itself; where it
# passes it counts as passed, and is named. More than a few are no accident.
# again LABEL DIRECTORY [COMMAND...]
again() {
  local label=$1 ids=$stage/failed-ids most=3 directory=$2 id number=0
  shift 2
  if [ ! -s "$ids" ] || [ "$(wc -l <"$ids")" -gt "$most" ]; then
    return
  fi
  while read -r id <&3; do
    number=$((number + 1))
    chosen=("--select-unique-id=$id")
    echo "== once more $label: $id"
    if black_box "$directory" "$@"; then
      failed=$((failed - 1))
      passed=$((passed + 1))
      unsteady "$label" "$number"
      number=$((number - 1))
    fi
  done 3<"$ids"
}

# unsteady LABEL NUMBER: of the tests with this label that failed, as they are listed, the one that passed by itself.
unsteady() {
  awk -v label="failed $1: " -v number="$2" '
    index($0, label) == 1 && ++seen == number { $0 = "unsteady, failed first and then passed " substr($0, 8) }
    { print }' "$stage/failures" >"$stage/failures.new"
  mv "$stage/failures.new" "$stage/failures"
}

# counted LABEL STATUS REPORTS: counts a run of black-box tests, which may have ended in the middle.
counted() {
  local before=$failed
  rm -f "$stage/failed-ids"
  count "as $1" "$3"/TEST-junit-jupiter.xml
  if [ ! -s "$3/TEST-junit-jupiter.xml" ]; then
    echo "failed: the run as $1 left no report"
    failed=$((failed + 1))
  fi
  if [ "$2" -ne 0 ] && [ "$failed" -eq "$before" ]; then
    echo "failed: the run as $1 ended with status $2"
    failed=$((failed + 1))
  fi
}

echo "== unit tests"
rm -rf -- */target/surefire-reports
maven=0
# One failed test must not keep the later modules from being tested; the reports tell.
mvn -B -Dmaven.test.failure.ignore=true -DskipITs verify || maven=$?
count "in the unit tests" */target/surefire-reports/TEST-*.xml
if [ "$maven" -ne 0 ]; then
  echo "failed: mvn verify ended with status $maven (a compiler, a C test or the format of the sources)"
  failed=$((failed + 1))
fi
java=$(readlink -f "$(command -v java)")
if ! [ -d it/target/lib ] || ! [ -x runner/target/velo/bin/velo ]; then
  echo "$passed passed, $failed failed, $skipped skipped; no black-box tests: nothing was built"
  exit 1
fi

chosen=(--scan-classpath=target/test-classes --include-classname='.*IT')
who=root
if [ "$(id -u)" -eq 0 ]; then
  user=54321
  mkdir -p "$stage/runner/target" "$stage/it/target" "$stage/home" "$stage/tmp"
  cp -a runner/target/velo "$stage/runner/target/"
  # The one that the build made is good for its place alone.
  "$stage/runner/target/velo/libexec/velo-archive" || true
  cp -a it/target/test-classes it/target/lib "$stage/it/target/"
  [ ! -d it/target/cache ] || cp -a it/target/cache "$stage/it/target/"
  cp -a scripts bench README.md "$stage/"
  chown -R "$user:$user" "$stage"
  chmod 0755 "$stage"
  echo "== black-box tests as root, and at the same time as user $user, whose results follow"
  as_user=(env -i PATH="$PATH" HOME="$stage/home" TMPDIR="$stage/tmp" LANG=C.UTF-8
    setpriv --reuid="$user" --regid="$user" --clear-groups)
  TMPDIR="$stage/tmp" black_box "$stage" "${as_user[@]}" >"$stage/user.log" 2>&1 &
  other=$!
else
  who="user $(id -un 2>/dev/null || id -u)"
  echo "== black-box tests as $who; they run once, and those that need root are skipped"
fi
status=0
if [ "$who" = root ]; then
  chosen+=(--exclude-tag=once)
fi
black_box "$repository" || status=$?
counted "$who" "$status" it/target/reports
mv "$stage/failed-ids" "$stage/first-ids" 2>/dev/null || true
if [ -n "$other" ]; then
  status=0
  wait "$other" || status=$?
  other=
  echo "== black-box tests as user $user"
  cat "$stage/user.log"
  counted "user $user" "$status" "$stage/it/target/reports"
  TMPDIR="$stage/tmp" again "as user $user" "$stage" "${as_user[@]}"
  mv "$stage/first-ids" "$stage/failed-ids" 2>/dev/null || rm -f "$stage/failed-ids"
fi
again "as $who" "$repository"

cat "$stage/failures"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
