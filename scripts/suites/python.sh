#!/usr/bin/env bash
# The tests of Python's own library that have to do with files and processes; the tests themselves lie in the tree, too.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=9000

modules=(test_asyncio.test_subprocess test_asyncio.test_unix_events test_bz2 test_cmd_line test_cmd_line_script test_compileall test_ctypes test_dbm
  test_dbm_dumb test_dbm_gnu test_dbm_ndbm test_eintr test_fcntl test_file test_file_eintr test_filecmp test_fileinput test_fileio test_fileutils
  test_fnmatch test_fork1 test_genericpath test_getpath test_glob test_gzip test_httpservers test_imp test_import test_importlib test_io test_ioctl
  test_largefile test_linecache test_logging test_lzma test_mailbox test_mimetypes test_mmap test_modulefinder test_multiprocessing_fork
  test_multiprocessing_main_handling test_netrc test_ntpath test_openpty test_os test_pathlib test_pdb test_pkg test_pkgutil test_poll test_popen
  test_posix test_posixpath test_pty test_py_compile test_pydoc test_runpy test_select test_selectors test_shelve test_shutil test_site
  test_socket test_socketserver test_source_encoding test_sqlite3 test_stat test_subprocess test_sysconfig test_tarfile test_tempfile test_thread
  test_threadedtempfile test_tokenize test_trace test_unicode_file test_unicode_file_functions test_univnewlines test_uu test_venv test_wait3
  test_wait4 test_wave test_zipapp test_zipfile test_zipimport test_zipimport_support test_zoneinfo)

fetch() {
  local version
  version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  package_of "$1" "libpython$version-testsuite"
  mkdir -p "$1/tree/lib" "$1/tree/tmp"
  cp -a "/usr/lib/python$version/test" "$1/tree/lib/"
  cp -a "$1/usr/lib/python$version/test/." "$1/tree/lib/test/"
  find "$1/tree" -name __pycache__ -prune -exec rm -rf {} +
  rm -rf "$1/usr"
}

# As JUnit's reports tell it. A test that has several parts is what the worst of them is.
tell() {
  /usr/bin/python3 - "$OUT" "$1" "$2" <<'PYTHON'
import os, sys
import xml.etree.ElementTree as tree

out, module, status = sys.argv[1:]
order = ["ok", "skipped", "failure", "error"]
tests = {module: "ended-with-" + status}
report = os.path.join(out, module + ".xml")
if os.path.getsize(report) if os.path.exists(report) else 0:
    for case in tree.parse(report).iter("testcase"):
        name = (case.get("name") or "unnamed").replace("test." + module, module)
        found = [each.tag for each in case if each.tag in order] or ["ok"]
        worst = max(found + [tests.get(name, "ok")], key=order.index)
        tests[name] = worst
with open(os.path.join(out, "results"), "a") as results:
    for name, result in tests.items():
        # Names that are made of the tree's own paths.
        print(name.replace(os.environ["T"], "$T").replace(" ", "_"), result, file=results)
PYTHON
}

run() {
  unset "${!PYTHON@}"
  export TMPDIR=$T/tmp PYTHONPATH=$T/lib
  cd "$T"
  for module in "${modules[@]}"; do
    local status=0
    # VSOCK waits for ever for what the host of a virtual machine does not have.
    timeout -k 5 500 /usr/bin/python3 -m test -u largefile,subprocess --tempdir "$T/tmp" --junit-xml "$OUT/$module.xml" -v \
      -i '*VSOCK*' "$module" >"$OUT/$module.log" 2>&1 || status=$?
    PYTHONPATH= tell "$module" "$status"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
