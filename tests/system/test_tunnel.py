# SPDX-License-Identifier: Apache-2.0
"""CONNECT: any bytes both ways, what is read from them in passing, and plain
HTTP inside, which is a request like any other."""
import hashlib
import os
import socket
import threading

from harness import case, equal, run, table, true, within
from origin import Connection, Origin, Server, answer, echo
from tls import Authority, client_hello
from world import World


class Tunnels(World):
    def prepare(self):
        self.authority = Authority()
        self.names.add("t.example", "11.0.2.1")
        self.names.add("first.example", "11.0.2.2")
        self.names.add("tls.example", "11.0.2.3")
        self.echo = Server("11.0.2.1", 443, echo)
        self.first = Server("11.0.2.2", 443, self.speaks_first)
        self.tls = Origin("11.0.2.3", 443,
            tls=self.authority.server("tls.example", alpn=["http/1.1"]))
        self.http = Origin("11.0.2.1", 80)

    @staticmethod
    def speaks_first(connection):
        connection.send(b"220 first.example ready\r\n")
        line = connection.until(b"\r\n")
        connection.send(b"250 you said " + (line or b"nothing"))

    def tunnel(self, where="t.example:443", **more):
        client = self.gate.client(**more)
        got = client.connect_to(where)
        equal(got.status, 200)
        return client

    def closed(self, host, **wanted):
        return self.gate.record(event__action="tunnel-close",
            destination__domain=host, **wanted)


def of(client):
    return {"source__port": client.socket.getsockname()[1]}


@case
def bytes_go_both_ways(w):
    with w.tunnel() as c:
        port = of(c)
        for size in (1, 10, 70000):
            data = os.urandom(size)
            threading.Thread(target=c.send, args=(data,)).start()
            equal(c.take(size) == data, True, "%d bytes" % size)
        c.end()
        equal(c.rest(), b"")
    r = w.closed("t.example", **port)
    wanted = {"http.request.method": "CONNECT", "destination.port": 443,
        "destination.ip": "11.0.2.1", "http.response.status_code": 200,
        "event.outcome": "success", "gatebook.tls.inspection": "none",
        "gatebook.decision": "audit", "gatebook.outcome": "complete"}
    for name, value in wanted.items():
        equal(r.get(name), value, name)
    true(r["destination.bytes"] == 70011, r["destination.bytes"])
    true(70011 <= r["source.bytes"] <= 70011 + 200, r["source.bytes"])


@case
def the_answer_to_CONNECT_is_bare(w):
    with w.gate.client() as c:
        got = c.connect_to("t.example:443")
        equal(got.status, 200)
        equal(got.all(b"Content-Length"), [])
        equal(got.all(b"Transfer-Encoding"), [])


@case
def bytes_sent_with_the_CONNECT(w):
    with w.gate.client() as c:
        c.send(b"CONNECT t.example:443 HTTP/1.1\r\nHost: t.example:443\r\n"
            b"\r\n\0early bytes")
        equal(c.answer("CONNECT").status, 200)
        equal(c.take(12), b"\0early bytes")


@case
def many_early_bytes(w):
    data = b"\0" + os.urandom(300000)
    with w.gate.client() as c:
        threading.Thread(target=c.send, args=(b"CONNECT t.example:443 "
            b"HTTP/1.1\r\nHost: t.example:443\r\n\r\n" + data,)).start()
        equal(c.answer("CONNECT").status, 200)
        true(c.take(len(data)) == data, "the bytes differ")


@case
def a_CONNECT_in_single_bytes_and_in_HTTP_1_0(w):
    with w.gate.client() as c:
        c.send_bytewise(b"CONNECT t.example:443 HTTP/1.0\r\n\r\n")
        equal(c.answer("CONNECT").status, 200)
        c.send(b"\0hello")
        equal(c.take(6), b"\0hello")


@case
def a_server_that_speaks_first(w):
    with w.tunnel("first.example:443") as c:
        equal(c.until(b"\r\n"), b"220 first.example ready\r\n")
        c.send(b"HELO me\r\n")
        equal(c.until(b"\r\n"), b"250 you said HELO me\r\n")


@case
def the_client_ends_its_half_first(w):
    got = []

    def serve(connection):
        got.append(connection.rest())
        connection.send(b"now I speak" * 1000)
    w.names.add("half1.example", "11.0.2.4")
    Server("11.0.2.4", 443, serve)
    with w.tunnel("half1.example:443") as c:
        c.send(b"\0all of it")
        c.end()
        equal(c.rest(), b"now I speak" * 1000)
    equal(got, [b"\0all of it"])
    equal(w.closed("half1.example")["event.outcome"], "success")


@case
def the_server_ends_its_half_first(w):
    got = []

    def serve(connection):
        connection.send(b"that is all")
        connection.end()
        got.append(connection.rest())
    w.names.add("half2.example", "11.0.2.5")
    Server("11.0.2.5", 443, serve)
    with w.tunnel("half2.example:443") as c:
        equal(c.rest(), b"that is all")
        c.send(b"\0but I go on" * 1000)
        c.end()
        within(5, lambda: got)
    equal(got, [b"\0but I go on" * 1000])


@case
def a_reset_goes_through(w):
    for side in ("client", "server"):
        held = []

        def serve(connection):
            held.append(connection)
            connection.take(1)
            if side == "server":
                connection.reset()
            else:
                connection.rest()
        name = "reset-%s.example" % side
        address = {"client": "11.0.2.6", "server": "11.0.2.7"}[side]
        w.names.add(name, address)
        Server(address, 443, serve)
        c = w.tunnel(name + ":443")
        c.send(b"\0")
        if side == "client":
            within(5, lambda: held and held[0].received)
            c.reset()
            within(5, lambda: held[0].was_reset or held[0].closed)
        else:
            c.rest()
            c.close()
        record = w.closed(name)
        true(record["gatebook.outcome"] in ("client-reset", "origin-reset",
            "client-closed", "origin-closed"), record["gatebook.outcome"])


@case
def a_vanished_client_takes_the_origin_connection_along(w):
    mark = len(w.echo.connections)
    c = w.tunnel()
    c.send(b"\0x")
    c.take(2)
    c.close()
    within(5, lambda: w.echo.connections[mark].closed)


@case
def a_whole_TLS_session(w):
    w.tls.on("/inside-tls", answer(b"secret content"))
    with w.tunnel("tls.example:443") as c:
        port = of(c)
        context = w.authority.client(alpn=["h2", "http/1.1"])
        with context.wrap_socket(c.socket, server_hostname="tls.example") as s:
            s.sendall(b"GET /inside-tls HTTP/1.1\r\nHost: tls.example\r\n\r\n")
            wire = Connection(s)
            true(b"200 OK" in wire.until(b"\r\n\r\n"))
            equal(wire.take(14), b"secret content")
    r = w.closed("tls.example", **port)
    equal(r["tls.client.server_name"], "tls.example")
    equal(r["tls.client.alpn"], ["h2", "http/1.1"])
    equal(r["tls.client.supported_versions"][0].replace("TLSv", ""), "1.3")
    true("tls.client.ja4" in r)
    equal(r.get("gatebook.tls.name_mismatch", False), False)
    equal(r["network.protocol"], "tls")
    true("inside-tls" not in str(r), "a path inside TLS")


# --- what the ClientHello says ------------------------------------------------

def hello_is_read(w, send, wanted, **hello):
    data = client_hello(**hello)
    with w.tunnel() as c:
        port = of(c)
        send(c, data)
        equal(c.take(len(data)) == data, True, "the hello came through whole")
    r = w.closed("t.example", **port)
    for name, value in wanted.items():
        if callable(value):
            true(value(r.get(name)), "%s is %r" % (name, r.get(name)))
        else:
            equal(r.get(name), value, name)


def whole(c, data):
    c.send(data)


def bytewise(c, data):
    c.send_bytewise(data)


# JA4 by FoxIO's rules: t13 d(sni) 03 ciphers 07 extensions h2 _ sorted ciphers
# _ sorted extensions without SNI and ALPN, then signature algorithms.
def ja4(sni=True, extensions="000a,000b,000d,002b,0033", count=7,
        alpn="h2", version="13"):
    ciphers = hashlib.sha256(b"1301,1302,c02f").hexdigest()[:12]
    rest = hashlib.sha256((extensions + "_0403,0804,0401").encode()
        ).hexdigest()[:12]
    return "t%s%s03%02d%s_%s_%s" % (version, "d" if sni else "i", count, alpn,
        ciphers, rest)


table([
    ("hello: in one piece", whole, {"tls.client.server_name": "t.example",
        "tls.client.ja4": ja4(), "gatebook.tls.name_mismatch":
        lambda v: not v, "network.protocol": "tls"}, ),
], lambda w, s, want: hello_is_read(w, s, want, name="t.example"))
table([
    ("hello: in single bytes", bytewise, {"tls.client.server_name":
        "t.example", "tls.client.ja4": ja4()}),
], lambda w, s, want: hello_is_read(w, s, want, name="t.example"))
table([
    ("hello: in several records", whole, {"tls.client.server_name":
        "t.example", "tls.client.ja4": ja4()}),
], lambda w, s, want: hello_is_read(w, s, want, name="t.example",
    record_size=7))
table([
    ("hello: another name is a fact", whole, {"tls.client.server_name":
        "other.example", "gatebook.tls.name_mismatch": True,
        "destination.domain": "t.example"}),
], lambda w, s, want: hello_is_read(w, s, want, name="other.example"))
table([
    ("hello: without a name", whole, {"tls.client.server_name": None,
        "tls.client.ja4": ja4(sni=False, count=6)}),
], lambda w, s, want: hello_is_read(w, s, want, name=None))
table([
    ("hello: with ECH the name is the outer one", whole,
        {"tls.client.server_name": "outer.example", "gatebook.tls.ech":
        lambda v: v is not None}),
], lambda w, s, want: hello_is_read(w, s, want, name="outer.example",
    ech=True))
table([
    ("hello: a long one", whole, {"tls.client.server_name": "t.example"}),
], lambda w, s, want: hello_is_read(w, s, want, name="t.example",
    padding=9000))


@case
def a_broken_hello_passes_all_the_same(w):
    data = b"\x16\x03\x01\x00\x20\x01\x00\x00\x1c" + b"\xff" * 28
    with w.tunnel() as c:
        c.send(data)
        equal(c.take(len(data)), data)


@case
def a_TLS_record_that_never_ends_passes_after_a_while(w):
    with w.tunnel() as c:
        c.send(b"\x16\x03\x01\x02")
        equal(c.take(4), b"\x16\x03\x01\x02")


@case
def a_silent_tunnel_stays_open(w):
    with w.tunnel() as c:
        c.socket.settimeout(2.5)
        try:
            true(c.more(), "closed")
            raise AssertionError("bytes from nowhere")
        except socket.timeout:
            pass
        c.socket.settimeout(10)
        c.send(b"\0still there")
        equal(c.take(12), b"\0still there")


# --- plain HTTP inside ----------------------------------------------------------

@case
def plain_http_in_a_tunnel_takes_the_request_path(w):
    w.http.on("/inside", answer(b"plain"))
    with w.tunnel("t.example:80") as c:
        c.send(b"GET /inside?page=1 HTTP/1.1\r\nHost: t.example\r\n"
            b"Proxy-Authorization: Basic xyz\r\nX-B: 1\r\nx-a: 2\r\n\r\n")
        got = c.answer()
        equal((got.status, got.body), (200, b"plain"))
        c.send(b"GET /inside2 HTTP/1.1\r\nHost: t.example\r\n\r\n")
        equal(c.answer().status, 200)
    r = w.gate.record(url__path="/inside")
    equal(r["event.action"], "request")
    equal(r["http.request.method"], "GET")
    equal(r["url.domain"], "t.example")
    equal(r["url.scheme"], "http")
    w.gate.record(url__path="/inside2")
    request = w.http.seen("/inside")[0]
    equal(request.get(b"Proxy-Authorization"), None)
    equal(request.get(b"Host"), b"t.example")


@case
def plain_http_in_a_tunnel_is_parsed_strictly(w):
    mark = len(w.http.received)
    with w.tunnel("t.example:80") as c:
        c.send(b"POST /x HTTP/1.1\r\nHost: t.example\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        equal(c.answer().status, 400)
        true(c.is_closed())
    equal(len(w.http.received), mark)


@case
def a_websocket_in_a_tunnel_to_port_80(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: "
            b"websocket\r\nConnection: Upgrade\r\n\r\n")
        echo(connection)
        return False
    w.http.on("/ws", script)
    with w.tunnel("t.example:80") as c:
        c.send(b"GET /ws HTTP/1.1\r\nHost: t.example\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n")
        equal(c.answer().status, 101)
        c.send(b"\x81\x05hello")
        equal(c.take(7), b"\x81\x05hello")
    r = w.gate.record(url__path="/ws")
    equal(r["gatebook.upgrade"], "websocket")


@case
def the_host_inside_may_not_be_another(w):
    """A request inside whose Host is not the CONNECT's is judged as what it
    asks for, or refused; it never passes as the other host unseen."""
    with w.tunnel("t.example:80") as c:
        c.send(b"GET /whose HTTP/1.1\r\nHost: o.example\r\n\r\n")
        got = c.answer()
    r = within(5, lambda: [r for r in w.gate.records()
        if r.get("url.path") == "/whose" or (r["event.action"] == "refused"
        and "o.example" in str(r))])[0]
    if got is not None and got.status == 200:
        equal(r["url.domain"], "o.example")
    else:
        equal(w.http.seen("/whose"), [])


# --- ports --------------------------------------------------------------------

def port_refused(w, port):
    with w.gate.client() as c:
        got = c.connect_to("t.example:%d" % port)
        equal(got.status, 403)
        true(got.get(b"Proxy-Status"))
        true(got.body, "no word about it")
    r = w.gate.record(destination__domain="t.example", destination__port=port)
    equal(r["gatebook.outcome"], "port-not-allowed")
    equal(r["gatebook.decision"], "deny")


table([("port %d is refused" % p, p) for p in (22, 25, 8443, 1)],
    port_refused)


# --- faults -------------------------------------------------------------------

def connect_fails(w, where, status, outcome):
    with w.gate.client() as c:
        got = c.connect_to(where)
        equal(got.status, status)
        true(got.get(b"Proxy-Status"), "no Proxy-Status")
        true(len(got.body) < 2000, "a long body in reply to CONNECT")
    r = w.gate.record(destination__domain=where.rpartition(":")[0].strip("[]"))
    equal(r["gatebook.outcome"], outcome)
    equal(r["http.response.status_code"], status)
    equal(r["event.outcome"], "failure")


table([
    ("a name that does not exist", "nowhere.example:443", 502,
        "dns-no-such-name"),
    ("a refused connection", "11.0.2.99:443", 502, "connection-refused"),
    ("an address without a way", "13.0.0.1:443", 502, "unreachable"),
], connect_fails)


if __name__ == "__main__":
    run(__file__, Tunnels)
