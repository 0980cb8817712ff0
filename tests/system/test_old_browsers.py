# SPDX-License-Identifier: Apache-2.0
"""Who asks, in the live proxy: an old browser gets the page that says so, in
plain HTTP and, as far as a tunnel can, at the CONNECT; records say browser,
kind and navigation; a list of one's own takes the place of the built-in one."""
import os

from harness import case, equal, run, table, true, within
from origin import Server, echo
from tls import client_hello
from world import World

POLICY = """policy "Test office" { contact "desk@office.example" }

category ours { ours.example }

access {
    default { record url as name }
    deny legacy-browsers {
        when    browser internet-explorer or chrome older-than 109 or firefox older-than 115
        unless  host ours
        because "This browser is too old for the internet."
        ground  security  owner "IT Security, 0800 000 000"  review-by 2099-01-31
    }
    deny no-tools {
        when    client-kind tool
        and     host people.example
        because "People only."
        ground  business  owner "IT, it@office.example"  review-by 2099-01-31
    }
    deny no-embedding {
        when    embedded-in shop.example
        and     navigation no
        and     host tracker.example
        because "Not inside that page."
        ground  security  owner "IT, it@office.example"  review-by 2099-01-31
    }
    deny by-hello {
        when    server-name hello.example
        and     browser curl
        because "Not with that program."
        ground  security  owner "IT, it@office.example"  review-by 2099-01-31
    }
    audit at-host { when host shallow.example  record host }
}
"""
IE = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0)"
CHROME = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36")
FIREFOX = ("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 "
    "Firefox/%d.0")
HTML = "Accept: text/html,*/*;q=0.8\r\n"


class Office(World):
    def prepare(self):
        for name in ("ours", "people", "tracker", "shallow", "any"):
            self.names.add(name + ".example", "11.0.1.1")
        Server("11.0.1.1", 443, echo)


def ask(w, host, agent, fields=""):
    """Ask for a page of host; the answer and its record."""
    mark = len(list(w.gate.lines()))
    said = "User-Agent: %s\r\n" % agent if agent is not None else ""
    with w.gate.client() as c:
        got = c.get("http://%s/" % host, said + fields)
    r = within(5, lambda: [r for r in w.gate.records(url__domain=host)
        if r["event.sequence"] >= mark] if "shallow" not in host else
        [r for r in w.gate.records(destination__domain=host)
        if r["event.sequence"] >= mark], w.gate.tail)[0]
    return got, r


def judged(w, host, agent, rule, name=None, version=None, kind=None):
    got, r = ask(w, host, agent, HTML)
    equal(got.status, 200 if rule == "default" else 403)
    equal(r["rule.id"], rule)
    equal(r.get("user_agent.name"), name)
    equal(r.get("user_agent.version"), version)
    equal(r.get("gatebook.client.kind"), kind)
    if agent:
        equal(r["user_agent.original"], agent)


L = "legacy-browsers"
D = "default"
table([("%s asks %s" % (n, h), h, a, r, *more) for n, h, a, r, *more in [
    ("IE 11 in compatibility view", "any.example", IE, L, "IE", "11",
        "browser"),
    ("IE", "ours.example", IE, D, "IE", "11", "browser"),
    ("Chrome 108", "any.example", CHROME % 108, L, "Chrome", "108", "browser"),
    ("Chrome 109", "any.example", CHROME % 109, D, "Chrome", "109", "browser"),
    ("Firefox 114", "any.example", FIREFOX % (114, 114), L, "Firefox", "114",
        "browser"),
    ("Firefox 115", "any.example", FIREFOX % (115, 115), D, "Firefox", "115",
        "browser"),
    ("curl", "any.example", "curl/8.5.0", D, "curl", "8", "tool"),
    ("curl", "people.example", "curl/8.5.0", "no-tools", "curl", "8", "tool"),
    ("nobody", "people.example", None, D),
    ("an unknown program", "people.example", "Acme Ledger/7.3", D,
        "Acme Ledger", "7", "app"),
]], judged)


@case
def an_old_browser_sees_the_page(w):
    got, _ = ask(w, "any.example", IE, HTML)
    equal(got.status, 403)
    true(b"text/html" in got.get(b"Content-Type"))
    for words in (b"This browser is too old for the internet.",
            b"IT Security, 0800 000 000"):
        true(words in got.body, got.body)


@case
def an_old_browser_is_known_at_the_connect(w):
    with w.gate.client() as c:
        equal(c.connect_to("any.example:443",
            "User-Agent: %s\r\n" % IE).status, 403)
    with w.gate.client() as c:      # a tunnel without one says nothing
        equal(c.connect_to("any.example:443").status, 200)
    r = w.gate.record(destination__domain="any.example",
        http__request__method="CONNECT", gatebook__decision="deny")
    equal(r["rule.id"], L)
    equal(r["user_agent.name"], "IE")
    true("gatebook.navigation" not in r)


@case
def a_browser_is_still_known_when_the_hello_comes(w):
    for agent, denied in (("curl/8.5.0", True), ("Acme/1.0", False)):
        with w.gate.client() as c:
            equal(c.connect_to("any.example:443",
                "User-Agent: %s\r\n" % agent).status, 200)
            c.send(client_hello("hello.example"))
            if not denied:
                true(c.take(5), "the hello comes back")
        r = w.gate.record(event__action="tunnel-close",
            user_agent__name=agent.split("/")[0])
        equal(r["rule.id"], "by-hello" if denied else D)


def navigated(w, fields, rule, navigation=None, by=None):
    got, r = ask(w, "tracker.example", CHROME % 126, fields)
    equal(r["rule.id"], rule)
    equal(r.get("gatebook.navigation"), navigation)
    equal(r.get("gatebook.navigation_by"), by)


SHOP = "Referer: http://www.shop.example/x\r\n"
table([
    ("a click is a navigation", "Sec-Fetch-Mode: navigate\r\n"
        "Sec-Fetch-Dest: document\r\nSec-Fetch-User: ?1\r\n" + SHOP, D, "yes",
        "sec-fetch-user"),
    ("a page asked for is likely one", HTML + SHOP, D, "likely", "accept"),
    ("an image in a page is none", "Accept: image/png\r\n" + SHOP,
        "no-embedding", "no", "accept"),
    ("an image in another page is none", "Accept: image/png\r\n"
        "Referer: http://other.example/\r\n", D, "no", "accept"),
    ("a script's request is none", "Sec-Fetch-Mode: cors\r\n"
        "Origin: https://shop.example\r\n", "no-embedding", "no",
        "sec-fetch-mode"),
    ("nothing said is not known", SHOP, D),
], navigated)


@case
def a_shallow_record_keeps_the_name_of_the_browser_alone(w):
    _, r = ask(w, "shallow.example", CHROME % 126)
    equal(r["user_agent.name"], "Chrome")
    true("user_agent.original" not in r)


@case
def a_list_beside_the_policy_takes_the_place_of_the_built_in_one(w):
    own = ('family curl "curl" tool  family internet-explorer "Explorer" browser\n'
        'family chrome "Chrome" browser\nfamily firefox "Firefox" browser\n'
        'is firefox "Acme Ledger/"\n')
    w.gate.write("browsers", own)
    try:
        equal(w.gate.command("reload").returncode, 0)
        judged(w, "any.example", "Acme Ledger/7.3", L, "Firefox", "7",
            "browser")
        w.gate.write("browsers", own + "is crome \"x/\"\n")
        got = w.gate.command("reload")
        equal(got.returncode, 1)
        true("browsers:5:4: error: there is no family" in
            got.stdout + got.stderr, got.stdout + got.stderr)
    finally:
        os.unlink(os.path.join(w.gate.folder, "browsers"))
        equal(w.gate.command("reload").returncode, 0)


if __name__ == "__main__":
    run(__file__, lambda: Office(policy=POLICY))
