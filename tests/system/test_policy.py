# SPDX-License-Identifier: Apache-2.0
"""The policy at work in the live proxy: each kind of rule and fact, what the
record then says, and reloads under load that drop nothing."""
import os
import re
import threading
import time

from client import Client
from gate import Gate
from harness import case, equal, run, table, true, within
from origin import Server, answer, echo
from world import World

HEAD = """policy "Test office" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
}
"""
DENY = """        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
"""


def deny(name, conditions, more=""):
    return "    deny %s {\n        %s\n%s        %s\n    }\n" % (name,
        conditions, DENY, more)


POLICY = HEAD + """
category inline   { inline.example *.tree.example }
category listed   from "lists/plain"
category hosts    from "lists/hosts"
category folder   from "lists/folder"
network  kiosks   { 127.0.7.0/24  2001:db8:20::/48 }
hours    always   { mon-sun 00:00-24:00 }
hours    never    { sat-sun 03:03-03:04 }
service chatter "Chatter" {
    class social-media
    site  chatter.example
    media *.many.example shared
    activity upload {
        method POST  path "/up"  content-type "image/*"
        example POST "https://chatter.example/up" with content-type "image/png"
    }
    activity search {
        query   "q"
        example GET "https://chatter.example/?q=x"
    }
    activity view {
        host    *.many.example
        path    "/chat"
        example GET "https://a.many.example/chat/1"
    }
}

access {
""" + "".join([
    deny("by-inline", "when category inline"),
    deny("by-listed", "when category listed"),
    deny("by-hosts", "when category hosts"),
    deny("by-folder", "when category folder"),
    deny("by-host", "when host h.example\n        unless host ok.h.example"),
    deny("by-exact", "when host =exact.example"),
    deny("by-client", "when client kiosks\n        and host o.example"),
    deny("by-method", "when method DELETE or PUT\n        and host o.example"),
    deny("by-path", 'when path "/private/*"'),
    deny("by-url", 'when url "^http://o[.]example/re[0-9]+$"'),
    deny("by-size", "when request-size over 1 MB\n        and host o.example"),
    deny("by-hours", "when hours always\n        and host hours.example"),
    deny("by-other-hours", "when hours never\n        and host o.example"),
    deny("by-until", "when host o.example", "until 2020-01-01"),
    deny("by-activity", "when service chatter\n        and activity upload"),
    deny("by-port", "when port 8081"),
    deny("by-destination", "when destination 11.8.8.0/24"),
    deny("by-hello", "when server-name bad.sni.example"),
    deny("by-protocol", "when protocol other\n        and host strict.example"),
    deny("would-one", "when host would.example", "report-only"),
    deny("would-two", "when host would.example or o.example\n"
        "        and path \"/would*\"", "report-only"),
    """    audit intranet {
        when address-kind private
        and  host inside.example
    }
    audit odd-port { when host ports.example and port 2222 }
    audit at-service {
        when   service-class social-media
        and    activity search or view
        record activity
    }
    audit at-chatter { when service chatter  record host }
    audit at-category { when host depth-category.example  record category }
    audit at-host { when host depth-host.example  record host }
    audit at-path { when host depth-path.example  record path }
    audit at-url { when host depth-url.example  record url  keep-query "page" }
    audit as-pseudonym { when host pseudo.example  record host as pseudonym }
    audit as-count { when host count.example  record url as count-only }
    audit forward { when host forward.example  commit forward }
""".replace(" and port 2222 }", "\n        and port 2222\n    }")]) + """
    audit everything-else
}

expect deny  by-inline   { host inline.example }
expect audit everything-else { url "http://free.example/" }
"""
FILES = {
    "lists/plain": "# comment\nlisted.example\n.sub.example\n",
    "lists/hosts": "127.0.0.1 localhost\n0.0.0.0 hosts.example # x\n",
    "lists/folder/domains": "folder.example\n",
    "lists/folder/urls": "url.example/bad\n",
}
HOSTS = """chatter a.many inline x.tree tree h ok.h x.h exact x.exact hours would depth-category
    depth-host depth-path depth-url pseudo count forward free listed x.listed
    hosts folder x.folder strict sub x.sub""".split()


class Office(World):
    def prepare(self):
        for name in HOSTS:
            self.names.add(name + ".example", "11.0.1.1")
        self.names.add("inside.example", "10.5.5.5")
        self.host("outside.example", "10.5.5.6")
        self.inside = self.host("inside.example", "10.5.5.5")
        self.names.add("ports.example", "11.0.2.1")
        self.echo = Server("11.0.2.1", 2222, echo)
        Server("11.0.2.1", 443, echo)
        Server("11.0.1.1", 443, echo)
        self.host("dest.example", "11.8.8.8")
        self.names.add("sni.example", "11.0.2.1")


def decided(w, url, rule, fields="", method="GET", source=None, body=b""):
    """The rule that decides url, in answer and record."""
    mark = len(list(w.gate.lines()))
    with w.gate.client(source=source) as c:
        got = c.get(url, fields, method, body)
    denied = rule.startswith("by-")
    equal(got.status, 403 if denied else 200)
    host = url.split("/")[2].split(":")[0].lower().rstrip(".")
    r = within(5, lambda: [r for r in w.gate.records(url__domain=host)
        if r["event.sequence"] >= mark], w.gate.tail)[0]
    equal(r["rule.id"], rule)
    equal(r["gatebook.decision"], "deny" if denied else "audit")
    true(r["gatebook.rule.line"] > 0)
    if denied:
        line = POLICY.splitlines()[r["gatebook.rule.line"] - 1]
        true(rule in line, "line %d is %r" % (r["gatebook.rule.line"], line))
    return r


E = "everything-else"
table([(u.replace("http://", "") + " by " + r, u, r, *more)
    for u, r, *more in [
    ("http://inline.example/", "by-inline"),
    ("http://x.tree.example/", "by-inline"),
    ("http://INLINE.example./", "by-inline"),
    ("http://listed.example/", "by-listed"),
    ("http://x.listed.example/", "by-listed"),
    ("http://hosts.example/", "by-hosts"),
    ("http://folder.example/", "by-folder"),
    ("http://x.folder.example/", "by-folder"),
    ("http://h.example/", "by-host"),
    ("http://x.h.example/", "by-host"),
    ("http://ok.h.example/", E),
    ("http://exact.example/", "by-exact"),
    ("http://x.exact.example/", E),
    ("http://o.example/k", "by-client", "", "GET", "127.0.7.9"),
    ("http://o.example/k", E, "", "GET", "127.0.8.9"),
    ("http://o.example/m", "by-method", "", "DELETE"),
    ("http://o.example/m", "by-method", "Content-Length: 1\r\n", "PUT", None,
        b"x"),
    ("http://o.example/private/x", "by-path"),
    ("http://o.example/%70rivate/x", "by-path"),
    ("http://o.example/a/../private/x", "by-path"),
    ("http://o.example/re42", "by-url"),
    ("http://o.example/re42x", E),
    ("http://o.example/s", "by-size", "Content-Length: 2000000\r\n", "POST"),
    ("http://o.example/s", E, "Content-Length: 3\r\n", "POST", None, b"abc"),
    ("http://hours.example/", "by-hours"),
    ("http://free.example/", E),
    ("http://dest.example/", "by-destination"),
]], decided)


@case
def an_entry_of_a_list_stands_in_the_record(w):
    r = decided(w, "http://x.listed.example/entry", "by-listed")
    equal(r["rule.category"], "listed")
    true(r["gatebook.list.file"].endswith("lists/plain"))
    equal(r["gatebook.list.line"], 2)
    equal(r["gatebook.list.entry"].lstrip("."), "listed.example")


@case
def a_service_and_what_was_done_there_stand_in_the_record(w):
    r = decided(w, "http://chatter.example/x?q=y", "at-service")
    equal(r["gatebook.service.name"], "chatter")
    equal(r["gatebook.service.class"], "social-media")
    equal(r["gatebook.service.fact"], "host")
    equal(r["gatebook.service.entry"], "site chatter.example")
    true(r["gatebook.service.file"].endswith("test.policy"))
    line = POLICY.splitlines()[r["gatebook.service.line"] - 1]
    equal(line, "    site  chatter.example")
    equal(r["gatebook.activity.name"], "search")
    equal(r["gatebook.activity.matched"], ['query "q"'])
    line = POLICY.splitlines()[r["gatebook.activity.line"] - 1]
    equal(line, "    activity search {")


@case
def the_type_of_content_tells_an_upload(w):
    image = "Content-Type: image/PNG\r\nContent-Length: 1\r\n"
    r = decided(w, "http://chatter.example/up", "by-activity", image, "POST",
        None, b"x")
    equal(r["gatebook.service.name"], "chatter")
    text = image.replace("image/PNG", "text/html")
    r = decided(w, "http://chatter.example/up", "at-chatter", text, "POST",
        None, b"x")
    true("gatebook.activity.name" not in r)
    equal(r["gatebook.service.name"], "chatter")


@case
def a_shared_host_is_told_by_what_is_asked_of_it(w):
    r = decided(w, "http://a.many.example/chat/1", "at-service")
    equal(r["gatebook.service.fact"], "activity")
    equal(r["gatebook.activity.name"], "view")
    r = decided(w, "http://a.many.example/other", E)
    true("gatebook.service.name" not in r and
        "gatebook.service.class" not in r, r)


@case
def a_chunked_upload_is_cut_when_it_crosses_the_bound(w):
    path = w.path()
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % w.url(path))
        try:
            for _ in range(40):
                c.send(b"10000\r\n" + b"z" * 65536 + b"\r\n")
            c.send(b"0\r\n\r\n")
            c.answer()
        except OSError:
            pass
    r = w.gate.record(url__path=path)
    equal(r["rule.id"], "by-size")
    equal(r["gatebook.decision"], "deny")
    for request in w.origin.seen(path):
        true(not request.whole, "the upload arrived")


@case
def report_only_rules_are_noted_and_nothing_more(w):
    r = decided(w, "http://would.example/would", E)
    text = " ".join(r["gatebook.report_only"])
    for name in ("would-one", "would-two"):
        true(name in text, text)
    equal(r["gatebook.report_only.count"], 2)
    true("test.policy" in text, "the file is missing: " + text)
    true(w.gate.metric("verdict_report_only_total") >= 1)


@case
def private_addresses_only_where_a_rule_names_them(w):
    equal(w.gate.get("http://inside.example/").status, 200)
    equal(w.gate.record(url__domain="inside.example")["rule.id"], "intranet")
    equal(w.gate.get("http://outside.example/").status, 403)
    equal(w.gate.record(url__domain="outside.example")["gatebook.outcome"],
        "special-address")


@case
def ports_only_where_a_rule_names_them(w):
    with w.gate.client() as c:
        equal(c.connect_to("ports.example:2222").status, 200)
        c.send(b"\0ab")
        equal(c.take(3), b"\0ab")
    with w.gate.client() as c:
        equal(c.connect_to("ports.example:2223").status, 403)


@case
def a_server_name_can_end_a_tunnel(w):
    from tls import client_hello
    mark = len(w.echo.connections)
    with w.gate.client() as c:
        equal(c.connect_to("sni.example:443").status, 200)
        c.send(client_hello("bad.sni.example"))
        got = c.rest()
        true(got == b"" or got[0] == 0x15, got)     # nothing, or an alert
    r = w.gate.record(destination__domain="sni.example")
    equal(r["rule.id"], "by-hello")
    equal(r["gatebook.decision"], "deny")
    equal(r["gatebook.stage"], "hello")


@case
def a_protocol_can_end_a_tunnel(w):
    with w.gate.client() as c:
        equal(c.connect_to("strict.example:443").status, 200)
        c.send(b"SSH-2.0-x\r\n")
        equal(c.rest(), b"")
    equal(w.gate.record(destination__domain="strict.example")["rule.id"],
        "by-protocol")


def depth(w, host, present, absent, path="/depth/x"):
    sent = "http://%s%s?page=7&other=8" % (host, path)
    mark = len(list(w.gate.lines()))
    equal(w.gate.get(sent, "User-Agent: probe\r\nReferer: http://r.example/p"
        "\r\n").status, 200)
    rule = {"depth-category": "at-category", "depth-host": "at-host",
        "depth-path": "at-path", "depth-url": "at-url", "pseudo":
        "as-pseudonym", "count": "as-count"}[host.split(".")[0]]
    r = within(5, lambda: [r for r in w.gate.records(rule__id=rule)
        if r["event.sequence"] >= mark], w.gate.tail)[0]
    for name in present.split():
        true(name in r, "%s is missing in %r" % (name, r))
    for name in absent.split():
        true(name not in r, "%s is in %r" % (name, r))
    return r


URL = "url.query user_agent.original"
PATH = "url.path http.request.referrer"
HOST = "destination.domain destination.ip url.domain"
WHO = "source.ip"
table([
    ("record category", "depth-category.example", "rule.id", " ".join([URL,
        PATH, HOST])),
    ("record host", "depth-host.example", HOST + " " + WHO, URL + " " + PATH),
    ("record path", "depth-path.example", HOST + " " + PATH, URL),
    ("record url", "depth-url.example", " ".join([HOST, PATH, URL]), ""),
    ("record as pseudonym", "pseudo.example",
        "user.hash destination.domain", "source.ip source.port user.name"),
    ("record as count-only", "count.example", "rule.id",
        "source.ip source.port transaction.id trace.id user.hash "
        "gatebook.reference"),
], depth)


@case
def kept_query_names_keep_their_values(w):
    r = depth(w, "depth-url.example", "", "", "/kept")
    true("page=7" in r["url.query"], r["url.query"])
    true("other=8" not in r["url.query"], r["url.query"])


@case
def pseudonyms_are_the_same_for_the_same_client(w):
    hashes = []
    for source in ("127.0.9.1", "127.0.9.1", "127.0.9.2"):
        mark = len(list(w.gate.lines()))
        with w.gate.client(source=source) as c:
            c.get("http://pseudo.example/same")
        r = within(5, lambda: [r for r in w.gate.records(
            rule__id="as-pseudonym") if r["event.sequence"] >= mark])[0]
        hashes.append(r["user.hash"])
    equal(hashes[0], hashes[1])
    true(hashes[0] != hashes[2])


@case
def commit_forward_writes_before_it_sends(w):
    """When the origin sees the first byte the opening line is in the file."""
    found = []

    def script(connection, request):
        found.append([r["event.action"] for r in w.gate.records(
            url__domain="forward.example")])
        connection.send(answer(b"x"))
    path = w.path(script)
    equal(w.gate.get("http://forward.example" + path).status, 200)
    equal(found, [["request-open"]])
    records = within(5, lambda: (lambda f: f if len(f) == 2 else None)(
        w.gate.records(url__domain="forward.example")))
    equal(len({r["transaction.id"] for r in records}), 1)


# --- explain and check agree with what happened ---------------------------------

def explained(w, url, rule):
    told = w.gate.command("explain", url)
    true(rule in told.stdout, told.stdout + told.stderr)
    true(told.returncode in (0, 1, 3), told.stderr)


table([("explain " + u, u, r) for u, r in [
    ("http://x.tree.example/", "by-inline"),
    ("http://o.example/re42", "by-url"),
    ("http://free.example/", E),
    ("http://would.example/would", "would-one"),
]], explained)


@case
def check_finds_every_fault_of_a_policy(w):
    bad = w.gate.write("bad.policy", HEAD + """
access {
    deny nothing { when hosst x.example }
    deny fields  { when host y.example }
    audit a { when category no-such }
}
expect deny nothing { host free.example }
""")
    told = w.gate.command("check", "--policy", bad)
    true(told.returncode != 0)
    text = told.stdout + told.stderr
    for sign in ("bad.policy:9", "bad.policy:10", "bad.policy:11", "hosst",
            "because", "no-such"):
        true(sign in text, "%s is missing in:\n%s" % (sign, text))


@case
def check_knows_a_good_policy(w):
    told = w.gate.command("check")
    equal(told.returncode, 0, told.stdout + told.stderr)


# --- reload -----------------------------------------------------------------------

def version(w):
    path = w.path()
    w.gate.get(w.url(path))
    return w.gate.record(url__path=path)["rule.version"]


@case
def a_reload_changes_the_decision(w):
    before = version(w)
    try:
        w.gate.write("test.policy", POLICY.replace("when host h.example",
            "when host h.example or free.example").replace(
            'expect audit everything-else { url "http://free.example/" }', ""))
        told = w.gate.command("reload")
        equal(told.returncode, 0, told.stdout + told.stderr)
        equal(w.gate.get("http://free.example/").status, 403)
        true(version(w) != before)
        within(5, lambda: w.gate.records(event__action="policy-load"))
    finally:
        w.gate.write("test.policy", POLICY)
        equal(w.gate.command("reload").returncode, 0)
    equal(w.gate.get("http://free.example/").status, 200)
    equal(version(w), before)


@case
def a_bad_reload_changes_nothing_and_says_why(w):
    before = version(w)
    try:
        for bad, sign in [(POLICY.replace("by-inline   {", "by-inlin   {"),
                "by-inlin"), (POLICY.replace("deny by-host {",
                "dny by-host {"), "dny"), (POLICY.replace(
                "expect deny  by-inline   { host inline.example }",
                "expect deny  by-inline   { host free.example }"),
                "expect")]:
            w.gate.write("test.policy", bad)
            told = w.gate.command("reload")
            true(told.returncode != 0, "the reload was taken")
            text = told.stdout + told.stderr
            true(re.search(r"test\.policy:\d+", text), text)
            true(sign in text, text)
            equal(version(w), before)
        within(5, lambda: w.gate.records(event__action="policy-reject"))
    finally:
        w.gate.write("test.policy", POLICY)
        equal(w.gate.command("reload").returncode, 0)


@case
def bad_settings_at_reload_change_nothing(w):
    before = version(w)
    w.gate.settings["no.such.word"] = "1"
    w.gate.settings["log.commit"] = "maybe"
    w.gate.write_conf()
    told = w.gate.command("reload")
    del w.gate.settings["no.such.word"]
    del w.gate.settings["log.commit"]
    w.gate.write_conf()
    true(told.returncode != 0)
    text = told.stdout + told.stderr
    for sign in ("proxy.conf:", "no.such.word", "maybe"):
        true(sign in text, text)
    equal(version(w), before)


@case(timeout=60)
def reloads_under_load_drop_nothing(w):
    stop = threading.Event()
    counts = {"good": 0, "bad": []}

    def load(number):
        with w.gate.client() as c:
            while not stop.is_set():
                got = c.get("http://o.example/load%d" % number)
                if got is None or got.status != 200:
                    counts["bad"].append(got and got.status)
                    return
                counts["good"] += 1

    with w.gate.client() as tunnel:
        equal(tunnel.connect_to("ports.example:443").status, 200)
        tunnel.send(b"\0x")
        equal(tunnel.take(2), b"\0x")
        threads = [threading.Thread(target=load, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        try:
            for i in range(8):
                w.gate.write("test.policy", POLICY + "# %d\n" % i
                    + ("network n%d { 10.0.0.%d }\n" % (i, i)))
                told = w.gate.command("reload")
                equal(told.returncode, 0, told.stdout + told.stderr)
        finally:
            stop.set()
            for t in threads:
                t.join()
            w.gate.write("test.policy", POLICY)
            equal(w.gate.command("reload").returncode, 0)
        equal(counts["bad"], [])
        true(counts["good"] > 50, counts)
        tunnel.send(b"\0still")
        equal(tunnel.take(6), b"\0still")


@case
def a_reload_ends_tunnels_that_are_now_denied(w):
    with w.gate.client() as kept, w.gate.client() as ended:
        equal(kept.connect_to("ports.example:443").status, 200)
        equal(ended.connect_to("free.example:443").status, 200)
        for c in (kept, ended):
            c.send(b"\0x")
            equal(c.take(2), b"\0x")
        try:
            w.gate.write("test.policy", POLICY.replace("when host h.example",
                "when host h.example or free.example").replace("expect audit "
                'everything-else { url "http://free.example/" }', ""))
            equal(w.gate.command("reload").returncode, 0)
            true(ended.is_closed(), "the denied tunnel goes on")
            kept.send(b"\0y")
            equal(kept.take(2), b"\0y")
        finally:
            w.gate.write("test.policy", POLICY)
            equal(w.gate.command("reload").returncode, 0)
    r = w.gate.record(event__action="tunnel-close",
        destination__domain="free.example")
    equal(r["gatebook.outcome"], "denied-later")


if __name__ == "__main__":
    run(__file__, lambda: Office(policy=POLICY, files=FILES))
