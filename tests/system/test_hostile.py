# SPDX-License-Identifier: Apache-2.0
"""Clients and origins that mean harm or are broken, made up by dice: requests
and answers that are right, then changed in some bytes, cut, doubled, sent in
pieces, aborted, reset or half closed anywhere, to a gatebook whose policy
changes all the while.  Afterwards it must be whole: the same workers, no sign of
a fault, good requests served, a closing record for each exchange and only one,
no connection left, no descriptor more than before.

    GATEBOOK_HOSTILE_SEED=7 GATEBOOK_HOSTILE_SECONDS=600 test_hostile.py

Every conversation is made from the seed, its thread and its number; the dice of
an origin are those of the path that was asked for.
"""
import collections
import os
import random
import re
import signal
import socket
import struct
import threading
import time

from gate import Gate
from harness import case, equal, run, small_buffers, true, within
from origin import listen
from tls import client_hello
from world import World

SEED = int(os.environ.get("GATEBOOK_HOSTILE_SEED", "1"))
SECONDS = float(os.environ.get("GATEBOOK_HOSTILE_SECONDS", "5"))
THREADS = int(os.environ.get("GATEBOOK_HOSTILE_THREADS", "32"))
CLOSING = {"request", "tunnel-close", "refused", "worker-died"}
SETTINGS = {
    "client.head.timeout": "1500ms", "client.body.timeout": "1500ms",
    "client.idle": "1500ms", "upstream.answer.timeout": "2s",
    "upstream.body.timeout": "2s", "upstream.connect.timeout": "1s",
    "upstream.idle": "1s", "tunnel.idle": "2s", "tunnel.half": "1s",
    "tunnel.first": "300ms", "log.interim": "1s", "worker.count": "2",
    "client.max.address": "0", "log.ring.size": "256K",
    "proxy-protocol.from": "127.0.0.0/8",
}
OFFICE = """policy "Hostile %d" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
    notice     "https://office.example/notice"
}
access {
%s}
"""
DENY = """    deny %s {
        when %s
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
"""
POLICIES = [
    OFFICE % (0, ""),
    OFFICE % (1, DENY % ("by-host", "host h3.example") + DENY % ("by-path",
        'path "/r/*3*"')),
    OFFICE % (2, DENY % ("by-address", "destination 11.1.0.4") + DENY
        % ("by-size", "request-size over 20 KB") + DENY % ("by-hello",
        "server-name h5.example")),
    OFFICE % (3, DENY % ("by-protocol", "protocol other") + """    audit odd {
        when server-name h1.example or h2.example
        commit forward
        record host
    }
"""),
    OFFICE % (4, "") + """
headers {
    set "X-Department" "Examples, a name that is not short at all"
        when host h1.example or h2.example
    strip "X-Long" when host h4.example
}
route {
    parent "parent.example:8080" by-parent { when host h6.example }
}
tls {
    never protected { when host h2.example }
    inspect press { when host h5.example purpose "Records" }
    tunnel the-rest
}
""",
]
HOSTS = 8
# What only a plain request asks for; other bytes may look like one, too.
PLAIN = re.compile(rb"[A-Z]+ (?:http://h\d\.example(?::\d+)?)?"
    rb"(/r/\d+\.\d+-\d+) HTTP/1\.1\r\n")


# --- dice -------------------------------------------------------------------------

def mutated(dice, data, rate):
    """Some bytes of data are others now."""
    if dice.random() > rate or not data:
        return data
    data = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        at = dice.randrange(len(data) + 1)
        what = dice.randrange(8)
        some = dice.choice((b"\r", b"\n", b"\0", b"\r\n", b"\r\n\r\n", b" ",
            b":", b"\t", b"0", b"ffffffffffffffff", b"-1", b"%00", b",",
            b"HTTP/1.1", b"\x80\xff", b"chunked", b"close", b";", b"\"",
            bytes([dice.randrange(256)])))
        if what == 0:
            data[at:at] = some
        elif what == 1:
            data[at:at + len(some)] = some
        elif what == 2:
            del data[at:at + dice.choice((1, 1, 2, 10, 100))]
        elif what == 3:
            data[at:at] = data[at:at + dice.randrange(1, 200)]
        elif what == 4:
            del data[at:]
        elif what == 5 and at < len(data):
            data[at] ^= 1 << dice.randrange(8)
        elif what == 6:
            other = dice.randrange(len(data) + 1)
            data[at:at] = data[other:other + dice.randrange(60)]
        else:
            data[at:at] = some * dice.choice((2, 10, 300))
    return bytes(data)


def chunked(dice, body):
    out = b""
    while body:
        n = min(len(body), dice.choice((1, 3, 100, 5000, 70000)))
        more = dice.choice((b"", b"", b"", b";a=b", b';q="x;y"'))
        out += b"%x%s\r\n%s\r\n" % (n, more, body[:n])
        body = body[n:]
    trailers = dice.choice((b"", b"", b"X-Sum: 1\r\n"))
    return out + b"0\r\n" + trailers + b"\r\n"


def sizes(dice):
    return dice.choice((0, 0, 1, 5, 100, 3000, 30000, 65536, 200000, 600000))


def body_of(dice, size):
    return bytes([dice.randrange(97, 123)]) * size


class Over(Exception):
    """This conversation ends here."""


def deliver(dice, sock, data, patience=1.5):
    """Send data as the dice say; Over if they say to stop."""
    sock.settimeout(patience)
    how = dice.randrange(10)
    stop = len(data) if dice.random() < 0.85 else dice.randrange(
        len(data) + 1)
    at = 0
    try:
        while at < stop:
            n = stop - at
            if how == 0:
                n = 1 if at < 120 else n
            elif how < 4:
                n = dice.choice((1, 2, 7, 50, 1000, 20000, n))
            n = min(n, stop - at)
            sock.sendall(data[at:at + n])
            at += n
            if how < 4 and dice.random() < 0.2:
                time.sleep(dice.choice((0, 0.001, 0.005, 0.02)))
    except OSError:
        raise Over
    if stop < len(data):
        if dice.random() < 0.3:
            time.sleep(dice.choice((0.01, 0.1, 1.8)))
        leave(dice, sock)
        raise Over


def leave(dice, sock):
    """One of the ways to go."""
    how = dice.randrange(4)
    try:
        if how == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                struct.pack("ii", 1, 0))
        elif how == 1:
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(dice.choice((0.05, 0.5)))
            while sock.recv(65536):
                pass
        elif how == 2:
            sock.settimeout(0.05)
            sock.recv(100)
    except OSError:
        pass
    sock.close()


def take(dice, sock, patience):
    """Read for a while, as the dice say; true at the end of the stream."""
    how = dice.randrange(6)
    sock.settimeout(patience)
    got = 0
    try:
        while True:
            n = len(sock.recv(dice.choice((1, 100, 5000)) if how == 0
                else 65536))
            got += n
            if n == 0:
                return True
            if how == 1 and got > 3000:
                time.sleep(dice.choice((0.01, 0.3, 1.7)))
            if how == 0 and got > 2000 or how == 2 and got > 100000:
                return False
            if dice.random() < 0.01:
                return False
    except OSError:
        return False


# --- clients ----------------------------------------------------------------------

def request(dice, where):
    """One request, right as yet, and whether it is a CONNECT."""
    host = b"h%d.example" % dice.randrange(HOSTS)
    port = dice.choice((b"", b"", b"", b":80", b":81"))
    version = dice.choice((b"1.1",) * 6 + (b"1.0",))
    if dice.random() < 0.18:
        port = dice.choice((b":443", b":443", b":443", b":80", b":81"))
        return b"CONNECT %s%s HTTP/%s\r\nHost: %s%s\r\n\r\n" % (host, port,
            version, host, port), True
    method = dice.choice((b"GET",) * 8 + (b"HEAD", b"POST", b"POST", b"PUT",
        b"DELETE", b"OPTIONS", b"TRACE", b"BREW"))
    target = b"http://%s%s/r/%s" % (host, port, where)
    if method == b"OPTIONS" and dice.random() < 0.5:
        target = b"*"
    fields = b"Host: %s%s\r\n" % (host, port)
    for more, rate in ((b"Connection: close\r\n", 0.05),
            (b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\n", 0.05),
            (b"Accept: text/html\r\n", 0.1), (b"Max-Forwards: %d\r\n"
            % dice.randrange(3), 0.05), (b"Authorization: NTLM abc\r\n", 0.05),
            (b"X-Long: " + b"y" * dice.randrange(5000) + b"\r\n", 0.05),
            (b"Connection: Upgrade\r\nUpgrade: websocket\r\n", 0.07),
            (b"Via: 1.1 other\r\n", 0.05), (b"User-Agent: " + dice.choice((
            b"Mozilla/5.0 (X11) Gecko/20100101 Firefox/128.0", b"curl/8", b"",
            b"(" * 600)) + b"\r\n", 0.2), (b"Sec-Fetch-Mode: navigate\r\n"
            b"Sec-Fetch-Dest: iframe\r\nSec-Fetch-Site: cross-site\r\n", 0.1),
            (b"Referer: http://u:p@x.example/" + b"z" * dice.choice((3, 900))
            + b"\r\nOrigin: http://y.example\r\n", 0.1)):
        if dice.random() < rate:
            fields += more
    body = b""
    if method in (b"POST", b"PUT") or dice.random() < 0.05:
        body = body_of(dice, sizes(dice))
        if version == b"1.1" and dice.random() < 0.5:
            fields += b"Transfer-Encoding: chunked\r\n"
            body = chunked(dice, body)
        else:
            fields += b"Content-Length: %d\r\n" % len(body)
        if dice.random() < 0.2:
            fields += b"Expect: 100-continue\r\n"
    return b"%s %s HTTP/%s\r\n%s\r\n%s" % (method, target, version, fields,
        body), False


def inside_tunnel(dice, where):
    """What may follow a CONNECT."""
    host = b"h%d.example" % dice.randrange(HOSTS)
    kind = dice.randrange(6)
    if kind < 2:
        return b"GET /r/%s HTTP/1.1\r\nHost: %s\r\n\r\n" % (where, host) * \
            dice.choice((1, 1, 3))
    if kind < 4:
        return client_hello(host.decode(), padding=dice.choice((0, 0, 9000)),
            record_size=dice.choice((None, None, 50))) + body_of(dice,
            sizes(dice))
    return bytes(dice.randrange(256) for _ in range(dice.choice((0, 1, 5,
        60)))) + body_of(dice, sizes(dice))


def proxy_header(dice):
    if dice.random() < 0.5:
        return b"PROXY TCP4 192.0.2.%d 192.0.2.9 %d 80\r\n" % (
            dice.randrange(250), dice.randrange(1, 65536))
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH4s4sHH", 0x21, 0x11, 12,
        b"\xc0\0\2" + bytes([dice.randrange(250)]), b"\xc0\0\2\1", 1234, 80)


def conversation(dice, gate, where):
    rate = dice.choice((0, 0, 0.1, 0.5))
    by_header = dice.random() < 0.1
    family = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    with family as sock:
        sock.settimeout(3)
        if dice.random() < 0.4:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.connect(("127.0.0.1", gate.port + 2 if by_header else gate.port))
        data = mutated(dice, proxy_header(dice), rate / 2) if by_header else \
            b""
        count = dice.choice((1, 1, 1, 2, 2, 4, 20))
        pipelined = dice.random() < 0.4
        for i in range(count):
            more, is_connect = request(dice, b"%s-%d" % (where, i))
            data += mutated(dice, more, rate)
            if is_connect:
                if dice.random() < 0.3:
                    data += mutated(dice, inside_tunnel(dice, where), rate)
                deliver(dice, sock, data)
                data = b""
                for _ in range(dice.choice((0, 1, 2))):
                    take(dice, sock, dice.choice((0.02, 0.1)))
                    deliver(dice, sock, mutated(dice, inside_tunnel(dice,
                        where), rate))
                break
            if not pipelined:
                deliver(dice, sock, data)
                data = b""
                if dice.random() < 0.9 and take(dice, sock,
                        dice.choice((0.01, 0.05, 0.3))):
                    return
        deliver(dice, sock, data)
        if dice.random() < 0.5:
            take(dice, sock, dice.choice((0.05, 0.3, 2)))
        leave(dice, sock)


# --- origins ----------------------------------------------------------------------

def final(dice, method):
    """The bytes of an answer, right as yet; and whether it ends by closing."""
    status = dice.choice((b"200 OK",) * 8 + (b"204 No Content",
        b"304 Not Modified", b"404 Not Found", b"500", b"999 Odd",
        b"401 Who"))
    fields = dice.choice((b"", b"", b"Connection: close\r\n",
        b"WWW-Authenticate: NTLM\r\n", b"Date: yesterday\r\n",
        b"X-A: 1\r\nX-A: 2\r\n", b"Set-Cookie: a=b\r\n" * 50))
    version = dice.choice((b"1.1",) * 6 + (b"1.0",))
    body = body_of(dice, sizes(dice))
    framing = dice.randrange(5)
    closes = version == b"1.0" or b"close" in fields
    if framing < 2 or (version == b"1.0" and framing < 4):
        fields += b"Content-Length: %d\r\n" % len(body)
    elif framing < 4:
        fields += b"Transfer-Encoding: chunked\r\n"
        body = chunked(dice, body)
    else:
        closes = True
    if (method == b"HEAD" or status[:3] in (b"204", b"304")) and \
            dice.random() < 0.9:
        body = b""
    return b"HTTP/%s %s\r\n%s\r\n%s" % (version, status, fields, body), closes


def interim(dice):
    return dice.choice((b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\nConnection: X\r\nX: 1\r\n\r\n",
        )) * dice.choice((1, 1, 1, 3, 400, 4000))


class Hostile:
    """An origin for all hosts on one port."""

    def __init__(self, port, seed):
        self.port = port
        self.seed = seed
        self.seen = set()
        self.count = 0
        for i in range(HOSTS):
            listener = listen("11.1.0.%d" % i, port)
            threading.Thread(target=self.accept, args=(listener,),
                daemon=True).start()

    def accept(self, listener):
        while True:
            sock, _ = listener.accept()
            self.count += 1
            dice = random.Random("%s o %d %d" % (self.seed, self.port,
                self.count))
            threading.Thread(target=self.serve, args=(dice, sock),
                daemon=True).start()

    def serve(self, dice, sock):
        try:
            with sock:
                if dice.random() < 0.2:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                if self.port == 443 or dice.random() < 0.03:
                    self.any_bytes(dice, sock)
                else:
                    self.http(dice, sock)
        except (OSError, Over):
            pass

    def any_bytes(self, dice, sock):
        for _ in range(dice.choice((1, 2, 5))):
            if dice.random() < 0.3:
                deliver(dice, sock, body_of(dice, sizes(dice)))
            if take(dice, sock, dice.choice((0.02, 0.2, 1))):
                break
            if dice.random() < 0.5:
                deliver(dice, sock, body_of(dice, sizes(dice)))
        leave(dice, sock)

    def note(self, head):
        found = PLAIN.match(head)
        if found and b"h2.example" not in head:     # its path is private
            self.seen.add(found.group(1).decode())

    def http(self, dice, sock):
        kept, first = b"", True
        while True:
            sock.settimeout(3)
            if dice.random() < 0.03:            # speaks first
                deliver(dice, sock, mutated(dice, final(dice, b"GET")[0], 0.2))
            while b"\r\n\r\n" not in kept:
                more = sock.recv(65536)
                if not more:
                    return leave(dice, sock)
                kept += more
            head, _, kept = kept.partition(b"\r\n\r\n")
            if first:       # later ones could be content that was not read
                self.note(head)
            first = False
            method = head.split(b" ")[0]
            rate = dice.choice((0, 0, 0.1, 0.6))
            if dice.random() < 0.6:             # the content, more or less
                kept = self.content(dice, sock, head, kept)
            if dice.random() < 0.05:
                return leave(dice, sock)
            if dice.random() < 0.02:
                time.sleep(2.5)
            if dice.random() < 0.2:
                deliver(dice, sock, mutated(dice, interim(dice), rate))
            if method == b"CONNECT" and dice.random() < 0.9:
                deliver(dice, sock, b"HTTP/1.1 200 Fine\r\n\r\n"
                    + dice.choice((b"", b"", b"220 hello\r\n")))
                if dice.random() < 0.5:
                    return self.any_bytes(dice, sock)
                continue
            if b"Upgrade: websocket" in head and dice.random() < 0.7:
                deliver(dice, sock, mutated(dice, b"HTTP/1.1 101 Go\r\n"
                    b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                    + body_of(dice, dice.choice((0, 5, 3000))), rate))
                return self.any_bytes(dice, sock)
            data, closes = final(dice, method)
            deliver(dice, sock, mutated(dice, data, rate))
            if closes or dice.random() < 0.1:
                return leave(dice, sock)

    def content(self, dice, sock, head, kept):
        low = head.lower()
        if b"chunked" in low:
            while b"0\r\n" not in kept[-200:]:
                more = sock.recv(65536)
                if not more:
                    raise Over
                kept = kept[-200:] + more
            return b""
        at = low.find(b"content-length: ")
        if at < 0:
            return kept
        size = int(low[at + 16:].split(b"\r\n")[0])
        while size > len(kept):
            size -= len(kept)
            kept = sock.recv(65536)
            if not kept:
                raise Over
        return kept[size:]


# --- the whole -----------------------------------------------------------------------

class Hostility(World):
    def __init__(self):
        super().__init__(gate=False)

    def prepare(self):
        small_buffers()
        for i in range(HOSTS):
            self.names.add("h%d.example" % i, "11.1.0.%d" % i)
        self.names.add("parent.example", "11.1.0.7")
        self.origins = [Hostile(port, SEED) for port in (80, 81, 443, 8080)]


def descriptors(gate):
    return {p: len(os.listdir("/proc/%d/fd" % p)) for p in
        gate.pids("gatebook-worker")}


def restarts(gate):
    return sum(p["restarts"] for p in gate.status()["processes"])


def attack(w, gate, seed, tight):
    """SECONDS of it; how many conversations there were."""
    ends = time.monotonic() + SECONDS
    done = collections.Counter()

    def client(thread):
        number = 0
        while time.monotonic() < ends:
            number += 1
            dice = random.Random("%s c %d %d" % (seed, thread, number))
            try:
                conversation(dice, gate, b"%d.%d" % (thread, number))
            except Over:
                done["cut"] += 1
            except OSError as e:
                done[type(e).__name__] += 1
            done["all"] += 1

    def policies():
        dice = random.Random("%s p" % seed)
        while time.monotonic() < ends:
            time.sleep(dice.uniform(0.3, 1.5))
            gate.write("test.policy", dice.choice(POLICIES))
            if gate.command("reload", timeout=60).returncode != 0:
                done["reloads refused"] += 1
    def writer():
        """It stands still now and then, for less than is noticed."""
        dice = random.Random("%s w" % seed)
        while time.monotonic() < ends:
            time.sleep(dice.uniform(0.1, 1))
            gate.kill("gatebook-writer", signal.SIGSTOP)
            time.sleep(dice.uniform(0.1, 2.5))
            gate.kill("gatebook-writer", signal.SIGCONT)
    threads = [threading.Thread(target=client, args=(i,), daemon=True)
        for i in range(THREADS)] + [threading.Thread(target=policies,
        daemon=True)]
    if tight:
        threads.append(threading.Thread(target=writer, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 90)
    return done


def check_records(w, gate, seen):
    records = gate.records()
    closing = [r for r in records if r["event.action"] in CLOSING]
    ids = collections.Counter(r["transaction.id"] for r in closing
        if "transaction.id" in r)
    equal([i for i, n in ids.items() if n > 1][:5], [],
        "exchanges with more than one closing record")
    equal([r for r in closing if r["event.action"] == "worker-died"], [])
    # Those that are still running, by interim records, must have ended too.
    opened = {r["transaction.id"] for r in records if r["event.action"] in (
        "request-open", "tunnel-open", "request-interim", "tunnel-interim")}
    equal(sorted(opened - set(ids))[:5], [], "exchanges that never ended")
    if os.environ.get("GATEBOOK_HOSTILE_SHOW"):
        print("    %s; %r" % (", ".join("%d %s" % (n, o) for o, n in
            collections.Counter(r.get("gatebook.outcome") for r in
            closing).most_common()), gate.status()["totals"]))
    lost = seen - {r.get("url.path") for r in closing}
    equal(sorted(lost)[:5], [], "requests that an origin saw, unrecorded")


def all_are_recorded(gate):
    """Whether there are as many closing records as requests, those of which a
    summary tells (every ten seconds) counted."""
    records = gate.records()
    totals = gate.status()["totals"]
    told = sum(r["event.action"] in CLOSING for r in records) + sum(
        r.get("gatebook.summary.count", 0) for r in records)
    return told == totals["requests"] + totals["connections_shed"] - \
        totals["log_refused"]


def hostile(name, nofile=None, **settings):
    def one(w):
        seed = "%d %s" % (SEED, name)
        port = 3200 + 10 * hostile.count
        hostile.count += 1
        w.gate = gate = Gate(dict(SETTINGS, listen=[
            "main 127.0.0.1:%d" % port,
            "pp 127.0.0.1:%d proxy-protocol" % (port + 2)], **settings),
            policy=POLICIES[0], port=port, nofile=nofile)
        for o in w.origins:
            o.seen.clear()
        before = descriptors(gate)
        done = attack(w, gate, seed, "client.max" in settings)
        gate.write("test.policy", POLICIES[0])
        equal(gate.command("reload", timeout=60).returncode, 0)
        totals = gate.status()["totals"]
        print("    seed %s: %d conversations (%s), %d requests" % (seed,
            done.pop("all"), ", ".join("%d %s" % (n, k) for k, n in
            done.items()), totals["requests"]), flush=True)
        equal(done["reloads refused"], 0)
        gate.check_said()
        equal(restarts(gate), 0, "restarts; it said:\n" + gate.said())
        within(20, lambda: gate.status()["totals"]["connections_open"] == 0,
            lambda: "connections left: %r" % gate.status()["totals"])
        totals = gate.status()["totals"]
        equal((totals["requests_running"], totals["tunnels_open"]), (0, 0))
        if not settings:
            for _ in range(5):
                equal(gate.get("http://o.example/good").status, 200)
            with gate.client() as c:
                equal(c.connect_to("o.example:80").status, 200)
        # A pool of pipes, sockets of the resolver, connections that wait.
        def closed():
            now = descriptors(gate)
            return set(now) == set(before) and all(now[p] <= before[p] + 60
                for p in now)
        within(8, closed, lambda: "descriptors %r, before %r" % (
            descriptors(gate), before))
        within(15, lambda: gate.status()["totals"]["connections_open"] == 0)
        within(15, lambda: all_are_recorded(gate), lambda: "records for %r"
            % gate.status()["totals"])
        check_records(w, gate, set().union(*(o.seen for o in w.origins)))
        gate.stop()
        gate.check_sequence()
        w.gate = None
    one.__name__ = name
    case(one, timeout=int(SECONDS + 150))


hostile.count = 0
hostile("straight_to_the_origins")
hostile("through_a_parent", **{"upstream.parent": "parent.example:8080"})
hostile("commit_forward", **{"log.commit": "forward"})
hostile("too_little_of_everything", nofile=48, **{"log.inflight.cells": "64",
    "client.max": "26", "client.max.address": "24", "worker.count": "1",
    "upstream.pool": "3",
    "upstream.pool.host": "2", "http.head.max": "4K", "http.field.max": "1K",
    "http.fields.max": "12", "http.target.max": "2K",
    "log.commit": "forward"})

if __name__ == "__main__":
    print("    seed %d, %g s each" % (SEED, SECONDS), flush=True)
    run(__file__, Hostility)
