# SPDX-License-Identifier: Apache-2.0
"""Names and addresses: faults of DNS, addresses that are refused however they
are spelt or reached, several addresses, loops, parents and the PROXY
protocol."""
import socket
import struct
import time

from gate import Gate
from harness import Skip, case, equal, run, table, true, within
from names import REFUSED, SERVFAIL
from origin import Origin, Server, answer
from world import World


class Addresses(World):
    def prepare(self):
        add = self.names.add
        add("servfail.example", code=SERVFAIL)
        add("refused.example", code=REFUSED)
        add("silent.example", silent=True)
        add("garbage.example", garbage=True)
        add("empty.example")
        add("slow.example", "11.0.1.1", delay=1.0)
        add("slow6.example", "11.0.1.1", delay6=2.5)
        add("bytcp.example", "11.0.1.1", tcp_only=True)
        add("alias.example", alias="far.example")
        add("far.example", alias="o.example")
        add("ring-a.example", alias="ring-b.example")
        add("ring-b.example", alias="ring-a.example")
        add("many.example", *["11.0.3.%d" % i for i in range(1, 41)],
            tcp_only=False)
        add("private.example", "10.1.2.3")
        add("half.example", "10.1.2.3", "11.0.1.1")
        add("meta.example", "169.254.169.254")
        add("local.example", "127.0.0.1")
        add("local6.example", "::1")
        add("mapped.example", "::ffff:10.1.2.3")
        add("nat64.example", "64:ff9b::a01:203")
        add("sixtofour.example", "2002:0a01:0203::1")
        add("unique.example", "fd00::1")
        add("viaalias.example", alias="private.example")
        add("rebind.example", lambda n: ["11.0.1.1"] if n == 1 else
            ["127.0.0.1"], ttl=0)
        add("mixed.example", "11.0.1.1", "2a0b:1::99")
        add("dead-first.example", "12.0.0.1", "11.0.1.1")
        add("refused-first.example", "11.0.4.4", "11.0.1.1")
        add("all-dead.example", "12.0.0.1", "12.0.0.2")
        self.inside = Origin("10.1.2.3")     # what must never see a byte
        self.metadata = Origin("169.254.169.254")
        self.loopback = Origin("127.0.0.1", 80)
        self.loopback6 = Origin("::1", 80)
        self.many = Origin("11.0.3.7")


SETTINGS = {"dns.timeout": "3s", "upstream.connect.timeout": "3s"}


def fails(w, url, status, outcome, limit=8):
    began = time.monotonic()
    got = w.gate.get(url)
    took = time.monotonic() - began
    equal(got.status, status)
    true(got.get(b"Proxy-Status"), "no Proxy-Status")
    true(took < limit, "took %.1f s" % took)
    r = w.gate.record(url__domain=url.split("/")[2].strip("[]"))
    equal(r["gatebook.outcome"], outcome)
    equal(r["http.response.status_code"], status)


def works(w, host, limit=5, address="11.0.1.1"):
    began = time.monotonic()
    got = w.gate.get("http://%s/x" % host)
    equal(got.status, 200)
    took = time.monotonic() - began
    true(took < limit, "took %.1f s" % took)
    r = w.gate.record(url__domain=host)
    equal(r["destination.ip"], address)
    return r


table([
    ("a slow resolver is waited for", "slow.example"),
    ("a slow answer about IPv6 holds nothing up", "slow6.example", 2.0),
    ("a long answer comes by TCP", "bytcp.example"),
    ("aliases are followed", "alias.example"),
    ("an address that is silent is passed over", "dead-first.example", 2.5),
    ("an address that refuses is passed over", "refused-first.example"),
    ("an IPv6 address that is dead is passed over", "mixed.example", 2.5),
], lambda w, *a: works(w, *a))


table([
    ("a name that does not exist", "http://no-such.example/", 502,
        "dns-no-such-name"),
    ("a resolver that fails", "http://servfail.example/", 502, "dns-failed"),
    ("a resolver that refuses", "http://refused.example/", 502, "dns-failed"),
    ("a name without addresses", "http://empty.example/", 502,
        "dns-no-address"),
    ("aliases in a ring", "http://ring-a.example/", 502,
        "dns-failed"),
], fails)


class Own:
    """For a while a gatebook of its own, since what a resolver did wrong is
    remembered."""

    def __init__(self, w, **settings):
        self.w = w
        self.gate = Gate(dict(SETTINGS, **settings), port=4100
            + 10 * Gate.count)

    def __enter__(self):
        self.names = self.w.names
        return self

    def __exit__(self, *_):
        self.gate.stop()


@case
def a_resolver_that_says_nothing(w):
    with Own(w) as own:
        fails(own, "http://silent.example/", 504, "dns-timeout")
        equal(own.gate.get("http://o.example/").status, 200)


@case
def answers_that_are_no_DNS(w):
    with Own(w) as own:
        got = own.gate.get("http://garbage.example/")
        true(got.status in (502, 504), got.status)


@case
def all_addresses_stand_in_the_record(w):
    r = w.gate.records(url__domain="refused-first.example")[0]
    equal(sorted(r["gatebook.dns.answers"]), ["11.0.1.1", "11.0.4.4"])
    true(r.get("gatebook.upstream.attempts", 1) in (1, 2))


@case
def at_most_sixteen_addresses_are_kept(w):
    got = w.gate.get("http://many.example/x")
    r = w.gate.record(url__domain="many.example")
    true(len(r["gatebook.dns.answers"]) <= 16, r["gatebook.dns.answers"])
    true(got.status in (200, 502))


@case
def no_address_answers(w):
    fails(w, "http://all-dead.example/", 504, "connect-timeout")


@case
def nobody_listens(w):
    fails(w, "http://11.0.9.9/", 502, "connection-refused")


@case
def no_way_there(w):
    fails(w, "http://13.0.0.1/", 502, "unreachable")


@case
def answers_of_the_resolver_are_kept_for_a_while(w):
    for _ in range(8):
        w.gate.get("http://o.example/kept")
    asked = w.names.asked("o.example")
    true(asked <= 8, "asked %d times" % asked)


@case
def a_changing_answer_never_opens_the_inside(w):
    for _ in range(6):
        got = w.gate.get("http://rebind.example/rebind",
            "Connection: close\r\n")
        true(got.status in (200, 403), got.status)
        time.sleep(0.01)
    equal(w.loopback.seen("/rebind"), [])
    denied = within(5, lambda: [r for r in w.gate.records(
        url__domain="rebind.example") if r["gatebook.outcome"]
        == "special-address"])
    true(denied)


# --- special addresses ---------------------------------------------------------

def special(w, host, kind):
    """Refused with 403, by plain request and by CONNECT."""
    before = [len(o.received) for o in (w.inside, w.metadata, w.loopback,
        w.loopback6)]
    got = w.gate.get("http://%s/special" % host)
    if kind is None:            # not a name or address at all
        true(got.status in (400, 403, 502), got.status)
    else:
        equal(got.status, 403)
    with w.gate.client() as c:
        tunnel = c.connect_to("%s:443" % host)
        true(tunnel.status >= 400, "a tunnel was opened")
        if kind is not None:
            equal(tunnel.status, 403)
    equal([len(o.received) for o in (w.inside, w.metadata, w.loopback,
        w.loopback6)], before, "bytes went inside")
    if kind is None:
        return
    found = within(5, lambda: (lambda f: f if len(f) == 2 else None)(
        [r for r in w.gate.records(gatebook__outcome="special-address")
        if r["event.sequence"] not in w.seen]), w.gate.tail)
    w.seen.update(r["event.sequence"] for r in found)
    for r in found:
        equal(r["gatebook.address_kind"], kind)
        equal(r["gatebook.decision"], "deny")
        equal(r["rule.id"], "built-in")
        true("gatebook.rule.file" not in r, "a file for what is built in")
        equal(r["event.code"], "GB-1002")


SPECIAL = [
    ("127.0.0.1", "loopback"), ("127.255.1.1", "loopback"),
    ("[::1]", "loopback"), ("localhost", "loopback"),
    ("10.1.2.3", "private"), ("172.31.255.255", "private"),
    ("192.168.1.1", "private"), ("[fd00::1]", "private"),
    ("169.254.169.254", "link-local"), ("[fe80::1]", "link-local"),
    ("100.64.0.1", "shared"), ("0.0.0.0", "unspecified"),
    ("0.1.2.3", "unspecified"), ("[::]", "unspecified"),
    ("224.0.0.1", "multicast"), ("[ff02::1]", "multicast"),
    ("255.255.255.255", "reserved"), ("240.0.0.1", "reserved"),
    ("198.18.0.1", "reserved"), ("192.0.2.1", "documentation"),
    ("[2001:db8::1]", "documentation"),
    ("[::ffff:10.1.2.3]", "private"), ("[::ffff:a01:203]", "private"),
    ("[::ffff:7f00:1]", "loopback"), ("[::10.1.2.3]", "private"),
    ("[64:ff9b::10.1.2.3]", "private"), ("[64:ff9b::7f00:1]", "loopback"),
    ("[2002:a01:203::1]", "private"),
    ("[2002:7f00:1::]", "loopback"),
    # names that lead there
    ("private.example", "private"), ("half.example", None),
    ("meta.example", "link-local"), ("local.example", "loopback"),
    ("local6.example", "loopback"), ("mapped.example", "private"),
    ("nat64.example", "private"), ("sixtofour.example", "private"),
    ("unique.example", "private"), ("viaalias.example", "private"),
    # spellings that some libraries read as an address
    ("0x7f000001", None), ("2130706433", None), ("017700000001", None),
    ("127.1", None), ("0177.0.0.1", None), ("0x7f.0.0.1", None),
    ("127.0.0.1.", None), ("10.1.515", None), ("127.0.0.01", None),
    ("%31%30.1.2.3", None), ("\u2460\u2461\u2466.0.0.1", None),
    ("[::1%25lo]", None), ("[::1%lo]", None),
]


def special_or_half(w, host, kind):
    if host == "half.example":      # the public address may be used
        got = w.gate.get("http://half.example/half")
        true(got.status in (200, 403), got.status)
        equal(w.inside.seen("/half"), [])
        return
    if not hasattr(w, "seen"):
        w.seen = {r["event.sequence"] for r in w.gate.records(
            gatebook__outcome="special-address")}
    special(w, host.encode("utf-8").decode("latin-1"), kind)


table([("special: " + h.encode("ascii", "replace").decode(), h, k)
    for h, k in SPECIAL], special_or_half)


# --- loops ----------------------------------------------------------------------

@case
def our_own_address_is_refused(w):
    for where in ("127.0.0.1:%d" % w.gate.port, "localhost:%d" % w.gate.port):
        got = w.gate.get("http://%s/loop" % where)
        true(got.status in (403, 508), got.status)


@case
def a_loop_by_Via_is_found(w):
    path = w.path()
    w.gate.get(w.url(path))
    via = w.origin.seen(path)[0].get(b"Via").decode()
    path = w.path()
    got = w.gate.get(w.url(path), "Via: 1.1 other, %s\r\n" % via)
    equal(got.status, 508)
    equal(w.origin.seen(path), [])
    equal(w.gate.record(url__path=path)["gatebook.outcome"], "loop")


@case
def a_loop_through_another_proxy_is_found(w):
    """A relay on a public address that leads back to us."""
    import threading

    def relay(connection):
        back = w.gate.client()

        def down():
            while back.more():
                connection.send(back.received[back.at:])
                back.at = len(back.received)
            connection.end()
        threading.Thread(target=down, daemon=True).start()
        while True:
            head = connection.until(b"\r\n\r\n")
            if head is None:
                return
            back.send(head.replace(b" /", b" http://relay.example/", 1))
    w.host("relay.example", "11.0.5.1", serve=relay)
    got = w.gate.get("http://relay.example/round")
    equal(got.status, 508)
    records = w.gate.records(url__path="/round")
    true(len(records) <= 3, "%d rounds" % len(records))


# --- parents -----------------------------------------------------------------------

def with_gate(w, settings, policy=None):
    return Gate(dict(SETTINGS, **settings), policy, port=4100
        + 10 * Gate.count)


@case
def a_parent_takes_all_requests(w):
    seen = []

    def parent(connection):
        while True:
            request = connection.request()
            if request is None:
                return
            seen.append(request)
            if request.method == b"CONNECT":
                connection.send(b"HTTP/1.1 200 Fine\r\n\r\n")
                connection.send(connection.take(3))
                return
            connection.send(answer(b"by the parent"))
    w.names.add("parent.example", "11.0.6.1")
    Server("11.0.6.1", 8080, parent)
    gate = with_gate(w, {"upstream.parent": "parent.example:8080",
        "upstream.direct": "o.example"})
    try:
        equal(gate.get("http://far-away.example/a?b").body, b"by the parent")
        equal(seen[0].line, b"GET http://far-away.example/a?b HTTP/1.1")
        equal(seen[0].get(b"Host"), b"far-away.example")
        with gate.client() as c:
            equal(c.connect_to("far-away.example:443").status, 200)
            c.send(b"\0ab")
            equal(c.take(3), b"\0ab")
        equal(seen[1].line, b"CONNECT far-away.example:443 HTTP/1.1")
        path = w.path()
        equal(gate.get(w.url(path)).status, 200)
        equal(len(w.origin.seen(path)), 1, "direct")
        r = gate.record(url__path="/a")
        true("parent.example" in r["gatebook.parent"])
    finally:
        gate.stop()


@case
def a_parent_that_refuses_a_tunnel(w):
    def parent(connection):
        connection.request()
        connection.send(answer(b"no", b"403 Forbidden"))
    w.names.add("parent2.example", "11.0.6.2")
    Server("11.0.6.2", 8080, parent)
    gate = with_gate(w, {"upstream.parent": "parent2.example:8080"})
    try:
        with gate.client() as c:
            equal(c.connect_to("far-away.example:443").status, 502)
        equal(gate.record(destination__domain="far-away.example")
            ["gatebook.outcome"], "parent-refused")
    finally:
        gate.stop()


# --- resolver settings ------------------------------------------------------------

@case
def local_data_forwarders_and_hosts_file(w):
    from names import Names
    other = Names("11.0.0.54")
    other.add("elsewhere.example", "11.0.1.1")
    gate = Gate(dict(SETTINGS, **{"dns.forward": "11.0.0.54",
        "dns.hosts": "hosts", "dns.data": "data.example A 11.0.1.1",
        "dns.zone": "blocked.example always_nxdomain"}),
        files={"hosts": "11.0.1.1 fromhosts.example\n"}, port=4100
        + 10 * Gate.count)
    try:
        for host in ("elsewhere", "fromhosts", "data"):
            equal(gate.get("http://%s.example/x" % host).status, 200, host)
        equal(gate.get("http://blocked.example/x").status, 502)
        equal(other.asked("blocked.example"), 0)
    finally:
        gate.stop()


# --- PROXY protocol -----------------------------------------------------------------

class Passed:
    """A gatebook whose listener takes the PROXY protocol."""

    def __init__(self, w, trusted="127.0.0.0/8"):
        port = 4100 + 10 * Gate.count
        self.gate = Gate({"listen": ["main 127.0.0.1:%d" % port,
            "pp 127.0.0.1:%d proxy-protocol" % (port + 5)],
            "proxy-protocol.from": trusted}, port=port)
        self.port = port + 5

    def client(self):
        from client import Client
        return Client("127.0.0.1", self.port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.gate.stop()


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v2(command, family, addresses, extra=b""):
    return SIGNATURE + bytes([0x20 | command, family]) + struct.pack(">H",
        len(addresses) + len(extra)) + addresses + extra


V2_4 = socket.inet_aton("10.20.30.40") + socket.inet_aton("11.0.0.1") \
    + struct.pack(">HH", 1234, 3128)
V2_6 = socket.inet_pton(socket.AF_INET6, "2a0b:1::77") * 2 \
    + struct.pack(">HH", 1234, 3128)


@case
def proxy_protocol_headers_say_who_the_client_is(w):
    with Passed(w) as p:
        for header, address in [
                (b"PROXY TCP4 10.20.30.40 11.0.0.1 1234 3128\r\n",
                    "10.20.30.40"),
                (b"PROXY TCP6 2a0b:1::77 2a0b:1::1 1234 3128\r\n",
                    "2a0b:1::77"),
                (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
                (v2(1, 0x11, V2_4), "10.20.30.40"),
                (v2(1, 0x21, V2_6), "2a0b:1::77"),
                (v2(1, 0x11, V2_4, b"\x04\0\x03abc"), "10.20.30.40"),
                (v2(0, 0, b""), "127.0.0.1")]:
            for send in ("send", "send_bytewise"):
                path = w.path()
                with p.client() as c:
                    getattr(c, send)(header)
                    equal(c.get(w.url(path)).status, 200)
                r = p.gate.record(url__path=path)
                equal(r["source.ip"], address)
                equal(r["gatebook.listener"], "pp")
                if address != "127.0.0.1":
                    equal(r["gatebook.proxy_protocol.peer"], "127.0.0.1")


@case
def bad_proxy_protocol_headers_are_refused(w):
    with Passed(w) as p:
        for header in [b"PROXY TCP4 10.20.30.40 11.0.0.1 1234\r\n",
                b"PROXY TCP4 010.20.30.40 11.0.0.1 1234 3128\r\n",
                b"PROXY TCP4 10.20.30.40 11.0.0.1 123456 3128\r\n",
                b"PROXY TCP9 10.20.30.40 11.0.0.1 1234 3128\r\n",
                b"PROXY " + b"x" * 200,
                v2(1, 0x11, V2_4[:6]),
                SIGNATURE + b"\x31\x11\0\x0c" + V2_4,
                b"GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
                % w.url("/no-header").encode()]:
            with p.client() as c:
                c.send(header)
                try:
                    c.send(b"GET http://o.example/no-header HTTP/1.1\r\n"
                        b"Host: o.example\r\n\r\n")
                except OSError:
                    pass                # closed already
                got = c.answer()
                true(got is None or got.status >= 400, header)
        equal(w.origin.seen("/no-header"), [])
        # such connections are summed up every ten seconds
        within(15, lambda: [r for r in p.gate.records()
            if "proxy-protocol" in str(r.get("gatebook.outcome"))
            or "proxy-protocol" in str(r.get("event.reason"))], p.gate.tail)


@case
def an_untrusted_sender_of_the_header_is_refused(w):
    with Passed(w, trusted="10.99.0.0/16") as p:
        with p.client() as c:
            c.send(b"PROXY TCP4 10.20.30.40 11.0.0.1 1234 3128\r\n"
                b"GET http://o.example/untrusted HTTP/1.1\r\n"
                b"Host: o.example\r\n\r\n")
            got = c.answer()
            true(got is None or got.status >= 400)
        equal(w.origin.seen("/untrusted"), [])


@case
def a_header_on_a_listener_that_takes_none_is_refused(w):
    with w.gate.client() as c:
        c.send(b"PROXY TCP4 10.20.30.40 11.0.0.1 1234 3128\r\n"
            b"GET http://o.example/unasked HTTP/1.1\r\nHost: o.example\r\n"
            b"\r\n")
        equal(c.answer().status, 400)
    equal(w.origin.seen("/unasked"), [])


if __name__ == "__main__":
    run(__file__, lambda: Addresses(SETTINGS))
