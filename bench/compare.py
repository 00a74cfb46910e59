"""The arithmetic of bench/start.sh. FILE is what launch.c (-o) writes; contenders have the numbers that they have there.

contender FILE NUMBER LABEL               medians of one
ratio FILE OWN OTHER GOAL LABEL           one beside another; GOAL is a number, or - where there is none
lists OWN OTHER GOAL LABEL                the same of two lists of numbers; a GOAL that begins with + is a least one
most VALUE GOAL LABEL                     a value that has a goal
cold FILE NUMBER DIRECTORY LAUNCHES LABEL where the time of starts without a resident process goes: DIRECTORY has java.stamps and classes-PID,
                                          LAUNCHES are the stamps of the launcher
"""

import glob
import sys
from statistics import median

ROUND, CONTENDER, BEGIN, EXITED, GONE, WORK, RESIDENT = range(7)


def runs(file, number):
    with open(file) as lines:
        rows = [[float(word) for word in line.split()] for line in lines]
    found = sorted(row for row in rows if row[CONTENDER] == float(number))
    if not found:
        sys.exit("no run of contender %s in %s" % (number, file))
    return found


def column(rows, which):
    return [row[which] for row in rows]


def verdict(goal, *values):
    if goal == "-":
        return ""
    least = goal.startswith("+")
    met = [value >= float(goal) if least else value <= float(goal) for value in values]
    return "; goal %s%g: %s" % ("at least " if least else "", float(goal), "met" if all(met) else "missed")


def contender(file, number, label):
    rows = runs(file, number)
    exits = sorted(column(rows, EXITED))
    text = "    %-62s %7.2f ms (least %.2f, nine of ten under %.2f); all gone %.2f; processor %.2f" % (
        label, median(exits), exits[0], exits[(len(exits) * 9 - 1) // 10], median(column(rows, GONE)), median(column(rows, WORK)))
    if any(column(rows, RESIDENT)):
        text += " + %.2f of the resident process" % median(column(rows, RESIDENT))
    print(text)


def beside(own, other, goal, label, unit=""):
    of_medians = median(own) / median(other)
    of_pairs = median(a / b for a, b in zip(own, other))
    print("  %-64s %sratio of medians %.3f, median of ratios %.3f%s" % (label, unit, of_medians, of_pairs, verdict(goal, of_medians, of_pairs)))


def ratio(file, own, other, goal, label):
    beside(column(runs(file, own), EXITED), column(runs(file, other), EXITED), goal, label)


def lists(own, other, goal, label):
    own, other = [[float(word) for word in text.split()] for text in (own, other)]
    beside(own, other, goal, label, "%g beside %g: " % (median(own), median(other)))


def most(value, goal, label):
    print("  %-64s %s%s" % (label, value, verdict(goal, float(value))))


def stamps(file):
    with open(file) as lines:
        return [float(line) for line in lines]


MAIN = "dev.velo.cli.Main "
# Where the time of a cold start goes. The first class whose name begins so begins a part; one that is not there any more is told with the part before.
# Those in parentheses are no classes.
PARTS = {
    "(shell)": "bin/velo and its shell script, until Java is executed",
    "(java)": "the JVM, until its main class is there",
    MAIN: "Java: the command line, settings, the store",
    "dev.velo.cas.manifest.": "Java: manifests, read and proven, and farms",
    "dev.velo.namespaces.exec.": "Java: the plan, until the launcher is executed",
    "(launcher)": "the launcher, until it exits",
}


def classes(file):
    """When the first class of each part was loaded; how many classes were, and how many of them came from an archive."""
    loaded = archived = 0
    first = {}
    with open(file, errors="replace") as lines:
        for line in lines:
            if " source: " not in line:
                continue
            loaded += 1
            archived += "shared objects file" in line
            for name in PARTS:
                if name not in first and "] " + name in line:
                    first[name] = float(line[1:line.index("ns]")]) / 1e6
    return first, loaded, archived


def only(what, times, begin, end):
    inside = [time for time in times if begin <= time <= end]
    if len(inside) != 1:
        sys.exit("%d times of %s in one run" % (len(inside), what))
    return inside[0]


def cold(file, number, directory, launches, label):
    java = stamps(directory + "/java.stamps")
    launched = stamps(launches)
    starts = [each for each in map(classes, glob.glob(directory + "/classes-*")) if MAIN in each[0]]
    rows = runs(file, number)
    spans = {}
    for row in rows:
        begin, end = row[BEGIN], row[BEGIN] + row[EXITED]
        main = only("the main class", [first[MAIN] for first, _, _ in starts], begin, end)
        first = next(each[0] for each in starts if each[0][MAIN] == main)
        points = [("(shell)", begin), ("(java)", only("Java", java, begin, end))]
        points += sorted(first.items(), key=lambda item: item[1])
        points += [("(launcher)", only("the launcher", launched, begin, end)), ("end", end)]
        for (name, after), (_, before) in zip(points, points[1:]):
            spans.setdefault(name, []).append(before - after)
    print("  %-64s %.1f ms, of which" % (label, median(column(rows, EXITED))))
    for name, each in spans.items():
        print("    %-62s %7.1f ms" % (PARTS[name], median(each)))
    print("    classes loaded: %d, of them from an archive: %d" % (median(each[1] for each in starts), median(each[2] for each in starts)))


if __name__ == "__main__":
    {"contender": contender, "ratio": ratio, "lists": lists, "most": most, "cold": cold}[sys.argv[1]](*sys.argv[2:])
