# SPDX-License-Identifier: Apache-2.0
"""A disk that is full: under refuse nothing passes unrecorded, under count the
gap says how many; both resume by themselves when there is room.  And one that
the kernel made read-only after a fault: nothing passes until it is repaired."""
import os
import subprocess

from gate import Gate
from harness import case, equal, run, true, within
from origin import Server, echo
from world import World

SETTINGS = {"log.segment.size": "256K", "worker.count": "2",
    "log.ring.size": "256K"}


class Small:
    """A gatebook whose data folder is on a file system of its own."""

    def __init__(self, w, port, megabytes=3, **settings):
        self.gate = Gate(dict(SETTINGS, **settings), start=False, port=port)
        self.w = w
        self.data = os.path.join(self.gate.folder, "data")
        os.makedirs(self.data)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=%dM"
            % megabytes, "tmpfs", self.data], check=True)
        self.ballast = os.path.join(self.data, "ballast")
        self.gate.start()
        self.sent = self.passed = self.refused = 0

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as out:
            try:
                while True:
                    out.write(b"\0" * 4096)
            except OSError:
                pass

    def room(self):
        os.unlink(self.ballast)

    def request(self, client, tag):
        self.sent += 1
        got = client.get("http://o.example/%s-%d/%s" % (tag, self.sent,
            "/".join(["z" * 30] * 20)))
        if got is None:
            return None
        if got.status == 200:
            self.passed += 1
        else:
            equal(got.status, 503)
            self.refused += 1
        self.last = got
        return got

    def recorded(self, tag):
        return self.gate.records(event__action="request",
            url__path=lambda p: p.startswith("/" + tag),
            gatebook__decision="audit")

    def seen(self, tag):
        return len(self.w.origin.seen("/" + tag))


def until_full(small, tag, limit=6000):
    """Send until the first refusal."""
    while small.sent < limit:
        with small.gate.client() as c:
            while small.sent < limit:
                got = small.request(c, tag)
                if got is None:
                    break
                if got.status == 503:
                    return got
    raise AssertionError("%d requests passed on a full disk" % small.sent)


@case(timeout=120)
def refuse_lets_nothing_pass_unrecorded(w):
    w.host("running.example", "11.0.8.9", 443, echo)
    small = Small(w, 4300)
    gate = small.gate
    with gate.client() as tunnel, gate.client() as c:
        equal(tunnel.connect_to("running.example:443").status, 200)
        tunnel.send(b"\0x")
        tunnel.take(2)
        for _ in range(5):
            equal(small.request(c, "full").status, 200)
        small.fill()
        got = until_full(small, "full")
        true(b"GB-6001" in got.body or b"GB-600" in got.head, got.body)
        true(got.get(b"Proxy-Status"), "no Proxy-Status")
        for _ in range(30):             # and stays refused
            with gate.client() as other:
                equal(small.request(other, "full").status, 503)
        with gate.client() as other:
            equal(other.connect_to("running.example:443").status, 503)
            small.refused += 1
        tunnel.send(b"\0y")             # running tunnels go on for a while
        equal(tunnel.take(2), b"\0y")
        equal(small.seen("full"), small.passed)
        equal(gate.admin("/live")[0], 200)
        status = gate.status()
        true("full" in str(status).lower(), status)
        small.room()

        def served():
            with gate.client() as other:
                got = small.request(other, "full")
                return got is not None and got.status == 200
        within(20, served, "service with room again")
    within(10, lambda: len(small.recorded("full")) == small.passed,
        lambda: "%d records of %d passed" % (len(small.recorded("full")),
        small.passed))
    equal(small.seen("full"), small.passed)
    gaps = within(10, lambda: gate.records(event__action="gap"))
    equal(sum(r.get("gatebook.gap.events_lost", 0) for r in gaps), 0)
    equal(sum(r.get("gatebook.gap.refused", 0) for r in gaps), small.refused)
    equal(gaps[0]["gatebook.gap.cause"], "disk-full")
    gate.check_sequence()
    gate.stop()


@case(timeout=120)
def count_goes_on_and_says_exactly_how_many(w):
    small = Small(w, 4310, **{"log.failure": "count"})
    gate = small.gate
    with gate.client() as c:
        for _ in range(5):
            equal(small.request(c, "count").status, 200)
        small.fill()
        for _ in range(2500):
            got = small.request(c, "count")
            true(got is not None, "the connection ended")
            equal(got.status, 200)
        small.room()
        within(20, lambda: gate.records(event__action="gap"))
        for _ in range(5):
            equal(small.request(c, "count").status, 200)
    equal(small.refused, 0)
    equal(small.seen("count"), small.passed)

    def exact():
        exact.lost = sum(r["gatebook.gap.events_lost"] for r in
            gate.records(event__action="gap"))
        exact.kept = len(small.recorded("count"))
        return exact.lost + exact.kept == small.passed
    within(15, exact, lambda: "%d kept and %d lost of %d" % (exact.kept,
        exact.lost, small.passed))
    true(exact.lost > 0, "nothing was lost: was the disk full at all?")
    gap = gate.records(event__action="gap")[0]
    equal(gap["gatebook.gap.events_lost_known"], True)
    equal(gap["gatebook.gap.cause"], "disk-full")
    true("event.start" in gap and "event.end" in gap)
    gate.check_sequence()
    gate.stop()


@case(timeout=120)
def count_waits_for_no_disk_that_is_full(w):
    """Under count traffic goes on, also where it would wait for the disk."""
    small = Small(w, 4340, **{"log.failure": "count",
        "log.commit": "forward"})
    gate = small.gate
    with gate.client() as c:
        for _ in range(5):
            equal(small.request(c, "forward").status, 200)
        small.fill()
        for _ in range(1500):
            got = small.request(c, "forward")
            true(got is not None, "the connection ended")
            equal(got.status, 200)
        small.room()
        within(20, lambda: gate.records(event__action="gap"))
        for _ in range(5):
            equal(small.request(c, "forward").status, 200)
    equal(small.refused, 0)
    equal(small.seen("forward"), small.passed)
    gate.stop()
    gate.check_sequence()


@case(timeout=120)
def killed_while_the_disk_is_full(w):
    """What waited in the tables when the disk was full and the family died is
    written when there is room."""
    small = Small(w, 4320)
    gate = small.gate
    small.fill()
    until_full(small, "killed")
    for name in ("gatebookd", "gatebook-worker", "gatebook-writer"):
        gate.kill(name)
    within(10, lambda: not gate.pids("gatebook-worker"))
    gate.abandon()
    small.room()
    gate.start()
    within(15, lambda: len(small.recorded("killed")) >= small.passed,
        lambda: "%d of %d" % (len(small.recorded("killed")), small.passed))
    equal(len(small.recorded("killed")), small.passed)
    equal(small.seen("killed"), small.passed)
    gate.check_sequence()
    gate.stop()


@case(timeout=60)
def a_disk_that_becomes_read_only(w):
    gate = Gate(SETTINGS, start=False, port=4340)
    data = os.path.join(gate.folder, "data")
    image = os.path.join(gate.folder, "image")
    os.makedirs(data)
    with open(image, "wb") as out:
        out.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    mount = ["mount", "-o", "loop,errors=remount-ro", image, data]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        print("# no loop devices here: not tested")
        return
    device = subprocess.run(["findmnt", "-no", "SOURCE", data], check=True,
        capture_output=True, text=True).stdout.strip()
    gate.start()
    passed = 0
    with gate.client() as c:
        equal(c.get("http://o.example/readonly-0").status, 200)
    with open("/sys/fs/ext4/%s/trigger_fs_error" % os.path.basename(device),
            "w") as out:
        out.write("a fault that a test asked for")

    def refused():
        refused.got = gate.get("http://o.example/readonly-%d" % passed)
        return refused.got.status == 503
    while not refused():
        passed += 1
        true(passed < 5000, "the log is not known to be read-only")
    true(b"GB-6002" in refused.got.body, refused.got.body)
    within(5, lambda: "Read-only" in gate.said(), gate.said)
    true("broken" in str(gate.status()), gate.status())
    seen = len(w.origin.seen("/readonly-"))
    for name in ("gatebookd", "gatebook-worker", "gatebook-writer"):
        gate.kill(name)
    within(10, lambda: not gate.processes())
    gate.abandon()
    within(10, lambda: subprocess.run(["umount", data],
        stderr=subprocess.DEVNULL).returncode == 0)
    subprocess.run(["e2fsck", "-fp", image], stdout=subprocess.DEVNULL)
    subprocess.run(mount, check=True)
    gate.start()

    # What the disk had taken and not written is gone; the log says how much.
    lost = gate.record(event__action="recovered").get(
        "gatebook.gap.events_lost", 0)
    within(10, lambda: len(gate.records(event__action="request",
        gatebook__decision="audit",
        url__path=lambda p: p.startswith("/readonly-"))) + lost == seen,
        lambda: "%d passed, %d lost\n%s" % (seen, lost, gate.tail(20)))
    gate.check_sequence()
    gate.stop()
    subprocess.run(["umount", data], check=True)


@case(timeout=60)
def it_does_not_start_on_a_full_disk_without_saying_so(w):
    gate = Gate(SETTINGS, start=False, port=4330)
    data = os.path.join(gate.folder, "data")
    os.makedirs(data)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755,size=64K",
        "tmpfs", data], check=True)
    gate.start(wait=False)

    def told():
        if gate.process.poll() is not None:
            return "said" if gate.said() else None
        try:
            got = gate.get("http://o.example/unrecorded")
            return got is not None and got.status == 503
        except OSError:
            return None
    within(20, told, gate.said)
    equal(w.origin.seen("/unrecorded"), [])
    gate.abandon()


if __name__ == "__main__":
    run(__file__, lambda: World(gate=False))
