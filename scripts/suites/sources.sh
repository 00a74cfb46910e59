# What suites have in common: packages and sources of the system's archive, without a change of the system. To be read by ". sources.sh".

# source_of DIRECTORY PACKAGE: the source of a package, unpacked and patched, as DIRECTORY/PACKAGE.
source_of() {
  local apt=$1/apt release file
  rm -rf "$apt" "$1/$2"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/got"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list.d/ubuntu.sources; do
    [ ! -f "$file" ] || sed -E -e 's/^Types: *deb$/Types: deb-src/' -e 's/^deb /deb-src /' "$file" >"$apt/$(basename "$file" | sed 's/^sources\.list$/system.list/')"
  done
  cat >"$apt/conf" <<CONF
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$apt";
Dir::State::Lists "$apt/lists";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
CONF
  release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  (
    export APT_CONFIG=$apt/conf
    cd "$apt/got"
    apt-get update -q >/dev/null
    # The index of the security archive may tell of a version that is no longer there.
    apt-get source -q --download-only "$2" >/dev/null 2>&1 || apt-get source -q --download-only "$2/$release" >/dev/null
    dpkg-source -q --no-check -x "$2"_*.dsc "$1/$2"
  )
  # dpkg-source(1) leaves the archives that it has read beside the source.
  rm -rf "$apt" "$1/$2"_*
}

# package_of DIRECTORY PACKAGE: the files of a package, unpacked below DIRECTORY.
package_of() {
  local got=$1/got
  rm -rf "$got"
  mkdir -p "$got"
  (cd "$got" && apt-get download -q -o APT::Sandbox::User=root "$2" >/dev/null)
  dpkg-deb -x "$got/$2"_*.deb "$1"
  rm -rf "$got"
}

# result TEST RESULT: a line of the results.
result() {
  echo "$1 $2" >>"$OUT/results"
}
