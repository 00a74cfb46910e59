"""One of several that write into a database at the same time: writer.py DATABASE NUMBER ROWS."""
import sqlite3
import sys

base = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
base.execute("pragma synchronous=off")
for i in range(int(sys.argv[3])):
    base.execute("begin immediate")
    n, = base.execute("select count(*) from t").fetchone()
    base.execute("insert into t values (?, ?, ?)", (n, int(sys.argv[2]), i))
    base.execute("commit")
