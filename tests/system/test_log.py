# SPDX-License-Identifier: Apache-2.0
"""The audit log over a life: its lines, interim records, files that are turned
over and deleted by age and size, restarts, searches and who may make them."""
import json
import os
import re
import shutil
import threading
import time

from gate import Gate
from harness import case, equal, run, true, within
from origin import Server, answer, echo
from world import World

SETTINGS = {"log.interim": "1s", "log.segment.size": "256K", "log.segment.hash": "on",
    "worker.count": "2"}


def busy(w, gate, count, tag="busy", size=900):
    with gate.client() as c:
        for i in range(count):
            got = c.get("http://o.example/%s-%d/%s" % (tag, i, "/".join(
                ["y" * 30] * (size // 31))))
            equal(got.status, 200)


@case
def lines_are_canonical(w):
    busy(w, w.gate, 5, "canon")
    within(5, lambda: len(w.gate.records(event__action="request")) >= 5)
    numbers = []
    for line in w.gate.lines():
        text = line.decode("utf-8")
        true(text.startswith('{"@timestamp":"'), text[:40])
        true(len(line) <= 32768)
        record = json.loads(text, object_pairs_hook=list)
        names = [n for n, _ in record]
        equal(len(names), len(set(names)), "a name stands twice")
        equal(names[-1], "gatebook.salt")
        values = dict(record)
        true(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
            values["@timestamp"]))
        for name, value in record:
            true(value is not None and not isinstance(value, (dict, float)),
                name)
            if isinstance(value, list) and value:
                true(all(isinstance(v, str) for v in value), name)
        true(json.dumps(values, separators=(",", ":"), ensure_ascii=False)
            .replace("\x7f", "\\u007f") == text, "not canonical: " + text)
        for name in ("ecs.version", "event.kind", "event.category",
                "event.type", "event.action", "event.outcome",
                "event.dataset", "gatebook.clock.boottime_us"):
            true(name in values, "%s is missing in %s" % (name, text))
        numbers.append(values["event.sequence"])
    equal(numbers, list(range(len(numbers))))
    first = next(r for r in w.gate.records()
        if r["event.action"] != "segment-open")
    equal(first["event.action"], "start")
    for name in ("host.boot.id", "process.pid", "observer.version",
            "gatebook.log.origin"):
        true(name in first, name)
    true(w.gate.records(event__action="segment-open"))
    true(w.gate.records(event__action="policy-load"))


@case
def only_the_writer_and_the_reader_may_read_the_files(w):
    for path in w.gate.log_files():
        mode = os.stat(path).st_mode & 0o777
        equal(mode & 0o007, 0, oct(mode))
        true(os.stat(path).st_uid != 0, "owned by root")
    true(os.stat(os.path.join(w.gate.folder, "data/log")).st_mode & 0o007
        == 0)


@case
def long_exchanges_leave_interim_records(w):
    w.host("long.example", "11.0.8.1", 443, echo)
    release = threading.Event()

    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        release.wait(10)
        connection.send(b"cd")
    path = w.path(script)
    with w.gate.client() as tunnel, w.gate.client() as c:
        equal(tunnel.connect_to("long.example:443").status, 200)
        tunnel.send(b"\0" * 100)
        tunnel.take(100)
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        interim = within(8, lambda: (lambda f: f if len(f) >= 2 else None)(
            w.gate.records(event__action="tunnel-interim",
            destination__domain="long.example")))
        within(8, lambda: w.gate.records(event__action="request-interim",
            url__path=path))
        equal([r["gatebook.interim"] for r in interim[:2]], [1, 2])
        equal(interim[0]["destination.bytes"], 100)
        release.set()
        c.answer()
    closing = w.gate.record(event__action="tunnel-close",
        destination__domain="long.example")
    equal(closing["transaction.id"], interim[0]["transaction.id"])


@case(timeout=90)
def files_are_turned_over_without_losing_a_line(w):
    before = len(w.gate.log_files())
    threads = [threading.Thread(target=busy, args=(w, w.gate, 300,
        "turn%d" % i)) for i in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    within(10, lambda: len(w.gate.records(url__path=lambda p:
        p.startswith("/turn"))) == 900, lambda: "%d" % len(w.gate.records(
        url__path=lambda p: p.startswith("/turn"))))
    true(len(w.gate.log_files()) >= before + 3, w.gate.log_files())
    w.gate.check_sequence()
    closes = w.gate.records(event__action="segment-close")
    opens = w.gate.records(event__action="segment-open")
    true(len(closes) >= 3)
    true(len(opens) in (len(closes), len(closes) + 1), (len(opens),
        len(closes)))
    import hashlib
    hashes = set()
    for path in w.gate.log_files()[:-1]:
        with open(path, "rb") as f:
            data = f.read()
        true(b"\0" not in data, "zeros in the closed file " + path)
        true(data.endswith(b"\n"))
        true(os.stat(path).st_size <= 300 * 1024)
        hashes.add(hashlib.sha256(data).hexdigest())
    named = {r["gatebook.segment.sha256"] for r in closes}
    true(named & hashes, "no hash in segment-close fits a file")


@case(timeout=90)
def a_restart_goes_on_where_it_was(w):
    gate = Gate(SETTINGS, port=4200)
    busy(w, gate, 10, "first")
    gate.stop()
    equal(gate.records()[-1]["event.action"], "stop")
    count = gate.check_sequence()
    gate.start()
    busy(w, gate, 10, "second")
    within(5, lambda: len(gate.records(url__path=lambda p:
        p.startswith("/second"))) == 10)
    true(gate.check_sequence() > count)
    starts = [r["event.action"] for r in gate.records()
        if r["event.action"] in ("start", "recovered")]
    equal(starts, ["start", "start"])
    ids = [r["transaction.id"] for r in gate.records(event__action="request")]
    equal(len(ids), len(set(ids)), "an id was given twice")
    refs = [r["gatebook.reference"] for r in gate.records(
        event__action="request")]
    equal(len(refs), len(set(refs)), "a reference was given twice")
    gate.stop()


@case(timeout=90)
def old_files_are_deleted_by_size_and_age(w):
    gate = Gate(dict(SETTINGS, **{"log.keep.min": "0s", "log.keep.size":
        "1M"}), port=4210)
    try:
        for i in range(4):
            busy(w, gate, 350, "size%d" % i)
        within(15, lambda: gate.records(event__action="segment-delete"),
            lambda: "%s" % gate.log_files())
        within(10, lambda: sum(os.path.getsize(p) for p in gate.log_files())
            <= 2 * 1024 * 1024)
        numbers = [json.loads(line)["event.sequence"] for line in gate.lines()]
        equal(numbers, list(range(numbers[0], numbers[-1] + 1)))
        true(numbers[0] > 0)
    finally:
        gate.stop()


@case(timeout=90)
def nothing_younger_than_the_minimum_is_deleted(w):
    gate = Gate(dict(SETTINGS, **{"log.keep.min": "1h", "log.keep.size":
        "512K"}), port=4220)
    try:
        for i in range(3):
            busy(w, gate, 350, "keep%d" % i)
        gate.check_sequence()
        equal(gate.records(event__action="segment-delete"), [])
    finally:
        gate.stop()


@case
def forward_for_all(w):
    gate = Gate(dict(SETTINGS, **{"log.commit": "forward"}), port=4230)
    found = []

    def script(connection, request):
        found.append([r["event.action"] for r in gate.records(
            url__path=request.target.decode())])
        connection.send(answer())
    try:
        for _ in range(5):
            path = w.path(script)
            equal(gate.get(w.url(path)).status, 200)
        equal(found, [["request-open"]] * 5)
    finally:
        gate.stop()


# --- the reader -----------------------------------------------------------------

@case
def search_finds_by_each_condition(w):
    w.host("find.example", "11.0.8.2")
    with w.gate.client(source="127.0.3.3") as c:
        c.get("http://find.example/needle")
    w.gate.get("http://nowhere-at-all.example/")
    w.gate.record(url__path="/needle")

    def lines(*words):
        told = w.gate.command("log", "search", *words, "--json")
        equal(told.returncode, 0, told.stderr)
        return [json.loads(l) for l in told.stdout.splitlines()
            if l.startswith("{")]
    true(all(r["url.domain"] == "find.example"
        for r in lines("--host", "find.example")))
    equal(len(lines("--host", "find.example")), 1)
    equal(len(lines("--client", "127.0.3.3")), 1)
    true(len(lines("--outcome", "dns-no-such-name")) >= 1)
    equal(lines("--host", "find.example", "--since", "2099-01-01"), [])
    equal(len(lines("--host", "find.example", "--since", "1h")), 1)
    plain = w.gate.command("log", "search", "--host", "find.example").stdout
    true("find.example" in plain and "\x1b" not in plain, plain)


@case
def each_search_by_a_person_is_a_record(w):
    w.gate.command("log", "search", "--host", "curious.example")
    within(5, lambda: [r for r in w.gate.records(event__action="search")
        if "curious.example" in str(r)])


@case
def rights_follow_unix_groups(w):
    w.host("rights.example", "11.0.8.3")
    w.gate.get("http://rights.example/deep/path")
    w.gate.record(url__domain="rights.example")

    def ask(user):
        return w.gate.command("log", "search", "--host", "rights.example",
            "--json", user=user)
    everything = ask("audit-person")
    true("/deep/path" in everything.stdout, everything.stdout
        + everything.stderr)
    desk = ask("desk-person")
    true("rights.example" in desk.stdout, desk.stdout + desk.stderr)
    true("/deep/path" not in desk.stdout, desk.stdout)
    nobody = ask("no-person")
    true("rights.example" not in nobody.stdout, nobody.stdout)
    true(nobody.returncode != 0, "no error for somebody without rights")


@case
def tail_shows_requests_as_they_happen(w):
    import subprocess
    process = subprocess.Popen([w.gate.gatebook, "log", "tail", "-c",
        w.gate.conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        os.set_blocking(process.stdout.fileno(), False)
        seen = b""

        def shown():
            nonlocal seen
            w.gate.get("http://o.example/tailed")
            seen += process.stdout.read() or b""
            return b"/tailed" in seen
        within(10, shown, lambda: "a line; got %r" % seen)
    finally:
        process.terminate()
        process.wait()


@case
def a_refused_request_is_shown_with_its_client_and_cause(w):
    with w.gate.client() as c:
        c.send(b"GET http://o.example/ HTTP/1.1\r\nHost: o.example\r\n"
            b"Content-Length: 1, 2\r\n\r\n")
        equal(c.answer().status, 400)
    record = w.gate.record(event__action="refused")
    true(record["message"].endswith(" was refused: bad-request"),
        record["message"])
    line = w.gate.command("log", "search", "--outcome",
        "bad-request").stdout.splitlines()[-1]
    for words in ("127.0.0.1 ", "  none ", "  400  ", "  bad-request: "
            + record["error.code"], record["gatebook.reference"]):
        true(words in line, "%r in %r" % (words, line))


@case
def the_log_is_proved_while_it_is_written_and_a_change_is_named(w):
    def verify(*words):
        result = w.gate.command("log", "verify", "--json", *words)
        return result.returncode, json.loads(result.stdout)
    w.gate.get("http://o.example/before")
    within(5, lambda: verify()[1]["covered"] > 3)
    head = w.gate.command("log", "head").stdout
    key = w.gate.command("log", "key").stdout
    true(head.startswith(key.split("+")[0] + "\n"), head)
    w.gate.write("then.head", head)
    w.gate.write("my.vkey", key)
    mine = ("--key", os.path.join(w.gate.folder, "my.vkey"),
        "--since-checkpoint", os.path.join(w.gate.folder, "then.head"))
    size = int(head.split("\n")[1])
    for _ in range(20):
        w.gate.get("http://o.example/after")
    within(5, lambda: verify(*mine)[1]["covered"] >= size + 20)
    code, said = verify(*mine)
    equal((code, said["verdict"], said["faults"]), (0, "proved", []))
    equal(w.gate.record(event__action="start")["gatebook.log.key_id"],
        key.split("+")[1])
    # An auditor's copy, with one letter of one record changed.
    copy = os.path.join(w.gate.folder, "copy")
    shutil.copytree(os.path.join(w.gate.folder, "data/log"), copy)
    for name in sorted(os.listdir(copy)):
        if name.endswith(".jsonl"):
            with open(os.path.join(copy, name), "r+b") as f:
                at = f.read().find(b"/before")
                if at >= 0:
                    f.seek(at)
                    f.write(b"/befoul")
                    break
    code, said = verify("--folder", copy)
    equal((code, said["verdict"]), (1, "not proved"))
    true(any(re.fullmatch(r"Record \d+ was changed on disk\.", words)
        for words in said["faults"]), said["faults"])
    equal(w.gate.command("log", "verify", "--folder", "/nowhere").returncode,
        2)


if __name__ == "__main__":
    run(__file__, lambda: World(SETTINGS))
