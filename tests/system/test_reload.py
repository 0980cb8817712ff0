# SPDX-License-Identifier: Apache-2.0
"""Changes of settings while it runs: workers replaced one by one under load,
listeners that come and go, the log's settings, GeoIP files, the operator's log,
and the control socket asked by others."""
import os
import signal
import socket
import threading

from gate import Gate
from harness import case, equal, run, true, within
from origin import echo
from world import World


class Load:
    """Requests one after the other on fresh connections and on a kept one,
    until told to stop; every answer must be a 200."""

    def __init__(self, w, gate, threads=3):
        self.w = w
        self.gate = gate
        self.ends = threading.Event()
        self.done = 0
        self.faults = []
        self.threads = [threading.Thread(target=self.run, args=(i % 2 == 0,))
            for i in range(threads)]

    def run(self, keep):
        client = None
        while not self.ends.is_set():
            try:
                if client is None:
                    client = self.gate.client()
                got = client.get(self.w.url("/load"))
                if got is None and keep:
                    # A worker that drains may close a kept connection
                    # between two requests; the next one starts afresh.
                    client.close()
                    client = None
                    continue
                equal(got.status, 200)
                self.done += 1
                # The worker that drains says Connection: close.
                if not keep or got.get(b"Connection", b"") == b"close":
                    client.close()
                    client = None
            except ConnectionResetError as e:
                if not keep:
                    self.faults.append(repr(e))
                client = None
            except Exception as e:
                self.faults.append(repr(e))
                client = None
        if client:
            client.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        within(10, lambda: self.done > 20)
        return self

    def __exit__(self, *_):
        self.ends.set()
        for thread in self.threads:
            thread.join()


def reload(gate, **settings):
    for name, value in settings.items():
        name = name.replace("__", ".")
        if value is None:
            gate.settings.pop(name, None)
        else:
            gate.settings[name] = value
    gate.write_conf()
    return gate.command("reload", timeout=60)


@case(timeout=90)
def workers_are_replaced_under_load(w):
    gate = w.gate
    w.host("keep.example", "11.0.9.1", 443, echo)
    with gate.client() as tunnel:
        equal(tunnel.connect_to("keep.example:443").status, 200)
        tunnel.send(b"\0one")
        equal(tunnel.take(4), b"\0one")
        before = gate.pids("gatebook-worker")
        with Load(w, gate) as load:
            for minutes in (3, 4, 5):
                told = reload(gate, client__idle="%dm" % minutes)
                equal(told.returncode, 0, told.stdout + told.stderr)
                count = load.done
                within(10, lambda: load.done > count + 20)
        equal(load.faults, [])
        # The old worker lives for the tunnel that it carries.
        tunnel.send(b"two")
        equal(tunnel.take(3), b"two")
        now = gate.pids("gatebook-worker")
        true(len(set(now) - set(before)) >= 2, (before, now))
        true(set(now) & set(before), (before, now))
    within(15, lambda: len(gate.pids("gatebook-worker")) == 2)
    true(gate.records(event__action="reload"))
    equal(gate.records(event__action="worker-died"), [])


@case(timeout=60)
def more_and_fewer_workers(w):
    for count in (4, 1, 3, 2):
        told = reload(w.gate, worker__count=str(count))
        equal(told.returncode, 0, told.stdout + told.stderr)
        within(15, lambda: len(w.gate.pids("gatebook-worker")) == count)
        equal(w.gate.get(w.url(w.path())).status, 200)


@case(timeout=60)
def listeners_come_and_go(w):
    one = w.gate.settings["listen"]
    told = reload(w.gate, listen=[one, "other 127.0.0.1:4700",
        "six [::1]:4701"])
    equal(told.returncode, 0, told.stdout + told.stderr)
    path = w.path()
    from client import Client
    with Client("127.0.0.1", 4700) as c:
        equal(c.get(w.url(path)).status, 200)
    equal(w.gate.record(url__path=path)["gatebook.listener"], "other")
    path = w.path()
    with Client("::1", 4701) as c:
        equal(c.get(w.url(path)).status, 200)
    equal(w.gate.record(url__path=path)["source.ip"], "::1")
    told = reload(w.gate, listen=one)
    equal(told.returncode, 0, told.stdout + told.stderr)

    def refused():
        try:
            socket.create_connection(("127.0.0.1", 4700), 2).close()
            return False
        except ConnectionRefusedError:
            return True
    within(10, refused, "nobody listens there any more")
    equal(w.gate.get(w.url(w.path())).status, 200)


@case
def a_listener_that_cannot_be_had_changes_nothing(w):
    one = w.gate.settings["listen"]
    # those that an earlier reload replaced are gone
    before = within(20, lambda: (lambda pids: pids if len(pids) == 2
        else None)(w.gate.pids("gatebook-worker")))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 4710))
        taken.listen()
        told = reload(w.gate, listen=[one, "x 127.0.0.1:4710"])
        true(told.returncode != 0)
        true("127.0.0.1:4710" in told.stdout + told.stderr, told)
    reload(w.gate, listen=one)
    equal(w.gate.pids("gatebook-worker"), before)


@case(timeout=60)
def settings_of_the_log_restart_its_writer(w):
    before = w.gate.pids("gatebook-writer")
    with Load(w, w.gate) as load:
        told = reload(w.gate, log__sync__interval="20ms")
        equal(told.returncode, 0, told.stdout + told.stderr)
        within(15, lambda: w.gate.pids("gatebook-writer") and
            not set(w.gate.pids("gatebook-writer")) & set(before))
        count = load.done
        within(15, lambda: load.done > count + 20)
    equal(load.faults, [])
    within(10, w.gate.is_ready)
    w.gate.check_sequence()
    reload(w.gate, log__sync__interval=None)
    within(10, w.gate.is_ready)


@case
def what_only_a_start_can_change(w):
    told = reload(w.gate, data__folder="elsewhere")
    true(told.returncode != 0)
    true("data.folder" in told.stdout + told.stderr, told)
    w.gate.settings.pop("data.folder")
    w.gate.write_conf()
    equal(w.gate.command("reload").returncode, 0)


@case(timeout=60)
def the_admin_address_moves_and_goes(w):
    old = w.gate.settings["admin.listen"]
    equal(reload(w.gate, admin__listen="none").returncode, 0)
    within(10, lambda: not w.gate.pids("gatebook-admin"))
    equal(reload(w.gate, admin__listen=old).returncode, 0)
    within(10, w.gate.is_ready)


@case
def SIGHUP_reloads_as_well(w):
    before = len(w.gate.records(event__action="reload"))
    w.gate.process.send_signal(signal.SIGHUP)
    within(10, lambda: len(w.gate.records(event__action="reload")) > before)


@case(timeout=60)
def a_flood_of_reloads(w):
    with Load(w, w.gate) as load:
        for _ in range(30):
            w.gate.process.send_signal(signal.SIGHUP)
        threads = [threading.Thread(target=w.gate.command, args=("reload",))
            for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    equal(load.faults, [])
    within(10, lambda: w.gate.command("reload").returncode == 0)


# --- who may ask -------------------------------------------------------------------

def ask(gate, line, user=None, wait=10):
    """Raw bytes to the control socket; what comes back."""
    folder = run_folder(gate)
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(wait)
    s.connect(os.path.join(folder, "control"))
    try:
        s.sendall(line)
    except BrokenPipeError:     # turned away before it asked
        pass
    got = b""
    while True:
        try:
            more = s.recv(65536)
        except ConnectionResetError:
            break
        if not more:
            break
        got += more
    s.close()
    return got


def run_folder(gate):
    """Where its lock file is open."""
    for pid, name in gate.processes():
        if name != "gatebookd":
            continue
        for fd in os.listdir("/proc/%d/fd" % pid):
            link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            if link.endswith("/gatebookd.pid"):
                return os.path.dirname(link)
    raise AssertionError("no run folder")


@case
def odd_words_to_the_control_socket(w):
    for words, sign in (
            (b"\n", b"failed"), (b"{}\n", b"failed"),
            (b"[1,2]\n", b"failed"), (b'{"command":1}\n', b"failed"),
            (b'{"command":"dance"}\n', b"status"),
            (b'{"command":"ping"}\n{"command":"stop"}\n', b"ok"),
            (b'{"command":"status"', b""), (b"x" * 5000, b""),
            (b"\0" * 100 + b"\n", b"failed")):
        # What has no line's end is given up after 5 s.
        true(sign in ask(w.gate, words), words)
    equal(w.gate.get(w.url(w.path())).status, 200)


@case
def many_control_connections(w):
    folder = run_folder(w.gate)
    held = []
    try:
        for _ in range(16):
            s = socket.socket(socket.AF_UNIX)
            s.connect(os.path.join(folder, "control"))
            held.append(s)

        def full():
            return b"too many" in ask(w.gate, b'{"command":"ping"}\n')
        within(5, full)
    finally:
        for s in held:
            s.close()
    within(5, lambda: b"ok" in ask(w.gate, b'{"command":"ping"}\n'))


@case
def strangers_may_not_ask(w):
    told = w.gate.command("stop", user="nobody")
    true(told.returncode != 0)
    told = w.gate.command("status", user="nobody")
    true(told.returncode != 0, told.stdout)
    equal(w.gate.get(w.url(w.path())).status, 200)


@case
def members_of_the_groups_may_ask_how_it_is(w):
    for person in ("desk-person", "audit-person"):
        told = w.gate.command("status", user=person)
        equal(told.returncode, 0, told.stdout + told.stderr)
        for words in ("reload", "stop"):
            told = w.gate.command(words, user=person)
            true(told.returncode != 0, words)
    equal(w.gate.get(w.url(w.path())).status, 200)


# --- deaths at odd moments ------------------------------------------------------------

@case(timeout=60)
def killed_while_it_reloads(w):
    """Whoever dies in the middle of a reload: it ends, one way or the other,
    and the next one works."""
    for name in ("gatebook-worker", "gatebook-writer", "gatebook-loader"):
        asks = threading.Thread(target=w.gate.command, args=("reload",))
        asks.start()
        while asks.is_alive():
            w.gate.kill(name)
        asks.join()
        within(30, lambda: w.gate.command("reload").returncode == 0)
        within(15, w.gate.is_ready)
    equal(w.gate.get(w.url(w.path())).status, 200)


@case(timeout=60)
def killed_while_it_replaces_workers(w):
    for minutes in (11, 12, 13):
        w.gate.settings["client.idle"] = "%dm" % minutes
        w.gate.write_conf()
        asks = threading.Thread(target=w.gate.command, args=("reload",))
        asks.start()
        for _ in range(5):
            w.gate.kill("gatebook-worker")
        asks.join()
        within(30, lambda: w.gate.command("reload").returncode == 0)
        within(15, lambda: len(w.gate.pids("gatebook-worker")) == 2)
    within(15, w.gate.is_ready)
    equal(w.gate.get(w.url(w.path())).status, 200)
    w.gate.check_sequence()


@case(timeout=60)
def a_stop_in_the_middle_of_everything(w):
    for when in range(4):
        gate = Gate({"stop.max": "1s", "client.idle": "3m"}, port=4730,
            start=False)
        gate.start(wait=when > 1)
        if when % 2:
            gate.settings["client.idle"] = "%dm" % (4 + when)
            gate.write_conf()
            gate.process.send_signal(signal.SIGHUP)
        gate.process.send_signal(signal.SIGTERM)
        gate.process.wait(timeout=20)
        within(3, lambda: not gate.processes(), lambda: str(gate.processes()))
        gate.process = None


# --- the operator's log -------------------------------------------------------------

@case(timeout=240)
def the_operators_log_is_turned_over(w):
    gate = Gate({"report.file": "operator.log", "report.file.size": "64K",
        "report.level": "debug"}, port=4720)
    path = os.path.join(gate.folder, "operator.log")
    for _ in range(1500):
        if os.path.exists(path + ".1"):
            break
        ask(gate, b'{"command":"reload"}\n')
    true(os.path.exists(path + ".1"), os.path.getsize(path))
    true(os.path.getsize(path) <= 66 * 1024)
    true(os.path.getsize(path + ".1") <= 66 * 1024)
    gate.stop()


if __name__ == "__main__":
    run(__file__, World)
