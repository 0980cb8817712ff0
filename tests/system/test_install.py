#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""make install into a folder of its own, what stands there, and make uninstall.
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
SAN = ["SAN=1"] if "build-san" in os.environ.get("BUILD", "") else []
PROGRAMS = ["gatebookd", "gatebook-worker", "gatebook-loader",
    "gatebook-writer", "gatebook-reader", "gatebook-admin"]

failures = 0


def case(name, fault):
    """fault is None or words, or a list of words."""
    global failures
    if not fault:
        print("ok - " + name, flush=True)
        return
    failures += 1
    print("not ok - " + name, flush=True)
    for line in [fault] if isinstance(fault, str) else fault:
        print("    " + line, flush=True)


def make(target, root):
    done = subprocess.run(["make", "--no-print-directory", "-s"] + SAN +
        [target, "DESTDIR=" + root], cwd=TOP, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if done.returncode == 0 else done.stdout.splitlines()[-20:]


def everything(root):
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = os.lstat(path).st_mode
    return found


def missing(found):
    wanted = {"usr/bin/gatebook": 0o755, "etc/gatebook/proxy.conf": 0o644,
        "etc/gatebook/proxy.conf.example": 0o644,
        "etc/gatebook/department.policy": 0o644,
        "etc/gatebook/protected.policy": 0o644,
        "etc/gatebook/services.policy": 0o644,
        "usr/share/gatebook/lists/department.policy": 0o644,
        "usr/lib/systemd/system/gatebook.service": 0o644,
        "usr/lib/sysusers.d/gatebook.conf": 0o644,
        "usr/lib/tmpfiles.d/gatebook.conf": 0o644,
        "usr/share/doc/gatebook/README.md": 0o644,
        "usr/share/doc/gatebook/LICENSE": 0o644}
    wanted.update(("usr/lib/gatebook/" + p, 0o755) for p in PROGRAMS)
    pages = os.path.join(TOP, "docs", "man")
    for page in sorted(os.listdir(pages)) if os.path.isdir(pages) else []:
        wanted["usr/share/man/man%s/%s" % (page[-1], page)] = 0o644
    faults = []
    for path, mode in sorted(wanted.items()):
        if path not in found:
            faults.append("missing: " + path)
        elif stat.S_IMODE(found[path]) != mode:
            faults.append("%s has mode %o" % (path, stat.S_IMODE(found[path])))
    for path, mode in sorted(found.items()):
        if stat.S_IMODE(mode) & 0o022:
            faults.append("others may write " + path)
        if "@" in path:
            faults.append("odd name " + path)
    return faults


def read(path):
    with open(path) as f:
        return f.read()


def unit_faults(root):
    text = read(root + "/usr/lib/systemd/system/gatebook.service")
    if "@" in text.replace("@system-service", ""):
        return "a place was not filled in"
    if not shutil.which("systemd-analyze"):
        return None
    done = subprocess.run(["systemd-analyze", "verify", "--man=no",
        "--root=" + root, "/usr/lib/systemd/system/gatebook.service"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return [line for line in done.stdout.splitlines()
        if "gatebook.service" in line and "not-found" not in line and
        "Unit " not in line]


def users_faults(root):
    """The users and groups are made, in a folder of their own."""
    if not shutil.which("systemd-sysusers"):
        return None
    with tempfile.TemporaryDirectory(prefix="gatebook-users-") as other:
        os.mkdir(other + "/etc")
        done = subprocess.run(["systemd-sysusers", "--root=" + other,
            root + "/usr/lib/sysusers.d/gatebook.conf"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            return done.stdout.splitlines()
        users = read(other + "/etc/passwd")
        groups = read(other + "/etc/group")
    faults = ["no user " + user for user in ["gatebook-worker",
        "gatebook-log", "gatebook-loader", "gatebook-admin"]
        if "\n%s:" % user not in "\n" + users]
    return faults + ["no group " + group for group in ["gatebook-desk",
        "gatebook-auditor"] if "\n%s:" % group not in "\n" + groups]


def check_faults(root):
    done = subprocess.run([root + "/usr/bin/gatebook", "check", "-c",
        root + "/etc/gatebook/proxy.conf"], text=True, timeout=60,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return None if done.returncode == 0 else done.stdout.splitlines()


def main():
    root = tempfile.mkdtemp(prefix="gatebook-install-")
    os.umask(0o022)
    try:
        fault = make("install", root)
        case("make install", fault)
        if fault:
            return 1
        case("what is installed", missing(everything(root)))
        case("the unit is one that systemd takes", unit_faults(root))
        case("the users and groups are ones that systemd takes",
            users_faults(root))
        case("the installed settings and policy pass the check",
            check_faults(root))

        settings = root + "/etc/gatebook/proxy.conf"
        with open(settings, "a") as f:
            f.write("# ours\n")
        fault = make("install", root)
        if not fault and not read(settings).endswith("# ours\n"):
            fault = "the settings were overwritten"
        case("a second install keeps the settings", fault)

        fault = make("uninstall", root)
        left = sorted(everything(root))
        if not fault and left != ["etc/gatebook/department.policy",
                "etc/gatebook/protected.policy",
                "etc/gatebook/proxy.conf",
                "etc/gatebook/services.policy"]:
            fault = ["left: " + path for path in left]
        case("make uninstall leaves settings and policy alone", fault)
    finally:
        shutil.rmtree(root)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
