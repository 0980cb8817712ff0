# SPDX-License-Identifier: Apache-2.0
"""What every file of system tests stands on: a world of its own and cases.

A file of tests calls run(__file__, fixture).  As root that starts the file
again in fresh network, mount and process namespaces (nothing in it can reach
the outside or outlive it), lays out addresses, users and a temporary folder,
enters the fixture and runs every @case with what it gives.  Where such
namespaces cannot be had, the file says that it was skipped.
"""
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
ROOM = "/mnt"                   # a tmpfs of this namespace alone
CASE_TIMEOUT = 40

_cases = []


class Skip(Exception):
    """Raised by a case or a fixture that cannot run here."""


class Late(Exception):
    """A case took too long."""


def case(function=None, *, timeout=CASE_TIMEOUT, name=None):
    """Mark a function as a case; its words are its name."""
    def mark(f):
        _cases.append((name or f.__name__.replace("_", " "), f, timeout))
        return f
    return mark(function) if function else mark


def table(rows, check, timeout=CASE_TIMEOUT, prefix=""):
    """One case for each row; the row's first column names it."""
    for row in rows:
        _cases.append((prefix + row[0],
            lambda fixture, row=row: check(fixture, *row[1:]), timeout))


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError("%s\n   got    %r\n   wanted %r"
            % (what or "values differ", got, wanted))


def true(value, what="should hold"):
    if not value:
        raise AssertionError(what)


def within(seconds, probe, what="condition"):
    """Ask until the answer is true and give it; fail at the deadline."""
    end = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError("not within %g s: %s" % (seconds,
                what() if callable(what) else what))
        time.sleep(0.01)


def _namespaces(path):
    """Start path again inside namespaces; returns only where that fails."""
    if os.geteuid() != 0:
        return "needs root, for namespaces"
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork",
        "--kill-child", "--mount-proc", "--propagation", "private"]
    try:
        probe = subprocess.run(unshare + ["true"], stdin=subprocess.DEVNULL,
            capture_output=True, text=True)
    except FileNotFoundError:
        return "the unshare command is missing"
    if probe.returncode != 0:
        return "no namespaces here: " + probe.stderr.strip()
    os.environ["GATEBOOK_TEST_INSIDE"] = "1"
    os.execvp(unshare[0], unshare + ["/usr/bin/python3", "-u", path]
        + sys.argv[1:])


def _ip(*words):
    subprocess.run(["ip"] + list(words), check=True, capture_output=True)


# Addresses that count as public, all of them local here.  Whatever else is
# tried leaves by loopback and is dropped there: a network that is silent.
LOCAL = ["11.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
    "169.254.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "192.0.2.0/24"]
LOCAL6 = ["2a0b:1::/32", "fd00::/8", "64:ff9b::/96", "2002::/16",
    "2001:db8::/32"]
RESOLVER = "11.0.0.53"


def _world():
    _ip("link", "set", "lo", "up")
    for network in LOCAL:
        _ip("route", "add", "local", network, "dev", "lo")
    for network in LOCAL6:
        _ip("-6", "route", "add", "local", network, "dev", "lo")
    _ip("route", "add", "unreachable", "13.0.0.0/8")
    _ip("route", "add", "default", "dev", "lo")
    _ip("-6", "route", "add", "default", "dev", "lo")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", ROOM],
        check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs",
        "/dev/shm"], check=True)
    _file("resolv.conf", "nameserver %s\n" % RESOLVER, "/etc/resolv.conf")
    _file("hosts", "127.0.0.1 localhost\n::1 localhost\n", "/etc/hosts")
    _users()


def small_buffers():
    """Sockets that take little at once, and give much: for
    files of tests that want to see waits; the network is their own."""
    for name, sizes in (("tcp_wmem", "4096 16384 32768"),
            ("tcp_rmem", "4096 4194304 6291456")):
        with open("/proc/sys/net/ipv4/" + name, "w") as out:
            out.write(sizes)


def _file(name, text, over):
    """Write a file and lay it over one of the system's, in here only."""
    path = os.path.join(ROOM, name)
    with open(path, "w") as out:
        out.write(text)
    os.chmod(path, 0o644)
    over = os.path.realpath(over)
    if os.path.exists(over):
        subprocess.run(["mount", "--bind", path, over], check=True)


SERVICE_USERS = ["gatebook-worker", "gatebook-log", "gatebook-loader",
    "gatebook-admin"]
SERVICE_GROUPS = ["gatebook-desk", "gatebook-auditor"]


def _users():
    """The service users, in case this machine has none."""
    with open("/etc/passwd") as f:
        passwd = f.read()
    with open("/etc/group") as f:
        group = f.read()
    number = 64100
    for name in SERVICE_USERS + SERVICE_GROUPS + ["desk-person",
            "audit-person", "no-person"]:
        number += 1
        if "\n%s:" % name not in group:
            members = {"gatebook-desk": "desk-person",
                "gatebook-auditor": "audit-person"}.get(name, "")
            group += "%s:x:%d:%s\n" % (name, number, members)
        if name not in SERVICE_GROUPS and "\n%s:" % name not in passwd:
            passwd += "%s:x:%d:%d::/nonexistent:/usr/sbin/nologin\n" % (name,
                number, number)
    _file("passwd", passwd, "/etc/passwd")
    _file("group", group, "/etc/group")


def _alarm(signum, frame):
    raise Late("the case took too long")


def run(path, fixture):
    """The end of every file of tests."""
    label = os.path.basename(path)[:-3]
    if not os.environ.get("GATEBOOK_TEST_INSIDE"):
        why = _namespaces(os.path.abspath(path))
        print("skip - %s: %s" % (label, why), flush=True)
        sys.exit(0)
    _world()
    pattern = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [c for c in _cases if pattern in c[0]]
    signal.signal(signal.SIGALRM, _alarm)
    failed = 0
    context = fixture()
    try:
        signal.alarm(90)
        world = context.__enter__()
        signal.alarm(0)
    except Skip as why:
        print("skip - %s: %s" % (label, why), flush=True)
        sys.exit(0)
    except BaseException:
        signal.alarm(0)
        print("not ok - %s: could not be set up" % label)
        traceback.print_exc(file=sys.stdout)
        _leave()
        sys.exit(1)
    for name, function, timeout in chosen:
        failed += not _one(name, function, world, timeout)
    failed += not _one("%s leaves nothing behind" % label,
        lambda _: context.__exit__(None, None, None), None, 60)
    _leave()
    os._exit(1 if failed else 0)


def _one(name, function, world, timeout):
    began = time.monotonic()
    try:
        signal.alarm(timeout)
        try:
            function(world)
        finally:
            signal.alarm(0)
    except Skip as why:
        print("skip - %s: %s" % (name, why), flush=True)
        return True
    except BaseException as fault:
        if isinstance(fault, KeyboardInterrupt):
            raise
        print("not ok - %s" % name)
        for frame in traceback.extract_tb(fault.__traceback__):
            if frame.filename.startswith(HERE) and not \
                    frame.filename.endswith("harness.py"):
                print("    %s:%d: %s" % (os.path.basename(frame.filename),
                    frame.lineno, frame.line))
        for line in "".join(traceback.format_exception_only(type(fault),
                fault)).splitlines():
            print("    " + line)
        if hasattr(world, "explain"):
            for line in world.explain():
                print("    " + line)
        sys.stdout.flush()
        return False
    took = time.monotonic() - began
    print("ok - %s%s" % (name, " # %.1f s" % took if took > 2 else ""),
        flush=True)
    return True


def _leave():
    """All of this namespace ends with its first process; say so at once."""
    sys.stdout.flush()
    shutil.rmtree(os.path.join(ROOM, "x"), ignore_errors=True)
