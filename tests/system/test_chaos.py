# SPDX-License-Identifier: Apache-2.0
"""Clients and origins that do what comes into their heads: every kind of
request and answer, cut anywhere, delayed, reset, with reloads meanwhile.
Nothing may die, nothing may be left running, and each exchange that an origin
saw has its one record.  GATEBOOK_CHAOS_SECONDS and GATEBOOK_CHAOS_SEED choose
how long and which."""
import collections
import os
import random
import socket
import struct
import threading
import time

from gate import SANITIZED
from harness import case, equal, run, true, within
from origin import Server
from tls import client_hello
from world import World

SECONDS = float(os.environ.get("GATEBOOK_CHAOS_SECONDS", "8"))
SEED = int(os.environ.get("GATEBOOK_CHAOS_SEED", "0")) or random.randrange(
    1, 10 ** 9)
SETTINGS = {"client.head.timeout": "2s", "client.body.timeout": "2s",
    "client.idle": "2s", "upstream.answer.timeout": "2s",
    "upstream.body.timeout": "2s", "tunnel.idle": "3s", "tunnel.half": "2s",
    "upstream.idle": "1s", "log.interim": "1s", "log.segment.size": "1M",
    "client.max.address": "0"}


def hang_up(r, sock):
    """One of the ways to end a connection."""
    way = r.random()
    try:
        if way < 0.3:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                struct.pack("ii", 1, 0))
        elif way < 0.5:
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(0.3)
            while sock.recv(65536):
                pass
    except OSError:
        pass
    sock.close()


def trickle(r, sock, data):
    """Send in pieces, perhaps not all of it; False if not."""
    if r.random() < 0.1:
        data = data[:r.randrange(len(data) + 1)]
        cut = True
    else:
        cut = False
    while data:
        size = r.choice((1, 3, 17, 400, 5000, 100000))
        sock.sendall(data[:size])
        data = data[size:]
        if r.random() < 0.02:
            time.sleep(r.random() / 50)
    return not cut


def chunked(r, body):
    out = b""
    while body:
        size = r.choice((1, 5, 100, 3000))
        piece, body = body[:size], body[size:]
        out += b"%x%s\r\n%s\r\n" % (len(piece), r.choice((b"", b";a=b")),
            piece)
    return out + b"0\r\n" + r.choice((b"", b"X-T: 1\r\n")) + b"\r\n"


# --- origins --------------------------------------------------------------------

def answer(r):
    body = b"b" * r.choice((0, 1, 10, 2000, 70000))
    early = r.choice((b"", b"", b"", b"HTTP/1.1 103 Early\r\n\r\n"))
    kind = r.randrange(10)
    if kind < 4:
        return early + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" \
            % len(body) + body, True
    if kind < 6:
        return early + b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" \
            b"\r\n" + chunked(r, body), True
    if kind == 6:
        return b"HTTP/1.1 200 OK\r\n\r\n" + body, False
    if kind == 7:
        return b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", True
    if kind == 8:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", False
    return r.choice((b"not HTTP\r\n\r\n", b"", b"HTTP/1.1 200 OK\nX: 1\n\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: "
        b"upgrade\r\n\r\nhello")), False


class Origins:
    def __init__(self):
        self.seen = []

    def http(self, connection):
        r = random.Random(len(self.seen) * 7 + SEED)
        try:
            while True:
                head = []

                def on_head(request):
                    head.append(request)
                    self.seen.append(request.target)
                    if r.random() < 0.05:
                        hang_up(r, connection.socket)
                        raise OSError
                request = connection.request(on_head)
                if request is None or not request.whole:
                    return
                data, keep = answer(r)
                if b"upgrade" in (request.get(b"Connection") or b"").lower() \
                        and r.random() < 0.7:
                    connection.send(b"HTTP/1.1 101 Switching Protocols\r\n"
                        b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                    self.echo(connection)
                    return
                if not trickle(r, connection.socket, data) or not keep:
                    return
        finally:
            hang_up(r, connection.socket)

    def echo(self, connection):
        r = random.Random(len(connection.received) + SEED)
        for _ in range(r.randrange(20)):
            if not connection.more():
                break
            data = connection.received[connection.at:]
            connection.at = len(connection.received)
            trickle(r, connection.socket, data)
        hang_up(r, connection.socket)


# --- clients --------------------------------------------------------------------

class Clients:
    def __init__(self, w):
        self.w = w
        self.stop = threading.Event()
        self.count = 0
        self.lock = threading.Lock()
        self.done = 0
        self.threads = [threading.Thread(target=self.live, args=(i,))
            for i in range(24)]
        for t in self.threads:
            t.start()

    def name(self):
        with self.lock:
            self.count += 1
            return b"/c/%d/" % self.count

    def request(self, r, upgrade=False):
        body = b"r" * r.choice((0, 0, 1, 50, 9000, 90000))
        head = b"%s http://%s%s HTTP/1.%d\r\nHost: o.example\r\n" % (
            r.choice((b"GET", b"GET", b"POST", b"HEAD", b"OPTIONS", b"ODD")),
            r.choice((b"o.example",) * 9 + (b"nowhere.example",)),
            self.name(), r.random() > 0.1)
        head += b"X-Fill: %s\r\n" % (b"f" * r.choice((0, 10, 3000)))
        if upgrade:
            head += b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
        if r.random() < 0.1:
            head += b"Connection: close\r\n"
        if r.random() < 0.05:
            head += r.choice((b"Bad Name: x\r\n", b"Content-Length: x\r\n",
                b"X: \0\r\n", b" folded\r\n"))
        if body and b"HTTP/1.0" not in head and r.random() < 0.5:
            return head + b"Transfer-Encoding: chunked\r\n\r\n" \
                + chunked(r, body)
        if body:
            head += b"Content-Length: %d\r\n" % len(body)
            if r.random() < 0.1:
                head += b"Expect: 100-continue\r\n"
        return head + b"\r\n" + body

    def tunnel(self, r):
        port = r.choice((443, 443, 80))
        data = b"CONNECT t.example:%d HTTP/1.1\r\nHost: t\r\n\r\n" % port
        inside = r.randrange(4)
        if inside == 0:
            data += client_hello(r.choice(("t.example", "other.example",
                None)), record_size=r.choice((None, 5)))
        elif inside == 1:
            data += b"GET %s HTTP/1.1\r\nHost: t.example\r\n\r\n" \
                % self.name()
        elif inside == 2:
            data += os.urandom(r.choice((1, 100, 100000)))
        return data

    def live(self, number):
        r = random.Random(SEED + number)
        while not self.stop.is_set():
            try:
                s = socket.create_connection(("127.0.0.1", self.w.gate.port))
                s.settimeout(r.choice((0.02, 0.1, 0.5)))
                for _ in range(r.choice((1, 1, 2, 5))):
                    last = False    # nothing after it is a request to us
                    if r.random() < 0.2:
                        data, last = self.tunnel(r), True
                    elif r.random() < 0.1:
                        data, last = self.request(r, True), True
                    else:
                        data = b"".join(self.request(r)
                            for _ in range(r.choice((1, 1, 3))))
                    whole = trickle(r, s, data)
                    try:
                        while r.random() < 0.9 and s.recv(r.choice((1, 100,
                                65536))):
                            pass
                    except socket.timeout:
                        pass
                    if last or not whole:
                        break
                hang_up(r, s)
                self.done += 1
            except OSError:
                pass

    def end(self):
        self.stop.set()
        for t in self.threads:
            t.join()


@case(timeout=3000)
def nothing_breaks(w):
    print("    seed %d" % SEED)
    clients = Clients(w)
    end = time.monotonic() + SECONDS
    reloads = 0
    while time.monotonic() < end:
        time.sleep(0.7)
        equal(w.gate.command("reload").returncode, 0)
        reloads += 1
    clients.end()
    print("    %d connections, %d requests at the origin, %d reloads"
        % (clients.done, len(w.origins.seen), reloads))
    true(clients.done > (100 if SANITIZED else 200), "too little happened")
    within(15, lambda: w.gate.metric("requests_running") == 0,
        lambda: "running: %g" % w.gate.metric("requests_running"))
    within(15, lambda: w.gate.metric("client_connections_open") == 0)
    within(15, lambda: w.gate.metric("tunnels_open") == 0)
    equal(w.gate.records(event__action="process-died"), [])
    closed = collections.Counter()
    seen = set(w.origins.seen)

    def all_there():
        closed.clear()
        for r in w.gate.records():
            if r["event.action"] in ("request", "tunnel-close", "refused"):
                closed[r.get("url.path", "").encode()] += 1
        return all(closed[t] for t in seen if t.startswith(b"/c/"))
    within(10, all_there, lambda: "no record of %r" % [t for t in seen
        if t.startswith(b"/c/") and not closed[t]][:10])
    twice = [t for t in seen if t.startswith(b"/c/") and closed[t] > 1]
    equal(twice[:10], [], "more than one record")
    fds = {}
    for pid in w.gate.pids("gatebook-worker"):
        within(10, lambda: len(os.listdir("/proc/%d/fd" % pid))
            <= w.fds_before + 8, lambda: "descriptors: %d, at the start %d"
            % (len(os.listdir("/proc/%d/fd" % pid)), w.fds_before))


class Chaos(World):
    def prepare(self):
        self.origins = Origins()
        self.origin.serve = self.origins.http
        self.names.add("t.example", "11.0.12.1")
        Server("11.0.12.1", 443, self.origins.echo)
        Server("11.0.12.1", 80, self.origins.http)

    def __enter__(self):
        super().__enter__()
        self.fds_before = max(len(os.listdir("/proc/%d/fd" % pid))
            for pid in self.gate.pids("gatebook-worker"))
        return self


if __name__ == "__main__":
    run(__file__, lambda: Chaos(SETTINGS))
