"""Asks bench/calls.c in several surroundings for series in turn, and compares the answers.

shim.py PLACE ROUNDS CALLS --- SURROUNDINGS... where each is "LABEL ROOT PROJECT COMMAND...": the command that starts calls.c, the tree as it is
called there, and the project that make builds there. They are separated by "---"; the first is native, the second is the shim.
"static" and "supervised" are a static program natively and in the run: they are asked only for what begins with "supervised".
CALLS is the number of system calls that were counted. PLACE has tree (on disk) and program (that does nothing).
"""

import random
import subprocess
import sys
from statistics import median

COUNT = 100000
FEW = 20000
STARTS = 300
CLEAN = "cd %s && rm -rf build"
BUILD = "cd %s && make >/dev/null"
TEN_TIMES = "cd %s && for i in 1 2 3 4 5 6 7 8 9 10; do make >/dev/null || exit 1; done"


class Surroundings:
    def __init__(self, words):
        self.label, self.root, self.project = words[:3]
        self.process = subprocess.Popen(words[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("bench/shim.py: %s ended at '%s' with %s" % (self.label, what, self.process.wait()))
        return float(answer)

    def end(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            sys.exit("bench/shim.py: %s ended with %d" % (self.label, self.process.returncode))


class Series:
    """What is asked for, by name: a list of answers of each of the surroundings."""

    def __init__(self, all_of_them):
        self.all, self.answers = all_of_them, {}

    def round(self, name, question, only=None, before=None):
        order = list(only or self.all)
        random.shuffle(order)
        for one in order:
            if before:
                one.ask(before(one))
            self.answers.setdefault((name, one.label), []).append(one.ask(question(one)))

    def of(self, name, one):
        return self.answers[name, one.label]


def spread(values, unit):
    values = sorted(values)
    return "%9.1f %s (%.1f to %.1f)" % (median(values) / unit[0], unit[1], values[0] / unit[0], values[-1] / unit[0])


def verdict(met):
    return "met" if met else "MISSED"


def goal(text, value, met):
    print("  %-66s %12s  %s" % (text, value, verdict(met)))
    return met


NS, US, MS = (1, "ns"), (1e3, "us"), (1e6, "ms")


def measure(place, rounds, surroundings):
    native, shim = surroundings[:2]
    static = [s for s in surroundings if s.label in ("static", "supervised")]
    surroundings = [s for s in surroundings if s not in static]
    series = Series([native, shim])
    disk = place + "/tree"
    for number in range(rounds + 1):
        if number == 1:
            series.answers.clear()  # the first one warmed caches
        series.round("stat", lambda s: "stat %s %d" % (s.root, COUNT))
        series.round("near", lambda s: "near %s %d" % (s.root, COUNT))
        series.round("miss", lambda s: "miss %s %d" % (s.root, COUNT))
        series.round("one file", lambda s: "same %s %d" % (s.root + "/project/Makefile", COUNT))
        series.round("pass", lambda s: "stat %s %d" % (disk, COUNT))
        series.round("pass, one file", lambda s: "same %s/project/Makefile %d" % (disk, COUNT))
        series.round("pass, miss", lambda s: "miss %s %d" % (disk, COUNT))
        series.round("open", lambda s: "open %s %d" % (s.root, FEW))
        series.round("pass, open", lambda s: "open %s %d" % (disk, FEW))
        series.round("list", lambda s: "list %s/many" % s.root)
        series.round("start", lambda s: "start %d %s/program" % (STARTS, place))
        series.round("supervised stat", lambda s: "stat %s %d" % (s.root, FEW), static)
        series.round("supervised open", lambda s: "pair %s %d" % (s.root, FEW), static)
        series.round("supervised data", lambda s: "data %s/project/Makefile %d" % (s.root, COUNT), static)
        series.round("make", lambda s: "run " + BUILD % s.project, surroundings, lambda s: "run " + CLEAN % s.project)
        series.round("nothing to make", lambda s: "run " + TEN_TIMES % s.project, surroundings)
    return series


ROWS = [
    ("stat", "stat(2), 100,000 at random, of the tree", NS),
    ("near", "  of 4,096 files of them", NS),
    ("miss", "  of what is not there", NS),
    ("one file", "  of one file", NS),
    ("pass", "stat(2), 100,000 at random, of the tree on disk", NS),
    ("pass, miss", "  of what is not there", NS),
    ("pass, one file", "  of one file", NS),
    ("open", "open, read, close, of the tree", NS),
    ("pass, open", "open, read, close, of the tree on disk", NS),
    ("list", "opendir, readdir, closedir of 1,000 files", US),
    ("start", "posix_spawn and wait of a dynamic program that does nothing", US),
    ("supervised stat", "stat(2) by a static program, at random, of the tree", NS),
    ("supervised open", "open, close by a static program, of the tree", NS),
    ("supervised data", "pread and pwrite by a static program, of one file", NS),
    ("make", "make of 12 sources, a library, a program", MS),
    ("nothing to make", "ten times make with nothing to do", MS),
]


def tell(series, surroundings):
    print("medians of rounds, the least and the most; each but make's and list's is a median of its calls")
    for name, label, unit in ROWS:
        print("  %s" % label)
        for one in surroundings:
            if (name, one.label) in series.answers:
                print("    %-24s %s" % (one.label, spread(series.of(name, one), unit)))


def judge(series, surroundings, calls):
    native, shim = surroundings[:2]

    def middle(name, one):
        return median(series.of(name, one))

    def more(name):
        return median(a - b for a, b in zip(series.of(name, shim), series.of(name, native)))

    def ratio(name, one):
        return median(a / b for a, b in zip(series.of(name, one), series.of(name, native)))

    static, supervised = [next((s for s in surroundings if s.label == label), None) for label in ("static", "supervised")]
    paths = max(middle("supervised stat", supervised), middle("supervised open", supervised))
    filtered = median((a - b) / 2 for a, b in zip(series.of("supervised data", supervised), series.of("supervised data", static)))

    print("goals")
    stat, faster = middle("stat", shim), middle("stat", native) / middle("stat", shim)
    results = [
        goal("stat of the tree, p50, at most 200 ns", "%.0f ns" % stat, stat <= 200),
        goal("  times as fast as native, at least 5", "%.1f" % faster, faster >= 5),
        goal("stat of what is not there, p50, at most 200 ns", "%.0f ns" % middle("miss", shim), middle("miss", shim) <= 200),
        goal("stat outside, one file, more than without, at most 20 ns", "%+.1f ns" % more("pass, one file"), more("pass, one file") <= 20),
        goal("start of a process, more than without, at most 100 us", "%+.1f us" % (more("start") / 1e3), more("start") <= 1e5),
        goal("system calls of 100,000 stat(2) of the tree, none", "%d" % calls, calls <= 0),
        goal("stat, or open and close, by a supervised program, at most 12 us", "%.1f us" % (paths / 1e3), paths <= 12e3),
        goal("pread or pwrite by it, more than without (the filter), at most 60 ns", "%+.1f ns" % filtered, filtered <= 60),
        goal("make, times as long as native, at most 1.03", "%.3f" % ratio("make", shim), ratio("make", shim) <= 1.03),
    ]
    print("beside")
    print("  %-66s %12s" % ("stat outside, at random, more than without", "%+.1f ns" % more("pass")))
    print("  %-66s %12s" % ("stat outside, of what is not there, more than without", "%+.1f ns" % more("pass, miss")))
    print("  %-66s %12s" % ("open, read, close of the tree, more than of the one on disk", "%+.1f us" % (more("open") / 1e3)))
    for one in surroundings[1:]:
        if one in (static, supervised):
            continue
        print("  %-66s %12s" % ("make by %s, times as long as native" % one.label, "%.3f" % ratio("make", one)))
        print("  %-66s %12s" % ("make with nothing to do by %s, times as long as native" % one.label, "%.3f" % ratio("nothing to make", one)))
    return all(results)


def main(words):
    place, rounds, calls = words[0], int(words[1]), int(words[2])
    surroundings, at = [], 3
    while at < len(words):
        end = words.index("---", at + 1) if "---" in words[at + 1:] else len(words)
        surroundings.append(Surroundings(words[at + 1:end]))
        at = end
    try:
        series = measure(place, rounds, surroundings)
        for one in surroundings:
            one.end()
    finally:
        for one in surroundings:
            one.process.kill()
            one.process.wait()
    tell(series, surroundings)
    return 0 if judge(series, surroundings, calls) else 1


if __name__ == "__main__":
    random.seed(1)
    sys.exit(main(sys.argv[1:]))
