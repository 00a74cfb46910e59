"""What the standard library does with files, in the tree that $T names."""
import ctypes.util  # noqa: F401: as many modules as programs load
import fcntl
import glob
import hashlib
import mmap
import multiprocessing
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile

import pack

T = os.environ["T"]
os.chdir(T)


def say(*what):
    print(*what, flush=True)


def count(name):
    with open(name) as lines:
        return sum(1 for _ in lines)


def main():
    say("modules", pack.double(21), pack.other.HERE, os.path.relpath(__file__, T))
    say("cwd", os.getcwd(), os.path.realpath("data/below/er/up"), pathlib.Path("data/link").resolve())

    for where, directories, files in sorted(os.walk("data")):
        say(where, sorted(directories), len(files))
    for where, directories, files, fd in os.fwalk("data", topdown=True):
        directories.sort()
        size = sum(os.stat(name, dir_fd=fd, follow_symlinks=False).st_size for name in files)
        say("fwalk", where, size, os.fstat(fd).st_ino == os.stat(where).st_ino)
    with os.scandir("data") as entries:
        kinds = sorted((e.name, e.is_file(follow_symlinks=False), e.is_dir(), e.is_symlink(), e.inode() == e.stat(follow_symlinks=False).st_ino) for e in entries)
    say(kinds)
    say(sorted(glob.glob("data/**/*", recursive=True))[:7], len(list(pathlib.Path("data").rglob("*"))))

    for name in "data", "data/n3.txt", "data/n4.txt", "data/link", "data/broken":
        found = os.lstat(name)
        say(name, stat.filemode(found.st_mode), found.st_mtime_ns, found.st_uid == os.getuid(), os.access(name, os.R_OK))
    say("one device", len({os.lstat(p).st_dev for p in glob.glob("data/**/*", recursive=True)}))
    say("inodes", len({os.lstat(p).st_ino for p in glob.glob("data/*")}) == len(glob.glob("data/*")))

    shutil.copytree("data", "copy", symlinks=True)
    for where, _, files in os.walk("data"):
        for name in files:
            own = os.path.join(where, name)
            if not os.path.islink(own):
                with open(own, "rb") as a, open(own.replace("data", "copy", 1), "rb") as b:
                    assert a.read() == b.read(), own
    shutil.move("copy", "moved")
    os.replace("moved/n5.txt", "moved/n6.txt")
    os.link("moved/n7.txt", "moved/linked")
    say("links", os.stat("moved/n7.txt").st_nlink, os.path.samefile("moved/n7.txt", "moved/linked"))
    say("lists", len(os.listdir("moved")), os.path.exists("copy"), count("moved/n6.txt"))

    with open("moved/mapped", "w+b") as file:
        file.truncate(8192)
        with mmap.mmap(file.fileno(), 0) as memory:
            memory[4096:4101] = b"words"
            memory.flush()
        file.seek(4096)
        say("mapped", file.read(5))
        fcntl.lockf(file, fcntl.LOCK_EX)
        locked = subprocess.run([sys.executable, "-c", "import fcntl, sys\ntry: fcntl.lockf(open(sys.argv[1], 'r+b'), fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError as e: print(type(e).__name__)", "moved/mapped"], stdout=subprocess.PIPE)
        say("locked", locked.stdout)
    with open("data/n8.txt", "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
        memory[:1] = b"X"
        memory.close()
    with open("data/n8.txt", "rb") as file:
        say("mapped of the manifest", hashlib.sha256(file.read()).hexdigest())

    with tempfile.TemporaryDirectory(dir=T) as place:
        with tempfile.NamedTemporaryFile(dir=place, mode="w") as file:
            file.write("temporary")
            file.flush()
            say("temporary", os.path.getsize(file.name), len(os.listdir(place)))
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"nameless")
            file.seek(0)
            say(file.read(), os.listdir(place))
    say("gone", os.path.exists(place))

    source = os.open("data/zeros", os.O_RDONLY)
    target = os.open("sent", os.O_RDWR | os.O_CREAT)
    say("sent", os.sendfile(target, source, 0, 100000), os.copy_file_range(source, target, 50000), os.fstat(target).st_size)
    directory = os.open("data", os.O_RDONLY)
    os.mkdir("inner", dir_fd=directory)
    os.rename("n9.txt", "inner/n9.txt", src_dir_fd=directory, dst_dir_fd=directory)
    os.symlink("n9.txt", "inner/link", dir_fd=directory)
    os.chmod("inner/link", 0o640, dir_fd=directory)
    say(os.readlink("data/inner/link"), oct(os.stat("data/inner/n9.txt").st_mode), sorted(os.listdir(directory))[:3])


def again():
    os.fchdir(os.open("data/deep/er", os.O_RDONLY))
    say("fchdir", os.getcwd(), sorted(os.listdir(".")), sorted(os.listdir("..")))
    os.chdir(T)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        say("spawned", pool.map(count, ["data/n10.txt", "data/n11.txt", "data/n12.txt"]))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        say("forked", pool.map(count, ["data/n10.txt", "data/n11.txt", "data/n12.txt"]))
    try:
        open("data/missing/x")
    except OSError as e:
        say(e)
    try:
        os.rmdir("data")
    except OSError as e:
        say(e)


if __name__ == "__main__":
    main()
    again()
