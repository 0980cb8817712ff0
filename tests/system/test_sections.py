# SPDX-License-Identifier: Apache-2.0
"""Sections of the policy beside access at work in the live proxy: what they
do to a request or tunnel, and what its record then says."""
from gate import Gate
from harness import case, equal, run, table, true
from origin import Origin, Server, answer, echo
from tls import Authority, client_hello
from world import World

POLICY = """policy "Sections" {
    controller "Test office"
    contact    "desk@office.example"
    notice     "https://intranet.office.example/monitoring"
}
category protected { never.example }
tls {
    never   protected { when host protected }
    inspect press     { when host press.example  purpose "Public record" }
    tunnel  partners  { when host partner.example }
}
headers {
    set "X-Dept" "Examples"  when host near.example  unless path "/bare"
    strip "Cookie"           when host near.example
    set slack-now tenant slack "T1,T2" "E1" { when host near.example and path "/slack" }
}
route {
    direct near { when host near.example }
    parent "parent.example:8080" far { when host far.example }
    parent "10.9.9.9:8080" by-method { when method DELETE }
}
access {
    default { record url as name }
    deny refused {
        when host refused.example
        because "No." ground business owner "HR" review-by 2099-01-31
    }
}
"""


class Sections(World):
    def prepare(self):
        self.authority = Authority()
        hosts = ["never", "press", "partner", "other", "refused"]
        for i, name in enumerate(hosts):
            address = "11.0.3.%d" % (i + 1)
            self.names.add(name + ".example", address)
            Origin(address, 80)
            Server(address, 443, echo)
        self.names.add("near.example", "11.0.3.9")
        self.near = Origin("11.0.3.9", 80)
        self.names.add("parent.example", "11.0.3.10")
        self.asked = []
        Server("11.0.3.10", 8080, self.parent)

    def parent(self, connection):
        while True:
            head = connection.until(b"\r\n\r\n")
            if not head:
                return
            self.asked.append(head.split(b"\r\n")[0])
            if head.startswith(b"CONNECT"):
                connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
                echo(connection)
                return
            connection.send(answer(b"by the parent"))


def said(record):
    return tuple(record.get("gatebook.tls." + n) for n in ("decision", "rule",
        "inspection", "inspection_reason"))


def tunnel(w, host, hello_name, wanted, depth, line):
    with w.gate.client() as c:
        equal(c.connect_to(host + ":443").status, 200)
        port = c.socket.getsockname()[1]
        if hello_name is not None:
            c.send(client_hello(hello_name))
        else:
            c.send(b"\0\0\0\0no TLS at all")
        c.socket.recv(1)
    record = w.gate.record(source__port=port, event__action="tunnel-close")
    equal(said(record), wanted)
    equal(record["gatebook.privacy.depth"], depth)
    equal(record.get("gatebook.tls.rule_line"), line)


table([
    ("never is recorded, and the host is all that is kept", "never.example",
        "never.example", ("never", "protected", "none", "rule says never"),
        "host", 8),
    ("inspect is recorded and not done", "press.example", "press.example",
        ("inspect", "press", "none", "inspection is not in this version"),
        "url", 9),
    ("tunnel is recorded", "partner.example", "partner.example",
        ("tunnel", "partners", "none", "rule says tunnel"), "host", 10),
    ("no rule", "other.example", "other.example",
        ("tunnel", "default", "none", "no rule says inspect"), "url", None),
    ("never by the name in the hello", "other.example", "never.example",
        ("never", "protected", "none", "rule says never"), "host", 8),
    ("never by the CONNECT host", "never.example", "other.example",
        ("never", "protected", "none", "rule says never"), "host", 8),
    ("inspect needs both names", "press.example", "other.example",
        ("tunnel", "default", "none", "no rule says inspect"), "url", None),
    ("inspect of what is no TLS", "press.example", None,
        ("inspect", "press", "none", "inspection is not in this version"),
        "url", 9),
], tunnel, prefix="tls: ")


@case
def never_holds_for_plain_http_too(w):
    equal(w.gate.get("http://never.example/secret?a=b").status, 200)
    record = w.gate.record(url__domain="never.example",
        event__action="request")
    equal(record["gatebook.privacy.depth"], "host")
    equal(record["gatebook.tls.decision"], "never")
    true("url.path" not in record and "url.query" not in record)


@case
def plain_http_says_nothing_of_tls_otherwise(w):
    equal(w.gate.get("http://press.example/open").status, 200)
    record = w.gate.record(url__domain="press.example",
        event__action="request")
    equal(record["url.path"], "/open")
    true("gatebook.tls.decision" not in record)


@case
def a_refused_tunnel_says_what_tls_would_have_been(w):
    with w.gate.client() as c:
        equal(c.connect_to("refused.example:443").status, 403)
    record = w.gate.record(destination__domain="refused.example",
        event__action="tunnel-close")
    equal(record["gatebook.decision"], "deny")
    equal(record["gatebook.tls.decision"], "tunnel")


# --- headers -------------------------------------------------------------------

def changed(w, path, fields, wanted, rules):
    equal(w.gate.get("http://near.example" + path, fields).status, 200)
    seen = w.near.seen(path)
    equal(len(seen), 1)
    got = {n.lower(): v for n, v in seen[0].fields}
    for name, value in wanted.items():
        equal(got.get(name.lower().encode()), value, name)
    equal(len(seen[0].all(b"x-dept")), 1 if wanted.get("X-Dept") else 0)
    record = w.gate.record(url__path=path, event__action="request")
    equal([r.rsplit(" ", 1)[0] for r in
        record.get("gatebook.headers.rules", [])], rules)
    true("Examples" not in str(record))


table([
    ("set and strip", "/both", "Cookie: a=b\r\n",
        {"X-Dept": b"Examples", "Cookie": None},
        ["set X-Dept", "strip Cookie"]),
    ("what the client sent of that name goes", "/sent",
        "x-dept: mine\r\nCookie: a\r\ncookie: b\r\nX-DEPT: two\r\n",
        {"X-Dept": b"Examples", "Cookie": None},
        ["set X-Dept", "strip Cookie"]),
    ("Connection cannot take it away", "/connection",
        "Connection: X-Dept\r\n", {"X-Dept": b"Examples"},
        ["set X-Dept", "strip Cookie"]),
    ("a preset sets its fields", "/slack", "",
        {"X-Dept": b"Examples", "X-Slack-Allowed-Workspaces": b"T1,T2",
            "X-Slack-Allowed-Workspaces-Requester": b"E1"},
        ["set X-Dept", "strip Cookie", "set slack-now"]),
    ("unless", "/bare", "", {"X-Dept": None}, ["strip Cookie"]),
], changed, prefix="headers: ")


@case
def other_requests_stay_as_they_are(w):
    w.gate.get("http://o.example/untouched", "Cookie: a=b\r\n")
    seen = w.origin.seen("/untouched")
    equal(seen[0].all(b"cookie"), [b"a=b"])
    record = w.gate.record(url__path="/untouched", event__action="request")
    true("gatebook.headers.rules" not in record)


# --- route ---------------------------------------------------------------------

ROUTE = ["gatebook.route." + n for n in ("decision", "rule", "rule_line")]


@case
def a_rule_sends_a_request_by_a_parent(w):
    equal(w.gate.get("http://far.example/a?b").body, b"by the parent")
    true(b"GET http://far.example/a?b HTTP/1.1" in w.asked, w.asked)
    record = w.gate.record(url__domain="far.example", event__action="request")
    equal([record.get(n) for n in ROUTE], ["parent", "far", 19])
    equal(record["gatebook.parent"], "parent.example:8080")


@case
def and_a_tunnel(w):
    with w.gate.client() as c:
        equal(c.connect_to("far.example:443").status, 200)
        c.send(b"\0bytes")
        equal(c.take(6), b"\0bytes")
    true(b"CONNECT far.example:443 HTTP/1.1" in w.asked, w.asked)
    record = w.gate.record(destination__domain="far.example",
        event__action="tunnel-close")
    equal([record.get(n) for n in ROUTE], ["parent", "far", 19])
    equal(record["gatebook.parent"], "parent.example:8080")


@case
def a_direct_rule_is_recorded(w):
    equal(w.gate.get("http://near.example/direct").status, 200)
    record = w.gate.record(url__path="/direct", event__action="request")
    equal([record.get(n) for n in ROUTE], ["direct", "near", 18])
    true("gatebook.parent" not in record)


@case
def no_rule_leaves_it_to_the_settings(w):
    equal(w.gate.get("http://o.example/plain").status, 200)
    record = w.gate.record(url__path="/plain", event__action="request")
    equal([record.get(n) for n in ROUTE], [None] * 3)


@case
def a_rule_overrides_the_settings(w):
    gate = Gate({"upstream.parent": "parent.example:8080"}, POLICY, port=3138)
    try:
        equal(gate.get("http://near.example/over").status, 200)
        true(w.near.seen("/over"))
        equal(gate.get("http://o.example/under").body, b"by the parent")
        record = gate.record(url__path="/under", event__action="request")
        equal(record["gatebook.parent"], "parent.example:8080")
        equal([record.get(n) for n in ROUTE], [None] * 3)
    finally:
        gate.stop()


@case
def a_reload_while_a_routed_tunnel_runs(w):
    with w.gate.client() as c:
        equal(c.connect_to("far.example:443").status, 200)
        c.send(b"\0one")
        equal(c.take(4), b"\0one")
        equal(w.gate.command("reload").returncode, 0)
        c.send(b"two")
        equal(c.take(3), b"two")


if __name__ == "__main__":
    run(__file__, lambda: Sections(policy=POLICY))
