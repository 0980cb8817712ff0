# SPDX-License-Identifier: Apache-2.0
"""Bad days: slow clients, floods, oversized heads, origins that stall, lie and
reset, clients that vanish.  Each has an answer, a record and an end."""
import socket
import threading
import time

from gate import Gate
from harness import case, equal, run, table, true, within
from origin import Early, Server, answer
from world import World

SETTINGS = {
    "client.head.timeout": "1500ms", "client.body.timeout": "2s",
    "client.idle": "2s", "upstream.answer.timeout": "2s",
    "upstream.body.timeout": "2s", "tunnel.idle": "3s", "tunnel.half": "2s",
    "client.max": "60", "client.max.address": "40", "worker.count": "1",
    "upstream.idle": "1s",
}


def timed(function, least, most):
    began = time.monotonic()
    result = function()
    took = time.monotonic() - began
    true(least <= took <= most, "took %.1f s, not %g to %g" % (took, least,
        most))
    return result


# --- sizes ----------------------------------------------------------------------

def too_large(w, request, status, outcome):
    mark = len(list(w.gate.lines()))
    with w.gate.client() as c:
        try:
            c.send(request)
        except OSError:
            pass
        got = c.answer()
        equal(got.status, status)
        true(c.is_closed())
    within(5, lambda: [r for r in w.gate.records(gatebook__outcome=outcome)
        if r["event.sequence"] >= mark], w.gate.tail)


H = b"Host: o.example\r\n"
G = b"GET http://o.example/large HTTP/1.1\r\n" + H
table([
    ("a head beyond the limit gets 431", G + b"".join(b"X%d: %s\r\n" % (i,
        b"y" * 1000) for i in range(140)) + b"\r\n", 431, "head-too-large"),
    ("a field beyond the limit gets 431", G + b"X: " + b"y" * 74000
        + b"\r\n\r\n", 431, "head-too-large"),
    ("too many fields get 431", G + b"X: 1\r\n" * 300 + b"\r\n", 431,
        "head-too-large"),
    ("an endless field gets 431", G + b"X: " + b"y" * 400000, 431,
        "head-too-large"),
    ("a target beyond the limit gets 414", b"GET http://o.example/"
        + b"y" * 17000 + b" HTTP/1.1\r\n" + H + b"\r\n", 414,
        "target-too-long"),
    ("an endless request line gets 414", b"GET http://o.example/"
        + b"y" * 400000, 414, "target-too-long"),
], too_large)


@case
def just_below_the_limits_passes(w):
    path = w.path()
    got = w.gate.get(w.url(path) + "?" + "q" * 15000, "X: %s\r\n" % ("y"
        * 70000))
    equal(got.status, 200)
    equal(len(w.origin.seen(path)[0].get(b"X")), 70000)
    path = w.path()
    equal(w.gate.get(w.url(path), "".join("X-%d: 1\r\n" % i
        for i in range(180))).status, 200)


# --- slow clients -----------------------------------------------------------------

@case
def a_slow_head_gets_408(w):
    with w.gate.client() as c:
        c.send(b"GET http://o.example/slow HTTP/1.1\r\n")
        got = timed(c.answer, 1, 6)
        equal(got.status, 408)
    within(5, lambda: w.gate.records(gatebook__outcome="head-timeout"))


@case
def a_head_that_trickles_gets_408(w):
    """One byte now and then does not move the deadline."""
    with w.gate.client() as c:
        stop = threading.Event()

        def trickle():
            for byte in b"GET http://o.example/slow HTTP/1.1\r\nX: " + b"y" \
                    * 500:
                try:
                    c.send(bytes([byte]))
                except OSError:
                    return
                if stop.wait(0.1):
                    return
        threading.Thread(target=trickle, daemon=True).start()
        got = timed(c.answer, 1, 6)
        stop.set()
        equal(got.status, 408)


@case
def a_connection_that_says_nothing_is_closed(w):
    with w.gate.client() as c:
        true(timed(lambda: c.is_closed(8), 0.5, 7), "left open")


@case
def a_kept_connection_that_says_nothing_is_closed(w):
    with w.gate.client() as c:
        equal(c.get(w.url(w.path())).status, 200)
        true(timed(lambda: c.is_closed(8), 1, 7), "left open")


@case
def a_body_that_stops_gets_408(w):
    path = w.path()
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 100"
            "\r\n\r\nhalf" % w.url(path))
        got = timed(c.answer, 1, 8)
        true(got is None or got.status == 408, got)
        true(c.is_closed())
    equal(w.gate.record(url__path=path)["gatebook.outcome"], "body-timeout")
    within(5, lambda: w.origin.seen(path)[0].connection.closed)


@case
def a_client_that_takes_nothing_is_closed(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n"
            b"\r\n")
        for _ in range(1000):
            connection.send(b"x" * 100000)
    path = w.path(script)
    with w.gate.client(receive_buffer=16384) as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        r = w.gate.record(seconds=15, url__path=path)
        equal(r["gatebook.outcome"], "client-stalled")


# --- origins ---------------------------------------------------------------------

@case
def an_origin_that_never_answers(w):
    path = w.path(lambda c, r: c.rest() and False)
    got = timed(lambda: w.gate.get(w.url(path)), 1.5, 8)
    equal(got.status, 504)
    equal(w.gate.record(url__path=path)["gatebook.outcome"],
        "origin-timeout")
    within(5, lambda: w.origin.seen(path)[0].connection.closed)


@case
def an_origin_that_stalls_in_its_answer(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.rest()
    path = w.path(script)
    got = timed(lambda: w.gate.get(w.url(path)), 1.5, 8)
    equal(got.status, 200)
    true(not got.whole)
    equal(w.gate.record(url__path=path)["gatebook.outcome"],
        "answer-stalled")


def origin_resets(w, before, whole_framing):
    def script(connection, request):
        connection.send(before)
        # until it went through, or the reset would overtake it
        within(5, lambda: started.is_set(), "bytes went through") if before \
            else None
        connection.reset()
        return False
    started = threading.Event()
    path = w.path(script)
    with w.gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        if before:
            c.until(b"\r\n\r\n")
            if before.endswith(b"half"):
                c.until(b"half")
            c.at = 0
            started.set()
        got = c.answer()
        if not before:
            equal(got.status, 502)
        else:
            true(not got.whole, "it looks whole")
            if got.by_close:
                true(c.was_reset, "a plain end would look whole")
    r = w.gate.record(url__path=path)
    true(r["gatebook.outcome"] in ("origin-reset", "answer-truncated"),
        r["gatebook.outcome"])
    equal(r["event.outcome"], "failure")


table([
    ("reset before the answer", b"", True),
    ("reset inside a body with a length",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", True),
    ("reset inside a chunked body", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: "
        b"chunked\r\n\r\n64\r\nhalf", True),
    ("reset inside a body that lasts until the end",
        b"HTTP/1.1 200 OK\r\n\r\nhalf", False),
], origin_resets)


@case
def an_origin_that_sends_more_than_its_length(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
            b"fourANDMORE")
    path = w.path(script)
    with w.gate.client() as c:
        equal(c.get(w.url(path)).body, b"four")
        got = c.get(w.url(w.path(answer(b"next"))))
        true(got is None or got.body == b"next")


@case
def an_origin_that_takes_no_body(w):
    """It answers and resets while the client still sends."""
    def script(connection, request):
        connection.send(answer(b"enough", b"413 Enough",
            b"Connection: close\r\n"))
        connection.end()
    path = w.path(Early(script, takes_over=True))
    with w.gate.client() as c:
        def send():
            try:
                c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
                    "Content-Length: 50000000\r\n\r\n" % w.url(path))
                for _ in range(500):
                    c.send(b"z" * 100000)
            except OSError:
                pass
        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        got = c.answer()
        true(got is None or got.status in (413, 502), got and got.status)
    sending.join(10)
    w.gate.record(url__path=path)


# --- clients that vanish --------------------------------------------------------------

def client_vanishes(w, how, when):
    held = threading.Event()

    def script(connection, request):
        if when == "in the answer":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000"
                b"\r\n\r\nhalf")
        held.set()
        connection.rest()
        return False
    path = w.path(script)
    c = w.gate.client()
    c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
    true(held.wait(5))
    if when == "in the answer":
        c.until(b"half")
    getattr(c, how)()
    connection = w.origin.seen(path)[0].connection
    within(5, lambda: connection.closed, "the origin connection goes too")
    r = w.gate.record(url__path=path)
    true(r["gatebook.outcome"] in ("client-closed", "client-reset"),
        r["gatebook.outcome"])


table([("a client that %ss %s" % (h, t), h, t) for h in ("close", "reset")
    for t in ("before the answer", "in the answer")], client_vanishes)


@case
def a_client_that_vanishes_in_its_request(w):
    path = w.path()
    c = w.gate.client()
    c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 100\r\n"
        "\r\nhalf" % w.url(path))
    within(5, lambda: w.origin.seen(path))
    c.close()
    r = w.gate.record(url__path=path)
    true(r["gatebook.outcome"] in ("client-closed", "client-reset"))
    true(not w.origin.seen(path)[0].whole)


# --- tunnels ---------------------------------------------------------------------------

@case
def an_idle_tunnel_ends_in_time(w):
    w.host("idle.example", "11.0.7.1", 443, lambda c: c.rest())
    with w.gate.client() as c:
        equal(c.connect_to("idle.example:443").status, 200)
        c.send(b"\0")
        true(timed(lambda: c.is_closed(10), 2, 9))
    equal(w.gate.record(destination__domain="idle.example")
        ["gatebook.outcome"], "tunnel-idle")


@case
def a_half_closed_tunnel_ends_in_time(w):
    w.host("half.example", "11.0.7.2", 443, lambda c: (c.rest(),
        time.sleep(20)))
    with w.gate.client() as c:
        equal(c.connect_to("half.example:443").status, 200)
        c.send(b"\0")
        c.end()
        true(timed(lambda: c.is_closed(10), 1, 8))


# --- floods ----------------------------------------------------------------------------

def close_all(clients):
    for c in clients:
        c.close()


@case
def too_many_connections_of_one_client_get_503(w):
    clients, refused = [], []
    try:
        for _ in range(50):
            c = w.gate.client(source="127.0.0.9")
            clients.append(c)
        for c in clients[-5:]:
            c.socket.settimeout(3)
            c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
                % w.url(w.path()))
            got = c.answer()
            if got is not None and got.status == 503:
                refused.append(got)
        true(refused, "no 503 among the last five of fifty")
        # somebody else is served meanwhile
        with w.gate.client(source="127.0.0.10") as c:
            equal(c.get(w.url(w.path())).status, 200)
    finally:
        close_all(clients)

    def recorded():
        return [r for r in w.gate.records() if "too-many-from-client"
            in str((r.get("gatebook.outcome"), r.get("event.reason"),
            r.get("error.code")))]
    within(15, recorded)


@case
def too_many_connections_in_all_get_503(w):
    within(10, lambda: w.gate.metric("client_connections_open") < 3)
    clients = []
    try:
        for i in range(75):
            clients.append(w.gate.client(source="127.0.0.%d" % (20 + i % 5)))
        statuses = []
        for c in clients[-5:]:
            c.socket.settimeout(3)
            try:
                c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
                    % w.url(w.path()))
                got = c.answer()
                statuses.append(got and got.status)
            except OSError:
                statuses.append(None)
        true(503 in statuses, statuses)
    finally:
        close_all(clients)
    within(10, lambda: w.gate.is_ready())

    def served():
        try:
            return w.gate.get(w.url(w.path())).status == 200
        except (OSError, AttributeError):
            return False
    within(10, served, "service after the flood")


@case
def bad_requests_beyond_a_rate_become_one_summary(w):
    """The first twenty a second singly, the rest counted, none lost."""
    source = "127.0.0.77"
    count = 120
    mark = len(list(w.gate.lines()))
    for _ in range(count):
        with w.gate.client(source=source) as c:
            c.send(b"GET http://o.example/x HTTP/1.1\r\n\r\n")
            equal(c.answer().status, 400)

    def counted():
        records = [r for r in w.gate.records() if r["event.sequence"] >= mark]
        single = sum(1 for r in records if r["event.action"] == "refused"
            and r.get("source.ip") == source)
        summed = sum(r["gatebook.summary.count"] for r in records
            if r["event.action"] == "refused-summary" and "127.0.0"
            in r["gatebook.summary.network"]
            and r["gatebook.outcome"] == "bad-request")
        counted.last = (single, summed)
        return single + summed == count
    within(25, counted, lambda: "single, summed: %r of %d" % (counted.last,
        count))
    true(counted.last[1] > 0, "no summary")


@case
def out_of_descriptors_it_goes_on_serving(w):
    gate = Gate({"worker.count": "1", "client.idle": "30s"}, port=4500,
        nofile=160)
    clients = []
    try:
        for _ in range(300):
            try:
                c = gate.client(timeout=3)
            except OSError:
                break
            clients.append(c)
        close_all(clients)

        def served():
            try:
                return gate.get(w.url(w.path())).status == 200
            except (OSError, AttributeError):
                return False
        within(15, served, "service after the flood")
    finally:
        close_all(clients)
        gate.stop()


@case
def many_at_once_are_all_served(w):
    results = []

    def one(i):
        path = w.path(answer(b"n%d" % i))
        got = w.gate.get(w.url(path))
        results.append((got.status, got.body == b"n%d" % i))
    threads = [threading.Thread(target=one, args=(i,)) for i in range(35)]
    within(10, lambda: w.gate.metric("client_connections_open") < 3)
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    equal(results, [(200, True)] * 35)


if __name__ == "__main__":
    run(__file__, lambda: World(SETTINGS))
