# SPDX-License-Identifier: Apache-2.0
"""The family of processes: what each has given up, starting and stopping,
settings that are wrong, status, metrics, systemd."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

from gate import Gate
from harness import BUILD, ROOM, Skip, case, equal, run, true, within
from gate import SANITIZED
from origin import echo
from world import World

CHILDREN = {"gatebook-worker": "gatebook-worker",
    "gatebook-writer": "gatebook-log", "gatebook-reader": "gatebook-log",
    "gatebook-admin": "gatebook-admin"}


def proc(pid, name):
    with open("/proc/%d/%s" % (pid, name)) as f:
        return f.read()


@case
def every_child_is_confined(w):
    import pwd
    for name, user in CHILDREN.items():
        pids = w.gate.pids(name)
        true(pids, "no " + name)
        for pid in pids:
            status = dict(line.split(":\t", 1) for line in proc(pid,
                "status").splitlines() if ":\t" in line)
            uid = pwd.getpwnam(user).pw_uid
            equal(set(status["Uid"].split()), {str(uid)}, name)
            equal(int(status["CapEff"], 16), 0, name + " capabilities")
            equal(int(status["CapPrm"], 16), 0, name + " capabilities")
            equal(status["NoNewPrivs"].strip(), "1", name)
            if not SANITIZED:
                equal(status["Seccomp"].strip(), "2", name)
            true("0" not in status["Groups"].split(), name + " groups")


@case
def a_child_holds_only_the_files_it_needs(w):
    for pid in w.gate.pids("gatebook-worker"):
        for fd in os.listdir("/proc/%d/fd" % pid):
            try:
                link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            except OSError:
                continue
            true(".jsonl" not in link, "a worker holds " + link)


@case
def status_says_how_things_are(w):
    path = w.path()
    w.gate.get(w.url(path))
    w.gate.record(url__path=path)
    status = w.gate.status()
    text = json.dumps(status)
    for pid, name in w.gate.processes():
        true(str(pid) in text, "%d %s is not in status" % (pid, name))
    for word in ("unlisted_calls", "seccomp", "sequence"):
        true(word in text, "%s is missing in %s" % (word, text))
    plain = w.gate.command("status")
    equal(plain.returncode, 0)
    for word in ("worker", "writer", "log"):
        true(word in plain.stdout, plain.stdout)


@case
def metrics_count_and_name_nobody(w):
    before = w.gate.metric("requests_total")
    for _ in range(5):
        w.gate.get(w.url(w.path()))
    within(5, lambda: w.gate.metric("requests_total") >= before + 5)
    status, text = w.gate.admin("/metrics")
    equal(status, 200)
    true(text.endswith("# EOF\n"), "not OpenMetrics: " + text[-60:])
    for secret in ("o.example", "127.0.0.1", "11.0."):
        true(secret not in text, secret)
    for name in ("verdict", "latency", "log_lag", "client_connections_open"):
        true(name in text, "%s is missing" % name)
    equal(w.gate.admin("/live")[0], 200)
    equal(w.gate.admin("/ready")[0], 200)
    equal(w.gate.admin("/else")[0], 404)


def dies_and_comes_back(w, name):
    before = w.gate.pids(name)
    w.gate.kill(name)

    def back():
        pids = w.gate.pids(name)
        return len(pids) >= len(before) and not set(pids) & set(before)
    within(15, back, w.gate.said)
    within(15, w.gate.is_ready)

    def served():
        try:
            got = w.gate.get(w.url(w.path()))
            return got is not None and got.status == 200
        except OSError:
            return False
    within(10, served)
    within(5, lambda: w.gate.records(event__action="process-died"))


for _name in CHILDREN:
    case(lambda w, n=_name: dies_and_comes_back(w, n),
        name="%s comes back when killed" % _name)


@case
def a_stopped_worker_is_replaced(w):
    """One that hangs misses its heartbeats."""
    pid = w.gate.pids("gatebook-worker")[0]
    os.kill(pid, signal.SIGSTOP)
    within(20, lambda: pid not in w.gate.pids("gatebook-worker"),
        "the hung worker is gone")
    within(15, lambda: len(w.gate.pids("gatebook-worker")) == 2)


@case
def a_request_in_flight_when_its_worker_dies_is_recorded(w):
    held = threading.Event()
    path = w.path(lambda c, r: held.set() or c.rest() and False)
    with w.gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        true(held.wait(5))
        w.gate.kill("gatebook-worker")
        c.rest()
    r = w.gate.record(url__path=path)
    equal(r["event.action"], "worker-died")
    equal(r["source.ip"], "127.0.0.1")
    within(15, lambda: len(w.gate.pids("gatebook-worker")) == 2)
    within(15, w.gate.is_ready)


# --- starting ---------------------------------------------------------------------

def run_conf(text, port=4600):
    Gate.count += 1
    folder = os.path.join(ROOM, "conf%d" % Gate.count)
    os.makedirs(folder)
    conf = os.path.join(folder, "proxy.conf")
    with open(conf, "w") as out:
        out.write(text)
    told = subprocess.run([os.path.join(BUILD, "gatebook"), "run", "-c",
        conf], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=20)
    return told.returncode, told.stdout + told.stderr


@case
def all_faults_of_the_settings_are_told_at_once(w):
    status, text = run_conf("listen main 127.0.0.1:4600\n"
        "no.such.setting 1\nlog.commit perhaps\nworker.count many\n"
        "client.idle 3 parsecs\nlog.segment.size 1\n"
        "policy.file /nonexistent/x.policy\nlisten main 127.0.0.1:notaport\n")
    true(status not in (0, None), "it started")
    for sign in ("proxy.conf:2", "no.such.setting", "proxy.conf:3", "perhaps",
            "memory", "proxy.conf:4", "many", "proxy.conf:5", "proxy.conf:6",
            "/nonexistent/x.policy"):
        true(sign in text, "%s is missing in:\n%s" % (sign, text))


@case
def a_missing_file_of_settings(w):
    told = subprocess.run([os.path.join(BUILD, "gatebook"), "run", "-c",
        "/nonexistent/proxy.conf"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=20)
    true(told.returncode != 0)
    true("/nonexistent/proxy.conf" in told.stdout + told.stderr)


@case
def an_address_that_is_taken(w):
    status, text = run_conf("listen main 127.0.0.1:%d\nadmin.listen none\n"
        "policy.file %s\n" % (w.gate.port, w.gate.settings["policy.file"]))
    true(status != 0, "two on one address")
    true("127.0.0.1:%d" % w.gate.port in text, text)


@case
def a_second_one_on_the_same_folder(w):
    """One log has one writer."""
    told = subprocess.run([os.path.join(BUILD, "gatebook"), "run", "-c",
        w.gate.conf], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=20)
    true(told.returncode != 0)
    true(len(told.stdout + told.stderr) > 20)
    equal(w.gate.get(w.url(w.path())).status, 200)


@case
def commands_without_a_running_instance_say_so(w):
    gate = Gate(start=False, port=4610)
    for words in (["status"], ["stop"], ["reload"], ["log", "tail"]):
        told = gate.command(*words)
        true(told.returncode != 0, words)
        text = told.stdout + told.stderr
        true("not running" in text or "no gatebook" in text.lower()
            or "running" in text, text)


@case
def unknown_commands_and_help(w):
    told = w.gate.command("dance")
    true(told.returncode != 0)
    true("dance" in told.stderr, told.stderr)
    told = subprocess.run([w.gate.gatebook, "help"], capture_output=True,
        text=True)
    equal(told.returncode, 0)
    for word in ("run", "check", "explain", "status", "reload", "stop", "log"):
        true(word in told.stdout, told.stdout)


# --- stopping -----------------------------------------------------------------------

@case(timeout=60)
def stop_lets_running_exchanges_finish(w):
    gate = Gate({"stop.max": "8s"}, port=4620)
    release = threading.Event()

    def script(connection, request):
        release.wait(6)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
    path = w.path(script)
    with gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        within(5, lambda: w.origin.seen(path))
        stopping = threading.Thread(target=gate.command, args=("stop",))
        stopping.start()
        within(5, lambda: not gate.is_ready(), "not ready any more")
        release.set()
        got = c.answer()
        equal((got.status, got.body), (200, b"done"))
        stopping.join()
    gate.process.wait(timeout=15)
    gate.stop()
    equal(gate.record(url__path=path)["gatebook.outcome"], "complete")


@case(timeout=60)
def stop_ends_what_takes_too_long_and_records_it(w):
    gate = Gate({"stop.max": "1s"}, port=4630)
    w.host("stop.example", "11.0.8.20", 443, echo)
    with gate.client() as c:
        equal(c.connect_to("stop.example:443").status, 200)
        c.send(b"\0x")
        c.take(2)
        gate.stop()
        true(c.is_closed())
    r = gate.record(event__action="tunnel-close")
    equal(r["gatebook.outcome"], "closed-by-stop")
    equal(gate.records()[-1]["event.action"], "stop")


@case(timeout=60)
def SIGTERM_stops_as_well(w):
    for signum in (signal.SIGTERM, signal.SIGINT):
        gate = Gate({"stop.max": "1s"}, port=4640)
        gate.process.send_signal(signum)
        equal(gate.process.wait(timeout=15), 0)
        within(3, lambda: not gate.processes())
        gate.stop()
        equal(gate.records()[-1]["event.action"], "stop")


@case(timeout=60)
def children_go_when_the_parent_is_killed(w):
    gate = Gate(port=4650)
    for pid in set(gate.pids("gatebookd") + [gate.process.pid]):
        os.kill(pid, signal.SIGKILL)
    within(10, lambda: not gate.processes(), lambda: str(gate.processes()))
    gate.process.wait()
    gate.start()
    equal(gate.get(w.url(w.path())).status, 200)
    equal([r["event.action"] for r in gate.records() if r["event.action"]
        in ("start", "recovered")], ["start", "recovered"])
    gate.check_sequence()
    gate.stop()


@case(timeout=60)
def it_runs_for_somebody_who_is_not_root(w):
    """As one user the processes cannot be kept apart by user, and status
    says so; everything else works."""
    gate = Gate(start=False, port=4660)
    for root, folders, files in os.walk(gate.folder):
        os.chown(root, 65534, 65534)
        for name in files:
            os.chown(os.path.join(root, name), 65534, 65534)
    probe = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534",
        "--clear-groups", "test", "-x", gate.gatebook])
    if probe.returncode != 0:
        raise Skip("other users cannot enter the folder of the programs")
    gate.gatebook_root = gate.gatebook
    output = open(gate.output, "ab")
    gate.process = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid",
        "65534", "--clear-groups", gate.gatebook, "run", "-c", gate.conf],
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        start_new_session=True, cwd=gate.folder,
        env=dict(os.environ, GATEBOOK_CONFINE="kill") if not SANITIZED
        else None)
    gate.wait_ready()
    path = w.path()
    equal(gate.get(w.url(path)).status, 200)
    gate.record(url__path=path)
    gate.process.terminate()
    equal(gate.process.wait(timeout=15), 0)
    within(3, lambda: not gate.processes())


# --- systemd -------------------------------------------------------------------------

@case(timeout=60)
def systemd_readiness_watchdog_and_sockets(w):
    gate = Gate(start=False, port=4670)
    path = os.path.join(ROOM, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    os.chmod(path, 0o777)
    notify.settimeout(15)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", 4670))
    listener.listen(16)

    def hand_over():
        os.dup2(listener.fileno(), 3)
        os.set_inheritable(3, True)
    gate.process = subprocess.Popen(["/bin/sh", "-c",
        'LISTEN_PID=$$ exec "$0" run -c "$1"', gate.gatebook, gate.conf],
        stdin=subprocess.DEVNULL, stdout=open(gate.output, "ab"),
        stderr=subprocess.STDOUT, cwd=gate.folder, start_new_session=True,
        preexec_fn=hand_over, close_fds=False, env=dict(os.environ,
        NOTIFY_SOCKET=path, WATCHDOG_USEC="2000000", LISTEN_FDS="1",
        LISTEN_FDNAMES="main"))
    listener.close()
    seen = b""
    while b"READY=1" not in seen:
        seen += notify.recv(4096) + b"\n"
    gate.wait_ready()
    equal(gate.get(w.url(w.path())).status, 200)
    while b"WATCHDOG=1" not in seen:
        seen += notify.recv(4096) + b"\n"
    gate.stop()
    while b"STOPPING=1" not in seen:
        seen += notify.recv(4096) + b"\n"


if __name__ == "__main__":
    run(__file__, World)
