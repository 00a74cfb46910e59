"""Writes files until it is killed, and notes each outside of the tree after it was closed: until_killed.py NUMBER LOG"""
import hashlib
import os
import sys

number, log = int(sys.argv[1]), os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
place = os.path.join(os.environ["T"], "written", str(number))
os.makedirs(place, exist_ok=True)
mine = os.getpid()


def note(name, content):
    os.write(log, ("%s  %s\n" % (hashlib.sha256(content).hexdigest(), name)).encode())


for i in range(1000000):
    content = b"%d %d %d\n" % (mine, number, i) * (1 + i % 700)
    name = "%s/%d-%d" % (place, mine, i)
    with open(name + ".new", "wb") as out:
        for at in range(0, len(content), 1000):
            out.write(content[at:at + 1000])
        if i % 2:
            out.flush()
            os.fsync(out.fileno())
    if i % 3 == 0:
        os.rename(name + ".new", name)
        note(name, content)
    else:
        note(name + ".new", content)
    if i % 4 == 0:
        os.mkdir(name + ".d")
        os.symlink(name, name + ".d/link")
        os.rename(name + ".d", name + ".e")
    if i % 5 == 0:
        # A file of the manifest, which nobody else writes.
        own = os.path.join(os.environ["T"], "data", "n%d.txt" % number)
        with open(own, "r+b") as out:
            out.seek(0, 2)
            out.write(b"%d\n" % i)
    if i % 6 == 0:
        with open(place + "/short", "w"):
            pass
        os.unlink(place + "/short")
