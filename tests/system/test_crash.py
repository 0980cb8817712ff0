# SPDX-License-Identifier: Apache-2.0
# alone
# timeout: 3600
"""kill -9 under load: workers, writer, parent, the whole family, again and
again.  Afterwards every request and every tunnel that an origin saw has exactly
one closing record, or one that says that the worker died, and the sequence has
no gap.  GATEBOOK_CRASH_SECONDS makes it longer (default 20, and half of it
again with log.commit forward)."""
import collections
import os
import random
import signal
import threading
import time

from gate import Gate
from harness import case, equal, run, true, within
from origin import Server
from world import World

SECONDS = float(os.environ.get("GATEBOOK_CRASH_SECONDS", "20"))
CLOSING = {"request", "tunnel-close", "worker-died", "refused"}


class Load:
    """Clients that ask for one thing after the other, each with a name of its
    own, and never twice."""

    def __init__(self, w, gate, threads=4):
        self.w, self.gate = w, gate
        self.stop = threading.Event()
        self.counter = 0
        self.lock = threading.Lock()
        self.answered = 0
        self.threads = [threading.Thread(target=self.requests)
            for _ in range(threads)] + [threading.Thread(target=self.tunnels)
            for _ in range(2)]
        for t in self.threads:
            t.start()

    def name(self):
        with self.lock:
            self.counter += 1
            return self.counter

    def requests(self):
        while not self.stop.is_set():
            try:
                with self.gate.client(timeout=5) as c:
                    while not self.stop.is_set():
                        n = self.name()
                        slow = "slow" if n % 50 == 0 else "r"
                        got = c.get("http://o.example/%s/%d/" % (slow, n),
                            *(("Content-Length: 3\r\n", "POST", b"abc")
                            if n % 3 == 0 else ()))
                        if got is None:
                            break
                        if got.status == 200:
                            self.answered += 1
            except OSError:
                self.stop.wait(0.02)

    def tunnels(self):
        while not self.stop.is_set():
            n = self.name()
            try:
                with self.gate.client(timeout=5) as c:
                    got = c.connect_to("n%d.tunnel.example:443" % n)
                    if got is None or got.status != 200:
                        continue
                    c.send(b"\0%d\n" % n)
                    c.until(b"\n")
                    if n % 3:
                        c.end()
                        c.rest()
                    self.answered += 1
            except OSError:
                self.stop.wait(0.02)

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


class Family:
    def __init__(self, gate):
        self.gate = gate
        self.kills = collections.Counter()
        self.random = random.Random(20240711)

    def one(self):
        """One kill, then a wait until all are there again."""
        what = self.random.choices(["worker", "writer", "writers", "parent",
            "family"], [6, 3, 2, 1, 1])[0]
        gate = self.gate
        self.kills[what] += 1
        if what == "writers":       # one, and its successor as soon as it is
            self.kill_writer()
            time.sleep(self.random.uniform(0, 0.02))
            self.kill_writer()
            return
        if what in ("worker", "writer"):
            pids = gate.pids("gatebook-" + what)
            if pids:
                os.kill(self.random.choice(pids), signal.SIGKILL)
            time.sleep(self.random.uniform(0.02, 0.4))
            return
        if what == "parent":
            os.kill(gate.process.pid, signal.SIGKILL)
            for pid in gate.pids("gatebookd"):
                os.kill(pid, signal.SIGKILL)
            within(15, lambda: not gate.processes(), lambda: "children left "
                "when the parent died: %r" % gate.processes())
        else:
            for pid, _ in gate.processes():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        gate.process.wait()
        gate.start(wait=False)
        gate.wait_ready(30)
        time.sleep(self.random.uniform(0.1, 0.5))


    def kill_writer(self):
        pids = within(20, lambda: self.gate.pids("gatebook-writer"),
            self.gate.said)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        within(5, lambda: not set(pids) & set(self.gate.pids(
            "gatebook-writer")))


def slow(connection, request):
    time.sleep(0.3)
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")


def nothing_is_lost(w, address, seconds, settings):
    gate = Gate(dict({"log.segment.size": "1M", "worker.count": "2",
        "stop.max": "5s"}, **settings))
    w.gate = gate
    del w.origin.requests[:]
    w.names.names.clear()
    w.names.add("o.example", "11.0.1.1")
    w.names.add("*.tunnel.example", address)
    seen_tunnels = []

    def tunnel(connection):
        connection.take(1)
        line = connection.until(b"\n")
        if line:
            seen_tunnels.append(int(line))
            connection.send(line)
            connection.rest()
    Server(address, 443, tunnel)
    w.origin.script = lambda request: slow if b"/slow/" in request.target \
        else w.origin.default
    load = Load(w, gate)
    family = Family(gate)
    within(10, lambda: load.answered > 20)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        family.one()
    # all of them back, and requests pass again
    before = load.answered
    within(60, lambda: load.answered > before + 20, gate.said)
    load.end()
    gate.stop(check=False)
    print("    kills: %s; %d requests and %d tunnels seen, %d answered"
        % (dict(family.kills), len(w.origin.requests), len(seen_tunnels),
        load.answered))

    closings = collections.defaultdict(list)    # name -> closing records
    ids = collections.Counter()
    for r in gate.records():
        if r["event.action"] not in CLOSING:
            continue
        name = r.get("url.path") if r.get("url.path", "").startswith(("/r/",
            "/slow/")) else None
        host = r.get("destination.domain") or ""
        if name is None and host.endswith(".tunnel.example"):
            name = host
        if name is None:
            continue
        closings[name].append(r)
        if "transaction.id" in r:
            ids[r["transaction.id"]] += 1
    numbers = gate.check_sequence()
    said = gate.command("log", "verify", timeout=60)
    equal(said.returncode, 0, said.stdout[-2000:] + said.stderr)
    # Only a disk loses lines that were written, and this one did not.
    equal([r for r in gate.records(event__action="recovered")
        if r.get("gatebook.gap.events_lost")], [])
    twice = [i for i, n in ids.items() if n > 1]
    equal(twice, [], "exchanges with more than one closing record")
    asked = {r.target.decode() for r in w.origin.requests}
    asked |= {"n%d.tunnel.example" % n for n in seen_tunnels}
    lost = [name for name in asked if not closings[name]]
    equal(sorted(lost)[:10], [], "%d of %d that the origin saw are not in "
        "the log of %d records" % (len(lost), len(asked), numbers))
    many = [name for name in asked if len(closings[name]) > 1]
    equal(many[:10], [], "closed more than once")
    true(len(asked) > 100, "too little load to mean anything")
    died = [r for rs in closings.values() for r in rs
        if r["event.action"] == "worker-died"]
    print("    %d records, %d of them worker-died" % (numbers, len(died)))
    true(died, "no worker died in the middle of a request")


@case(timeout=3000)
def no_request_is_lost_whoever_dies(w):
    nothing_is_lost(w, "11.0.9.1", SECONDS, {})


@case(timeout=3000)
def nor_with_commit_forward(w):
    nothing_is_lost(w, "11.0.9.2", SECONDS / 2, {"log.commit": "forward"})


class Crash(World):
    def __exit__(self, *_):
        if self.gate:
            self.gate.stop(check=False)
            equal(self.gate.processes(), [])
            self.gate.check_said()


if __name__ == "__main__":
    run(__file__, lambda: Crash(gate=False))
