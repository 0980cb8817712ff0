# SPDX-License-Identifier: Apache-2.0
"""A small DNS server over UDP and TCP that answers as a test says: several
addresses, aliases, delays, silence, errors, answers that change."""
import socket
import struct
import threading
import time

A, CNAME, AAAA = 1, 5, 28
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5


class Name:
    """What is known about one name.  addresses may be a function of how often
    it was asked, for answers that change."""

    def __init__(self, addresses=(), alias=None, code=NOERROR, delay=0,
            silent=False, tcp_only=False, garbage=False, ttl=5,
            delay6=None):
        self.addresses = addresses
        self.alias = alias
        self.code = code
        self.delay = delay
        self.delay6 = delay6
        self.silent = silent
        self.tcp_only = tcp_only
        self.garbage = garbage
        self.ttl = ttl
        self.asked = {A: 0, AAAA: 0}


def _encode(name):
    return b"".join(bytes([len(p)]) + p.encode("latin-1")
        for p in name.split(".") if p) + b"\0"


def _decode(packet, at):
    parts = []
    while packet[at]:
        size = packet[at]
        parts.append(packet[at + 1:at + 1 + size].decode("latin-1"))
        at += 1 + size
    return ".".join(parts), at + 1


class Names:
    def __init__(self, address, port=53):
        self.names = {}
        self.log = []               # (name, type), in the order asked
        self.due = {}
        self.lock = threading.Lock()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, port))
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, port))
        self.tcp.listen(64)
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def add(self, name, *addresses, **more):
        """add("a.example", "11.0.0.1") or add("b.example", alias="a.example")
        or add("c.example", code=SERVFAIL)."""
        if len(addresses) == 1 and callable(addresses[0]):
            addresses = addresses[0]
        self.names[name.lower()] = Name(addresses, **more)
        return name

    def asked(self, name):
        return sum(1 for n, _ in self.log if n == name.lower())

    def find(self, name):
        name = name.lower()
        if name in self.names:
            return self.names[name]
        _, _, rest = name.partition(".")
        while rest:
            if "*." + rest in self.names:
                return self.names["*." + rest]
            _, _, rest = rest.partition(".")
        return None

    def _serve_udp(self):
        while True:
            packet, peer = self.udp.recvfrom(4096)
            threading.Thread(target=self._answer_udp, args=(packet, peer),
                daemon=True).start()

    def _answer_udp(self, packet, peer):
        answer = self.answer(packet, False)
        if answer:
            self.udp.sendto(answer, peer)

    def _serve_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self._answer_tcp, args=(connection,),
                daemon=True).start()

    def _answer_tcp(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                head = stream.read(2)
                if len(head) < 2:
                    return
                packet = stream.read(struct.unpack(">H", head)[0])
                answer = self.answer(packet, True)
                if answer:
                    connection.sendall(struct.pack(">H", len(answer)) + answer)

    def answer(self, packet, by_tcp):
        name, end = _decode(packet, 12)
        kind = struct.unpack(">H", packet[end:end + 2])[0]
        question = packet[12:end + 4]
        self.log.append((name.lower(), kind))
        known = self.find(name)
        if known is None:
            return self._packet(packet, question, NXDOMAIN, [])
        delay = known.delay
        if kind == AAAA and known.delay6 is not None:
            delay = known.delay6
        if delay:               # as one who is still finding out: what is
            with self.lock:     # asked again meanwhile is answered then, too
                due = self.due.setdefault((name.lower(), kind),
                    time.monotonic() + delay)
            time.sleep(max(0, due - time.monotonic()))
        if known.silent:
            return None
        if known.garbage:
            return packet[:2] + b"\x81\x80\xff\xff\xff\xff\xff\xff"
        if known.tcp_only and not by_tcp:
            return self._packet(packet, question, NOERROR, [], truncated=True)
        if known.code != NOERROR:
            return self._packet(packet, question, known.code, [])
        records = []
        owner, entry = name, known
        for _ in range(20):         # follow aliases, as a resolver would
            if entry is None or entry.alias is None:
                break
            records.append((owner, CNAME, entry.ttl, _encode(entry.alias)))
            owner, entry = entry.alias, self.find(entry.alias)
        if entry is not None:
            records += self._addresses(owner, entry, kind)
        return self._packet(packet, question, NOERROR, records)

    @staticmethod
    def _addresses(owner, entry, kind):
        if kind not in (A, AAAA):
            return []
        entry.asked[kind] += 1
        addresses = entry.addresses
        if callable(addresses):
            addresses = addresses(entry.asked[kind])
        family = socket.AF_INET if kind == A else socket.AF_INET6
        return [(owner, kind, entry.ttl, socket.inet_pton(family, a))
            for a in addresses if (":" in a) == (kind == AAAA)]

    @staticmethod
    def _packet(packet, question, code, records, truncated=False):
        flags = 0x8580 | code | (0x0200 if truncated else 0)
        out = packet[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0)
        out += question
        for owner, kind, ttl, data in records:
            out += _encode(owner) + struct.pack(">HHIH", kind, 1, ttl,
                len(data)) + data
        return out
