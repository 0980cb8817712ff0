# SPDX-License-Identifier: Apache-2.0
"""A gatebook of the test's own: a fresh folder, the real programs, and what
they wrote afterwards."""
import glob
import json
import os
import re
import signal
import subprocess
import urllib.request

from client import Client
from harness import BUILD, ROOM, TOP, equal, true, within

SANITIZED = "san" in os.path.basename(BUILD)
PROXY_PORT = 3128
ADMIN_PORT = 3129


class Gate:
    """settings: {name: value, or list of values}.  policy: None for the
    department's policy as shipped, else text, written to a file."""

    count = 0

    def __init__(self, settings=None, policy=None, start=True, confine="kill",
            files=None, folder=None, port=PROXY_PORT, nofile=None):
        Gate.count += 1
        self.folder = folder or os.path.join(ROOM, "gate%d" % Gate.count)
        os.makedirs(self.folder, exist_ok=True)
        self.port = port
        self.nofile = nofile
        self.process = None
        self.confine = None if SANITIZED else confine
        self.settings = {
            "listen": "main 127.0.0.1:%d" % port,
            "admin.listen": "127.0.0.1:%d" % (port + 1),
            "node.name": "test-node",
            "worker.count": "2",
            "log.segment.size": "4M",
            "log.inflight.cells": "16384",
            "policy.file": os.path.join(TOP, "lists/department.policy"),
            "stop.max": "2s",
        }
        self.settings.update(settings or {})
        for name, text in (files or {}).items():
            self.write(name, text)
        if policy is not None:
            self.settings["policy.file"] = self.write("test.policy", policy)
        self.conf = os.path.join(self.folder, "proxy.conf")
        self.write_conf()
        self.gatebook = os.path.join(BUILD, "gatebook")
        self.output = os.path.join(self.folder, "output")
        if start:
            self.start()

    # --- files ---------------------------------------------------------------

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as out:
            out.write(text)
        os.rename(path + ".new", path)
        return path

    def write_conf(self):
        lines = []
        for name, value in self.settings.items():
            for one in value if isinstance(value, list) else [value]:
                lines.append("%s %s\n" % (name, one))
        self.write("proxy.conf", "".join(lines))

    # --- life ----------------------------------------------------------------

    def start(self, wait=True):
        env = dict(os.environ)
        if self.confine:
            env["GATEBOOK_CONFINE"] = self.confine
        env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
        env["UBSAN_OPTIONS"] = "print_stacktrace=1"

        def limit():
            if self.nofile:
                import resource
                resource.setrlimit(resource.RLIMIT_NOFILE,
                    (self.nofile, self.nofile))
        self.process = subprocess.Popen([self.gatebook, "run", "-c",
            self.conf], stdin=subprocess.DEVNULL,
            stdout=open(self.output, "ab"), stderr=subprocess.STDOUT,
            env=env, start_new_session=True, cwd=self.folder,
            preexec_fn=limit)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=20):
        def probe():
            if self.process.poll() is not None:
                raise AssertionError("gatebook ended with status %d:\n%s"
                    % (self.process.returncode, self.said()))
            return self.is_ready()
        within(seconds, probe, lambda: "readiness; it said:\n" + self.said())

    def is_ready(self):
        try:
            return self.admin("/ready")[0] == 200
        except OSError:
            return False

    def admin(self, path):
        """Status and text of the admin address."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:%d%s"
                    % (self.port + 1, path), timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def metric(self, name):
        """Sum over all samples of one metric."""
        text = self.admin("/metrics")[1]
        found = re.findall(r"^\w*%s(?:\{[^}]*\})? (\S+)" % name, text, re.M)
        true(found, "no metric %s in:\n%s" % (name, text))
        return sum(float(f) for f in found)

    def processes(self):
        """Process ids of this instance, zombies left out."""
        found = []
        for stat in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(stat) as f:
                    head, _, rest = f.read().rpartition(") ")
                pid, _, name = head.partition(" (")
                fields = rest.split()
                if fields[0] in "ZX" or not name.startswith("gatebook"):
                    continue
                if int(fields[3]) == (self.process.pid if self.process
                        else -1):      # its session
                    found.append((int(pid), name))
            except (OSError, ValueError, IndexError):
                pass
        return found

    def pids(self, name):
        """Process ids by program, e.g. "gatebook-worker" (the kernel keeps
        15 characters of a name)."""
        return [p for p, n in self.processes() if n == name[:15]]

    def kill(self, name, signum=signal.SIGKILL):
        pids = self.pids(name)
        for pid in pids:
            try:
                os.kill(pid, signum)
            except ProcessLookupError:
                pass
        return pids

    def stop(self, check=True):
        """Stop as a person would; then nothing may be left."""
        if self.process is None:
            return
        unlisted = None
        if check and self.process.poll() is None:
            unlisted = self.status().get("unlisted_calls", 0)
        if self.process.poll() is None:
            answer = self.command("stop")
            if answer.returncode != 0:
                self.process.terminate()
        try:
            status = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            left = self.processes()
            self.abandon()
            raise AssertionError("did not stop; left %r; it said:\n%s"
                % (left, self.said()))
        left = self.processes()
        self.abandon()
        if check:
            equal(left, [], "processes left after stop; it said:\n"
                + self.said())
            equal(status, 0, "exit status; it said:\n" + self.said())
            self.check_said()
            # Nobody is left to ask where it had ended before.
            if self.confine and unlisted is not None:
                equal(unlisted, 0, "system calls outside the lists")
        self.process = None

    def abandon(self):
        """Kill what is left of it."""
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if self.process:
            self.process.wait()

    def said(self):
        try:
            with open(self.output, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def check_said(self):
        """No sign of a fault of ours in what it said."""
        for sign in ("Sanitizer", "runtime error:", "Assertion", "core dump",
                "signal 31", "SIGSYS"):
            true(sign not in self.said(), "it said:\n" + self.said())

    # --- its command -----------------------------------------------------------

    def command(self, *words, user=None, timeout=30):
        """gatebook WORDS on this instance."""
        argv = [self.gatebook] + list(words) + ["-c", self.conf]
        if user:
            argv = ["setpriv", "--reuid", user, "--regid", user,
                "--init-groups"] + argv
        return subprocess.run(argv, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=timeout, cwd=self.folder)

    def status(self):
        answer = self.command("status", "--json")
        equal(answer.returncode, 0, "gatebook status: " + answer.stderr)
        return json.loads(answer.stdout)

    # --- the log -----------------------------------------------------------------

    def log_files(self):
        return sorted(glob.glob(os.path.join(self.folder,
            "data/log/*.jsonl")))

    def lines(self):
        """Lines of the log as bytes, without what was only written ahead."""
        for path in self.log_files():
            with open(path, "rb") as f:
                data = f.read()
            end = data.find(b"\0")
            if end >= 0:
                data = data[:end]
            for line in data.split(b"\n")[:-1]:
                yield line

    def records(self, **wanted):
        """Records with these values; dots of a name are written __."""
        found = []
        for line in self.lines():
            record = json.loads(line)
            if all(_fits(record.get(k.replace("__", ".")), v)
                    for k, v in wanted.items()):
                found.append(record)
        return found

    def record(self, seconds=8, **wanted):
        """The one record with these values, as soon as it is there."""
        found = within(seconds, lambda: self.records(**wanted),
            lambda: "a record with %r; the last records:\n%s" % (wanted,
                self.tail()))
        equal(len(found), 1, "records with %r" % wanted)
        return found[0]

    def tail(self, count=6):
        """The last records in short."""
        return "\n".join("   " + brief(json.loads(line))
            for line in list(self.lines())[-count:])

    def check_sequence(self):
        """Sequence numbers run from 0 without a gap."""
        numbers = [json.loads(line)["event.sequence"] for line in
            self.lines()]
        for place, number in enumerate(numbers):
            if place != number:
                raise AssertionError("place %d has sequence %d" % (place,
                    number))
        return len(numbers)

    # --- its clients -----------------------------------------------------------

    def client(self, **more):
        return Client("127.0.0.1", self.port, **more)

    def get(self, url, fields="", **more):
        with self.client() as client:
            return client.get(url, fields, **more)

    def explain(self):
        yield "the log ends:"
        yield from self.tail().splitlines()
        yield "it said:"
        yield from [line for line in self.said().splitlines()
            if "is in force" not in line][-40:]


SHORT = ["event.sequence", "event.action", "http.request.method",
    "url.domain", "url.path", "destination.domain", "destination.port",
    "http.response.status_code", "rule.id", "gatebook.decision",
    "gatebook.outcome", "error.code", "event.reason", "gatebook.gap.cause",
    "gatebook.summary.count"]


def brief(record):
    return " ".join("%s=%s" % (n.split(".")[-1], str(record[n])[:60])
        for n in SHORT if n in record)


def _fits(value, wanted):
    if callable(wanted):
        return value is not None and wanted(value)
    return value == wanted
