#!/usr/bin/env bash
# Makes a manifest of a small root file system: a static busybox, a link for each of its applets, and the usual directories.
# The same busybox gives the same manifest on every machine.
set -euo pipefail

usage="usage: setup_busybox.sh [--output FILE]"
output=busybox.manifest
while [ $# -gt 0 ]; do
  case $1 in
  --output)
    [ $# -ge 2 ] || { echo "$usage" >&2; exit 2; }
    output=$2
    shift 2
    ;;
  --output=*) output=${1#--output=}; shift ;;
  -h | --help) echo "$usage"; exit 0 ;;
  *) echo "$usage" >&2; exit 2 ;;
  esac
done

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$repository/scripts/packages.sh"
need busybox-static is_static_busybox
install_missing

velo=${VELO_HOME:-$repository/runner/target/velo}/bin/velo
if [ ! -x "$velo" ]; then
  velo=$(command -v velo) || {
    echo "cannot find velo: it is not built and not in PATH; run scripts/quickstart.sh" >&2
    exit 1
  }
fi
busybox=$(readlink -f "$(command -v busybox)")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
umask 022
mkdir "$root"
mkdir -p "$root"/{bin,sbin,usr/bin,usr/sbin,etc,root,home,var/tmp,lib,mnt,opt}
install -m 0755 "$busybox" "$root/bin/busybox"
"$busybox" --list-full | while read -r applet; do
  [ "$applet" != bin/busybox ] || continue
  mkdir -p "$root/$(dirname "$applet")"
  ln -sfn /bin/busybox "$root/$applet"
done
mkdir -p "$root/tmp"
chmod 1777 "$root/tmp" "$root/var/tmp"
chmod 0700 "$root/root"
printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
find "$root" -depth -exec touch -h -d 2000-01-01T00:00:00Z {} +


"$velo" ingest "$root" --output "$output"
echo "wrote $output ($("$busybox" | head -n 1 | cut -d' ' -f1-2))"
