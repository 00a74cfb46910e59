#!/usr/bin/env bash
# Looks for inputs that the decoder of launch plans (C, libFuzzer) and then the reader of profiles (Java) do not bear, for SECONDS each
# (default 600). Installs what is missing, and says so first. Fails on any finding and tells where it is: docs/fuzzing.md.
# Usage: scripts/fuzz.sh [SECONDS [plans | profiles]]
set -euo pipefail
shopt -s nullglob

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
. scripts/packages.sh

seconds=${1:-600}
what=${2:-both}
if ! [[ $seconds =~ ^[1-9][0-9]{0,5}$ && $what =~ ^(both|plans|profiles)$ ]] || [ $# -gt 2 ]; then
  echo "usage: scripts/fuzz.sh [SECONDS [plans | profiles]]" >&2
  exit 2
fi

fuzz_plans() {
  local native=$repository/namespaces/target/native place=$repository/namespaces/target/fuzz tests=$repository/namespaces/src/test
  make -s -C namespaces/src/main/c/velo-launch OUT="$native" fuzzer
  mkdir -p "$place/corpus" "$place/findings"
  # The target frees what the decoder takes, so a leak would be its own; to look for leaks takes ptrace, which containers often deny.
  export ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16
  export UBSAN_OPTIONS=print_stacktrace=1

  local cases=("$tests"/resources/golden/plan-*.bin "$tests"/resources/fuzz/plans/*)
  echo "plans: ${#cases[@]} regression cases"
  cp "${cases[@]}" "$place/corpus/"
  if ! "$native/plan_fuzz" "${cases[@]}" >"$place/cases.log" 2>&1; then
    cat "$place/cases.log"
    echo "failed: a regression case of the launch plan (see above)"
    return 1
  fi
  echo "plans: fuzzing for $seconds s"
  # libFuzzer's notes of each new input are many: they stay in the log unless something was found.
  if ! "$native/plan_fuzz" -max_total_time="$seconds" -max_len=4096 -mutate_depth=2 -timeout=20 -rss_limit_mb=512 -print_final_stats=1 \
    -dict="$tests/c/plan.dict" -artifact_prefix="$place/findings/" "$place/corpus" >"$place/fuzz.log" 2>&1; then
    tail -n 60 "$place/fuzz.log"
    echo "failed: the input is in $place/findings; when it is mended, keep the file in namespaces/src/test/resources/fuzz/plans"
    return 1
  fi
  grep -E '^(#[0-9]+[[:space:]]DONE|stat::)' "$place/fuzz.log"
}

fuzz_profiles() {
  echo "profiles: fuzzing for $seconds s"
  mvn -B -pl profiles -Dtest=ProfilePropertyTest -Dvelo.fuzz.seconds="$seconds" -Dvelo.fuzz.seed="$(date +%s)000000" test
}

need_build_tools
if [ "$what" != profiles ]; then
  need_fuzzer
fi
install_missing
if [ "$what" != profiles ]; then
  # What the compiler's version is, and so which package has its run-time library, may be known only now.
  need_fuzzer
  install_missing
  has_fuzzer || {
    echo "cannot build the fuzzer: $(command -v clang || echo clang) cannot link a program with -fsanitize=fuzzer,address,undefined;" \
      "install clang with its compiler-rt (Debian: clang and libclang-rt-dev)" >&2
    exit 1
  }
  fuzz_plans
fi
if [ "$what" != plans ]; then
  fuzz_profiles
fi
