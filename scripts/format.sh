#!/usr/bin/env bash
# Formats all Java and C sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/packages.sh
need clang-format command -v clang-format
install_missing
mvn -B -q spotless:apply
git ls-files -z -- '*.c' '*.h' | xargs -0 -r clang-format -i
