# SPDX-License-Identifier: Apache-2.0
"""Corners of the worker that a hostile or unlucky peer can reach: memory that a
peer could make grow, waits that nothing would end, bytes that come in the one
unlucky piece, decisions that somebody could wait out."""
import signal
import socket
import threading
import time

from gate import Gate
from harness import case, equal, run, small_buffers, true, within
from origin import Connection, Early, Server, answer, echo
from tls import client_hello
from world import World

MEGABYTE = 1 << 20
SETTINGS = {
    "client.head.timeout": "2s", "client.body.timeout": "2s",
    "client.idle": "20s", "upstream.answer.timeout": "6s",
    "upstream.body.timeout": "6s", "tunnel.idle": "20s", "tunnel.half": "3s",
    "worker.count": "1", "http.fields.max": "1000",
}


class Corners(World):
    def prepare(self):
        small_buffers()
        self.names.add("t.example", "11.0.2.1")
        Server("11.0.2.1", 443, echo)

    def tunnel(self, where="t.example:443", **more):
        client = self.gate.client(**more)
        equal(client.connect_to(where).status, 200)
        return client

    def serves(self):
        """It still does, and by the same worker."""
        equal(self.gate.get(self.url(self.path())).status, 200)
        equal(self.gate.pids("gatebook-worker"), self.worker)
        self.gate.check_said()


def stuffed(sock, data, most, seconds=1.5):
    """Send data over and over to who does not read; how much went until the
    other side took no more for so long."""
    sock.settimeout(seconds)
    sent = 0
    try:
        while sent < most:
            sent += sock.send(data)
    except OSError:
        pass
    return sent


# --- memory ----------------------------------------------------------------------

@case
def many_Max_Forwards_fields(w):
    path = w.path()
    with w.gate.client() as c:
        c.send(b"TRACE http://o.example%s HTTP/1.1\r\nHost: o.example\r\n"
            b"Max-Forwards:999999\r\n%s\r\n" % (path.encode(),
            b"Max-Forwards:1\r\n" * 900))
        got = c.answer()
        true(got is not None, "no answer")
    for seen in w.origin.seen(path):
        equal(seen.all(b"Max-Forwards"), [b"999998"])
    w.serves()


@case
def own_answers_to_who_does_not_read(w):
    """Each is small, but there is no end of them."""
    one = b"OPTIONS * HTTP/1.1\r\nHost: o.example\r\n\r\n"
    with w.gate.client(receive_buffer=4096) as c:
        true(stuffed(c.socket, one * 500, 40 * MEGABYTE) < 40 * MEGABYTE,
            "read without end")
    w.serves()


@case
def own_answers_are_all_there_for_who_reads_late(w):
    one = b"OPTIONS * HTTP/1.1\r\nHost: o.example\r\n\r\n"
    count = 20000
    with w.gate.client(receive_buffer=4096) as c:
        thread = threading.Thread(target=c.send, args=(one * count,))
        thread.start()
        time.sleep(0.5)
        for _ in range(count):
            equal(c.answer().status, 200)
        thread.join()
    w.serves()


@case
def interim_answers_to_who_does_not_read(w):
    sent = []
    done = threading.Event()

    def script(connection, request):
        sent.append(stuffed(connection.socket,
            b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 500,
            40 * MEGABYTE))
        done.set()
        return False
    with w.gate.client(receive_buffer=4096) as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
            % w.url(w.path(script)))
        true(done.wait(30))
        true(sent[0] < 40 * MEGABYTE, "read without end")
    w.serves()


@case
def interim_answers_go_on_once_the_client_reads(w):
    count = 30000

    def script(connection, request):
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
            * count + answer(b"there"))
    with w.gate.client(receive_buffer=4096) as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
            % w.url(w.path(script)))
        time.sleep(1)
        got = c.answer()
        equal(got.body, b"there")
        equal(len(got.interim), count)
    w.serves()


@case
def a_version_that_was_never_read_is_not_recorded(w):
    for line, version in ((b"GET http://o.example/v HTTP/1.1\r\nHost: a\r\n"
            b"Host: b\r\n", "1.1"), (b"B@D / x\r\n", None)):
        mark = len(list(w.gate.lines()))
        with w.gate.client() as c:
            c.send(line + b"\r\n")
            equal(c.answer().status, 400)
        r = within(5, lambda: [r for r in w.gate.records(
            event__action="refused") if r["event.sequence"] >= mark])[0]
        equal(r.get("http.version"), version)


# --- a tunnel's last bytes ---------------------------------------------------------

@case
def a_client_resets_while_a_full_pipe_waits_for_it(w):
    stop = threading.Event()

    def serve(connection):
        try:
            while not stop.is_set():
                connection.send(b"\0" * 262144)
        except OSError:
            pass
    w.names.add("bulk.example", "11.0.2.9")
    Server("11.0.2.9", 443, serve)
    for _ in range(6):
        c = w.tunnel("bulk.example:443", receive_buffer=4096)
        c.end()                 # nothing is read from it any more
        c.take(3000000)
        time.sleep(0.1)
        c.reset()
    stop.set()
    w.serves()


@case
def a_slow_taker_does_not_shorten_a_tunnel(w):
    size = 60000

    def serve(connection):
        connection.send(b"\1" * size)
        connection.send(b"end" + b"\2" * (connection.rest() == b""))
    w.names.add("slow.example", "11.0.2.10")
    Server("11.0.2.10", 443, serve)
    with w.tunnel("slow.example:443", receive_buffer=4096) as c:
        time.sleep(0.5)
        for _ in range(4):              # some of what waits goes out
            c.take(5000)
            time.sleep(0.1)
        time.sleep(4)                   # longer than client.body.timeout
        c.take(size - 20000)
        c.end()
        equal(c.rest(), b"end\2")


@case
def a_reset_goes_through_a_tunnel(w):
    """Who is cut off must not take what came for the whole, on either side."""
    ends = []

    def serve(connection):
        connection.take(2)
        if connection.received == b"\0r":
            connection.reset()
            return
        connection.rest()
        ends.append(connection.was_reset)
    w.names.add("reset.example", "11.0.2.11")
    Server("11.0.2.11", 443, serve)
    for quiet in (False, True):
        c = w.tunnel("reset.example:443")
        c.send(b"\0x")
        time.sleep(0.2)
        if quiet:
            c.end()
            c.socket.close()
        else:
            c.reset()
        within(5, lambda: len(ends) == quiet + 1)
    equal(ends, [True, False])
    with w.tunnel("reset.example:443") as c:
        c.send(b"\0r")
        c.rest()
        true(c.was_reset, "an orderly end")


@case
def long_first_bytes_are_not_the_last(w):
    """More than is kept while looking at what a tunnel carries."""
    data = b"GET /" + b"a" * 200000
    with w.tunnel() as c:
        thread = threading.Thread(target=c.send, args=(data,))
        thread.start()
        true(c.take(len(data)) == data, "the bytes differ")
        thread.join()
        c.send(b"more")
        equal(c.take(4), b"more")


@case
def plain_HTTP_in_a_tunnel_asked_for_in_HTTP_1_0(w):
    path = w.path()
    with w.gate.client() as c:
        c.send(b"CONNECT o.example:80 HTTP/1.0\r\n\r\n")
        equal(c.answer("CONNECT").status, 200)
        for _ in range(2):
            c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % path)
            got = c.answer()
            true(got is not None, "no answer")
            equal(got.status, 200)
    equal(len(w.origin.seen(path)), 2)


# --- bodies ------------------------------------------------------------------------

@case
def a_pipe_taken_for_the_very_last_bytes_in_sight(w):
    """Three reads come back full, the client is slow with the third, and when
    it has taken all of it the origin has no more for the moment."""
    first, rest = 3 * 65536, MEGABYTE
    head_taken, queued, go = [threading.Event() for _ in range(3)]

    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
            % (first + rest))
        head_taken.wait(20)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF,
            MEGABYTE)
        connection.send(b"a" * first)
        queued.set()
        go.wait(20)
        connection.send(b"b" * rest)
    with w.gate.client(receive_buffer=2048) as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
            % w.url(w.path(script)))
        true(c.until(b"\r\n\r\n"))
        w.gate.kill("gatebook-worker", signal.SIGSTOP)
        head_taken.set()
        queued.wait(20)
        time.sleep(0.1)
        w.gate.kill("gatebook-worker", signal.SIGCONT)
        time.sleep(0.2)
        equal(len(c.take(first)), first)
        go.set()
        c.socket.settimeout(3)
        equal(len(c.take(rest)), rest)


@case
def who_sends_all_and_takes_nothing_is_closed(w):
    """The last byte of the request comes while the answer waits for the
    client."""
    def run_early(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n"
            b"\r\n")
        try:
            while True:
                connection.send(b"z" * 65536)
        except OSError:
            pass
        return False
    path = w.path(Early(run_early, takes_over=True))
    with w.gate.client(receive_buffer=4096) as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 10\r\n"
            "\r\n12345" % w.url(path))
        time.sleep(1)
        c.send("67890")
        r = w.gate.record(12, url__path=path)
        equal(r["gatebook.outcome"], "client-stalled")


@case
def an_answer_may_outlast_a_request_that_stops(w):
    """The origin answers early and at length; the client does not send the
    rest and only reads: all of the answer comes."""
    pieces = 8

    def run_early(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
            % (pieces * 4))
        for _ in range(pieces):
            connection.send(b"abcd")
            time.sleep(0.5)
        return False
    path = w.path(Early(run_early, takes_over=True))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 10\r\n"
            "\r\n12345" % w.url(path))
        got = c.answer()
        true(got.whole, "cut after %d bytes" % len(got.body))
        equal(got.get(b"Connection"), b"close")
    equal(w.gate.record(url__path=path)["gatebook.outcome"], "complete")


@case
def an_origin_that_takes_no_content_is_to_blame(w):
    stop = threading.Event()
    path = w.path(Early(lambda connection, request: stop.wait(30),
        takes_over=True))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Content-Length: 50000000\r\n\r\n" % w.url(path))
        stuffed(c.socket, b"z" * 65536, 50000000, 20)
        r = w.gate.record(15, url__path=path)
        stop.set()
    equal(r["gatebook.outcome"], "origin-timeout")


# --- waiting a decision out -----------------------------------------------------------

STRICT = """policy "Test office" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
}
access {
    deny by-hello {
        when server-name bad.example
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
    deny by-protocol {
        when protocol other
        and  host strict.example
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
}
"""


class Strict(Gate):
    def __init__(self, **settings):
        super().__init__(dict(SETTINGS, **settings), policy=STRICT, port=3140)


def strict(function):
    def with_gate(w):
        w.names.add("strict.example", "11.0.2.20")
        gate = Strict(**{"tunnel.first": "300ms"})
        try:
            function(w, gate)
        finally:
            gate.stop()
    with_gate.__name__ = function.__name__
    return case(with_gate)


@strict
def a_hello_after_a_silence_is_read_too(w, gate):
    with gate.client() as c:
        equal(c.connect_to("t.example:443").status, 200)
        time.sleep(1)
        c.send(client_hello("bad.example"))
        true(c.rest()[:1] in (b"", b"\x15"), "it came back")
    r = gate.record(event__action="tunnel-close")
    equal(r["rule.id"], "by-hello")
    equal(r["tls.client.server_name"], "bad.example")


@strict
def a_hello_with_a_pause_in_it_is_read_too(w, gate):
    hello = client_hello("bad.example")
    with gate.client() as c:
        equal(c.connect_to("t.example:443").status, 200)
        c.send(hello[:20])
        time.sleep(2)
        c.send(hello[20:])
        true(c.rest()[:1] in (b"", b"\x15"), "it came back")
    equal(gate.record(event__action="tunnel-close")["rule.id"], "by-hello")


@strict
def a_hello_that_waits_its_time_out_is_read_as_it_passes(w, gate):
    hello = client_hello("bad.example")
    w.names.add("sees.example", "11.0.2.21")
    server = Server("11.0.2.21", 443, lambda connection: connection.rest())
    with gate.client() as c:
        equal(c.connect_to("sees.example:443").status, 200)
        c.send(hello[:40])
        within(8, lambda: server.received)
        c.send(hello[40:60])
        within(2, lambda: len(server.received) == 60)
        c.send(hello[60:])
        equal(c.rest(), b"")
    true(len(server.received) == 60, "the end of it was passed on")
    r = gate.record(event__action="tunnel-close")
    equal(r["rule.id"], "by-hello")
    equal(r["tls.client.server_name"], "bad.example")


@strict
def a_late_hello_that_is_allowed_is_recorded(w, gate):
    hello = client_hello("good.example")
    with gate.client() as c:
        equal(c.connect_to("t.example:443").status, 200)
        c.send(hello[:40])
        equal(c.take(40), hello[:40])
        c.send(hello[40:])
        equal(c.take(len(hello) - 40), hello[40:])
        c.end()
        equal(c.rest(), b"")
    r = gate.record(event__action="tunnel-close")
    equal(r["tls.client.server_name"], "good.example")
    equal(r["gatebook.outcome"], "complete")


@strict
def a_server_that_speaks_first_speaks_no_TLS(w, gate):
    Server("11.0.2.20", 443, lambda c: (c.send(b"SSH-2.0-x\r\n"), c.rest()))
    with gate.client() as c:
        equal(c.connect_to("strict.example:443").status, 200)
        equal(c.rest(), b"")
    r = gate.record(event__action="tunnel-close")
    equal(r["rule.id"], "by-protocol")
    equal(r["gatebook.decision"], "deny")


@strict
def what_never_shows_what_it_is_is_something_else(w, gate):
    """Bytes that could still become a request, and never do."""
    got = []
    w.names.add("strict.example", "11.0.2.22")
    Server("11.0.2.22", 443, lambda c: got.append(c.rest()))
    with gate.client() as c:
        equal(c.connect_to("strict.example:443").status, 200)
        c.send(b"GET")
        c.rest()
    equal(gate.record(event__action="tunnel-close")["rule.id"],
        "by-protocol")
    equal(b"".join(got), b"")


# --- ways ------------------------------------------------------------------------------

def with_gate(settings=None, policy=None, port=3150):
    """A case with a gatebook of its own."""
    def mark(function):
        def own(w):
            gate = Gate(dict(SETTINGS, **settings or {}), policy=policy,
                port=port)
            try:
                function(w, gate)
            finally:
                gate.stop()
        own.__name__ = function.__name__
        return case(own)
    return mark


@with_gate({"listen": "main 127.0.0.1:3150 proxy-protocol",
    "proxy-protocol.from": "127.0.0.0/8"})
def half_a_head_behind_a_PROXY_header(w, gate):
    with gate.client() as c:
        c.send(b"PROXY TCP4 192.0.2.7 192.0.2.8 1111 80\r\n"
            b"GET http://o.example/half HTTP/1.1\r\n")
        equal(c.answer().status, 408)
    equal(gate.record(event__action="refused")["source.ip"], "192.0.2.7")


@with_gate({"http.head.max": "4K", "http.field.max": "2K",
    "http.target.max": "2K"})
def many_requests_behind_a_body(w, gate):
    """The body wakes the reading; what is read ahead stays bounded, and nobody
    is cut off for it."""
    def slow(connection, request):
        time.sleep(0.5)
        connection.send(answer(b"slow"))
    path = w.path(slow)
    count = 800
    with gate.client() as c:
        data = "POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 1\r\n" \
            "\r\nx" % w.url(path) + ("OPTIONS * HTTP/1.1\r\nHost: o.example"
            "\r\nX: %s\r\n\r\n" % ("y" * 900)) * count
        thread = threading.Thread(target=c.send, args=(data,))
        thread.start()
        equal(c.answer().body, b"slow")
        for _ in range(count):
            equal(c.answer().status, 200)
        thread.join()


class Parent:
    """A proxy that opens tunnels; greeting goes with its answer to CONNECT."""

    def __init__(self, address, to, greeting=b""):
        self.heads = []
        self.to = to
        self.greeting = greeting
        self.server = Server(address, 8080, self.serve)

    def serve(self, connection):
        head = connection.until(b"\r\n\r\n")
        if head is None:
            return
        self.heads.append(head)
        if not head.startswith(b"CONNECT"):
            connection.send(answer(b"by the parent"))
            return
        far = socket.create_connection((self.to, 80))
        connection.send(b"HTTP/1.1 200 Fine\r\n\r\n" + self.greeting)

        def back():
            try:
                while True:
                    data = far.recv(65536)
                    if not data:
                        break
                    connection.send(data)
            except OSError:
                pass
            connection.end()
        threading.Thread(target=back, daemon=True).start()
        try:
            while connection.more():
                far.sendall(connection.received[connection.at:])
                connection.at = len(connection.received)
        finally:
            far.close()


@with_gate({"upstream.parent": "11.0.2.30:8080"})
def plain_HTTP_in_a_tunnel_through_a_parent(w, gate):
    parent = Parent("11.0.2.30", "11.0.1.1")
    path = w.path()
    with gate.client() as c:
        equal(c.connect_to("o.example:80").status, 200)
        for _ in range(3):
            c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % path)
            equal(c.answer().status, 200)
    seen = w.origin.seen(path)
    equal([r.target for r in seen], [path.encode()] * 3)
    equal(len(parent.heads), 1)
    for _ in range(3):
        within(5, lambda: len(gate.records(url__path=path)) == 3)


@with_gate({"upstream.parent": "11.0.2.31:8080"})
def a_request_sent_early_and_words_behind_the_parents_answer(w, gate):
    """The client's first bytes are there when the server speaks first."""
    Parent("11.0.2.31", "11.0.1.1", b"220 I speak first\r\n")
    path = w.path()
    for _ in range(3):
        with gate.client() as c:
            c.send("CONNECT o.example:80 HTTP/1.1\r\nHost: o.example:80\r\n"
                "\r\nGET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % path)
            equal(c.answer("CONNECT").status, 200)
            equal(c.until(b"\r\n"), b"220 I speak first\r\n")
            equal(c.answer().status, 200)
    within(5, lambda: len(gate.records(event__action="tunnel-close")) == 3)


@case
def interim_answers_are_bytes_of_an_answer(w):
    """A kept connection that ends after one is no reason to ask again."""
    first = threading.Event()

    def script(connection, request):
        if not first.is_set():
            first.set()
            connection.send(answer(b"kept"))
            return
        connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        return False
    path = w.path(script)
    with w.gate.client() as c:
        equal(c.get(w.url(path)).body, b"kept")
        got = c.get(w.url(path))
        equal(got.status, 502)
        equal(len(got.interim), 1)
    equal(len(w.origin.seen(path)), 2)


# --- which address, which policy ----------------------------------------------------------

RULES = STRICT[:STRICT.index("access {")]
DENIED = """
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
"""
BY_ADDRESS = RULES + """access {
    deny by-destination {
        when destination 11.0.9.0/24 or 2a0b:1:9::/48 %s    }
}
""" % DENIED


@with_gate(policy=RULES + """access {
    deny by-destination {
        when destination 2a0b:1:9::/48 %s    }
}
""" % DENIED)
def the_record_is_about_the_address_that_answered(w, gate):
    """The first address is slow, the second denied; then the first answers."""
    slow = socket.socket()
    slow.bind(("11.0.9.1", 80))
    slow.listen(0)
    filling = []
    for _ in range(3):          # its queue is full: it drops what comes
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("11.0.9.1", 80))
        filling.append(s)
    w.names.add("two.example", "11.0.9.1", "2a0b:1:9::1")

    def serve():
        time.sleep(0.6)
        while True:
            sock, _ = slow.accept()
            connection = Connection(sock)
            threading.Thread(target=lambda c: c.until(b"\r\n\r\n") and
                c.send(answer(b"late")), args=(connection,),
                daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    got = gate.get("http://two.example/late")
    equal((got.status, got.body), (200, b"late"))
    r = gate.record(url__path="/late")
    equal(r["destination.ip"], "11.0.9.1")
    equal(r["gatebook.decision"], "audit")
    equal(r["rule.id"], "default")
    for s in filling:
        s.close()


@with_gate(policy=RULES + "access {\n}\n")
def a_new_rule_about_addresses_ends_a_running_tunnel(w, gate):
    w.names.add("nine.example", "11.0.9.2")
    Server("11.0.9.2", 443, echo)
    with gate.client() as c, gate.client() as other:
        equal(c.connect_to("nine.example:443").status, 200)
        equal(other.connect_to("t.example:443").status, 200)
        for client in (c, other):
            client.send(b"\0x")
            equal(client.take(2), b"\0x")
        gate.write("test.policy", BY_ADDRESS)
        equal(gate.command("reload").returncode, 0)
        true(c.is_closed(), "left open")
        other.send(b"y")
        equal(other.take(1), b"y")
    r = gate.record(destination__domain="nine.example")
    equal(r["rule.id"], "by-destination")
    equal(r["gatebook.outcome"], "denied-later")


LIFTED = RULES + """access {
    audit inside {
        when address-kind private
        and  host ten.example
    }
}
"""


@with_gate(policy=LIFTED)
def a_rule_that_lifted_is_gone_and_so_is_the_tunnel(w, gate):
    w.names.add("ten.example", "10.9.9.9")
    Server("10.9.9.9", 443, echo)
    with gate.client() as c:
        equal(c.connect_to("ten.example:443").status, 200)
        c.send(b"\0x")
        equal(c.take(2), b"\0x")
        gate.write("test.policy", RULES + "access {\n}\n")
        equal(gate.command("reload").returncode, 0)
        true(c.is_closed(), "left open")
    r = gate.record(destination__domain="ten.example")
    equal(r["gatebook.outcome"], "special-address")


@with_gate(policy=LIFTED)
def a_rule_that_lifted_must_hold_for_both_names(w, gate):
    w.names.add("ten.example", "10.9.9.8")
    server = Server("10.9.9.8", 443, echo)
    for name, passes in (("ten.example", True), (None, True),
            ("eleven.example", False)):
        hello = client_hello(name)
        with gate.client() as c:
            equal(c.connect_to("ten.example:443").status, 200)
            c.send(hello)
            if passes:
                equal(c.take(len(hello)), hello)
            else:
                equal(c.rest(), b"\x15\3\3\0\2\2\x31")
    equal(len(server.received), len(client_hello("ten.example"))
        + len(client_hello(None)))
    within(5, lambda: gate.records(gatebook__outcome="special-address"))


@with_gate(policy=RULES + """access {
    audit careful {
        when destination 11.0.9.0/24
        commit forward
    }
}
""")
def a_rule_that_may_yet_demand_the_disk_is_obeyed(w, gate):
    w.names.add("careful.example", "11.0.9.3")
    Server("11.0.9.3", 80, lambda c: c.until(b"\r\n\r\n") and c.send(
        answer(b"ok")))
    equal(gate.get("http://careful.example/c").body, b"ok")
    actions = within(5, lambda: [r["event.action"] for r in gate.records(
        destination__domain="careful.example")])
    equal(actions[0], "request-open")


class Fixture(Corners):
    def __init__(self):
        super().__init__(SETTINGS)

    def __enter__(self):
        super().__enter__()
        self.worker = self.gate.pids("gatebook-worker")
        return self


if __name__ == "__main__":
    run(__file__, Fixture)
