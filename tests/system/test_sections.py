# SPDX-License-Identifier: Apache-2.0
"""Sections of the policy beside access at work in the live proxy: what they
do to a request or tunnel, and what its record then says."""
from harness import case, equal, run, table, true
from origin import Origin, Server, echo
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


if __name__ == "__main__":
    run(__file__, lambda: Sections(policy=POLICY))
