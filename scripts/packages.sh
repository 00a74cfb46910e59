# Sourced by the other scripts: finds out which tools are missing, says so, and installs their Debian packages.

# need PACKAGE TEST...: asks for PACKAGE when the command TEST fails.
missing_packages=()
need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing_packages+=("$package")
}

has_jdk_17() {
  local version
  version=$(javac -version 2>&1) || return 1
  version=${version#javac }
  [ "${version%%.*}" -ge 17 ]
}

is_static_busybox() {
  local path
  path=$(command -v busybox) || return 1
  # A dynamic program names its loader, which an empty root does not have.
  ! grep -aq -e '/lib64/ld-linux' -e '/lib/ld-linux' -e '/lib/ld-musl' "$path"
}

install_missing() {
  [ ${#missing_packages[@]} -gt 0 ] || return 0
  local packages=("${missing_packages[@]}") as_root=()
  missing_packages=()
  if ! command -v apt-get >/dev/null; then
    echo "cannot install ${packages[*]}: this system has no apt-get; install them by hand and run this again" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "cannot install ${packages[*]}: neither root nor sudo; run as root: apt-get install ${packages[*]}" >&2
      return 1
    fi
    as_root=(sudo)
  fi
  echo "installing: ${packages[*]}"
  "${as_root[@]}" apt-get update -q >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null
}

need_build_tools() {
  if ! has_jdk_17; then
    # The default JDK of Debian 11 and Ubuntu 20.04 is older than 17.
    if apt-cache show openjdk-17-jdk-headless >/dev/null 2>&1; then
      missing_packages+=(openjdk-17-jdk-headless)
    else
      missing_packages+=(default-jdk-headless)
    fi
  fi
  need maven command -v mvn
  need gcc command -v gcc
  need libc6-dev test -e /usr/include/stdio.h
  need make command -v make
  need musl-tools command -v musl-gcc
  need busybox-static is_static_busybox
}

# What builds for aarch64 and runs its programs, on another machine.
has_aarch64() {
  command -v aarch64-linux-gnu-gcc && [ -e /usr/aarch64-linux-gnu/lib/libc.so.6 ] && [ -e /usr/aarch64-linux-gnu/include/stdio.h ] &&
    { command -v qemu-aarch64-static || command -v qemu-aarch64; }
}

# A release that has not all of them is no reason to test nothing.
need_aarch64() {
  if [ "$(uname -m)" != aarch64 ] && ! has_aarch64 >/dev/null 2>&1; then
    local package packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)
    for package in "${packages[@]}"; do
      apt-cache show "$package" >/dev/null 2>&1 || return 0
    done
    missing_packages+=("${packages[@]}")
  fi
}

has_fuzzer() {
  local place status=0
  place=$(mktemp -d)
  echo 'int LLVMFuzzerTestOneInput(const char *bytes, unsigned long length) { return length == 0 && bytes == 0; }' >"$place/target.c"
  clang -fsanitize=fuzzer,address,undefined -o "$place/target" "$place/target.c" || status=$?
  rm -rf "$place"
  return "$status"
}

need_fuzzer() {
  if ! has_fuzzer >/dev/null 2>&1; then
    local version
    need clang command -v clang
    # Its run-time library is a package of its own from Debian 12 on, and a part of clang's before.
    version=$(clang -dumpversion 2>/dev/null) || version=
    for package in libclang-rt-dev ${version:+"libclang-rt-${version%%.*}-dev" "libclang-common-${version%%.*}-dev"}; do
      if apt-cache show "$package" >/dev/null 2>&1; then
        missing_packages+=("$package")
        break
      fi
    done
  fi
  # Gives a finding's addresses their names and lines.
  need llvm command -v llvm-symbolizer
}
