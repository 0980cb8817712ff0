# SPDX-License-Identifier: Apache-2.0
"""What gatebook says in its own name: to browsers, to tools, to the helpdesk;
and how a policy comes to say it."""
import html.parser
import re

from harness import case, equal, run, table, true, within
from world import World

POLICY = """policy "Test office" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
}

category games { games.example *.play.example }

access {
    deny games {
        when    category games
        because "Games wait until after work. <b>&"
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
    audit everything-else
}
"""

BROWSER = ("Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "User-Agent: Mozilla/5.0 (X11) Firefox/115\r\n")


class Page(html.parser.HTMLParser):
    """Enough of a check that a page is well made."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.tags = []
        self.words = ""
        self.feed(text)
        equal(self.open, [], "elements left open")

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            equal(self.open.pop(), tag, "elements cross")

    def handle_data(self, data):
        self.words += data


def html_page(got, status):
    equal(got.status, status)
    true(got.get(b"Content-Type").startswith(b"text/html"))
    text = got.body.decode("utf-8")
    page = Page(text)
    tags = [t for t, _ in page.tags]
    for tag in ("html", "title", "h1", "main"):
        true(tag in tags, "no <%s>" % tag)
    true(dict(page.tags)["html"].get("lang"), "no language")
    true("script" not in tags, "a script")
    true("<!doctype html>" in text.lower()[:20])
    return page


def plain_text(got, status):
    equal(got.status, status)
    true(got.get(b"Content-Type").startswith(b"text/plain"))
    return got.body.decode("utf-8")


REFERENCE = re.compile(r"\b([2-9A-HJ-KM-NP-Z]{3,4}(?:-[2-9A-HJ-KM-NP-Z]{3,4})"
    r"{2})\b")


def reference(words):
    found = REFERENCE.findall(words)
    true(found, "no reference in: " + words)
    return found[0]


NO_JARGON = ["RFC", "libunbound", "NXDOMAIN", "SERVFAIL", "errno", "ECONN",
    "EOF", "socket", "OpenSSL", "libevent"]


def in_words(text):
    for word in NO_JARGON:
        true(word not in text, "%s in: %s" % (word, text))


@case
def a_denied_page_for_a_browser(w):
    got = w.gate.get("http://games.example/x?q=1", BROWSER)
    page = html_page(got, 403)
    true("Games wait until after work. <b>&" in page.words,
        "the reason, escaped")
    true("hr@office.example" in page.words, "the owner")
    equal(got.get(b"Cache-Control"), b"no-store")
    ref = reference(page.words)
    r = w.gate.record(url__domain="games.example", url__path="/x")
    equal(r["gatebook.reference"], ref)
    true(ref.encode() in got.get(b"Proxy-Status"), got.get(b"Proxy-Status"))
    true(b"http_request_denied" in got.get(b"Proxy-Status"))
    equal(r["gatebook.decision"], "deny")
    equal(r["rule.id"], "games")
    true(r["gatebook.rule.file"].endswith("test.policy"))
    equal(r["gatebook.rule.line"], 11)
    equal(r["rule.category"], "games")
    equal(r["gatebook.list.entry"], "games.example")
    equal(r["event.code"], "GB-1001")
    in_words(page.words)


@case
def a_denied_text_for_a_tool(w):
    got = w.gate.get("http://a.play.example/y", "Accept: */*\r\n"
        "User-Agent: curl/8\r\n")
    text = plain_text(got, 403)
    true("Games wait until after work. <b>&" in text, text)
    true("hr@office.example" in text)
    equal(w.gate.record(url__domain="a.play.example")["gatebook.reference"],
        reference(text))
    in_words(text)


@case
def a_denied_HEAD_has_no_content(w):
    with w.gate.client() as c:
        got = c.get("http://games.example/head", method="HEAD")
        equal(got.status, 403)
        c.socket.settimeout(0.5)
        try:
            true(not c.more() or not c.received[c.at:], "content after HEAD")
        except OSError:
            pass


@case
def a_denied_tunnel(w):
    with w.gate.client() as c:
        got = c.connect_to("games.example:443", BROWSER)
        equal(got.status, 403)
        true(len(got.body) < 1000)
        ref = reference(got.body.decode())
    r = w.gate.record(destination__domain="games.example",
        http__request__method="CONNECT")
    equal(r["gatebook.reference"], ref)


@case
def a_denied_upload_keeps_the_framing(w):
    """The next request on the connection is not taken from the body."""
    with w.gate.client() as c:
        body = b"GET http://o.example/hidden HTTP/1.1\r\nHost: o.example\r\n" \
            b"\r\n"
        got = c.get("http://games.example/up", "Content-Length: %d\r\n"
            % len(body), "POST", body)
        equal(got.status, 403)
        try:
            c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
                % w.url("/visible"))
            c.answer()
        except OSError:
            pass
    equal(w.origin.seen("/hidden"), [])


def fault_page(w, url, status, error, fields=""):
    got = w.gate.get(url, BROWSER + fields)
    page = html_page(got, status)
    in_words(page.words)
    ref = reference(page.words)
    true(error in got.get(b"Proxy-Status"), got.get(b"Proxy-Status"))
    true("desk@office.example" in page.words, "the contact")
    found = within(5, lambda: w.gate.records(gatebook__reference=ref))
    equal(len(found), 1)
    equal(found[0]["http.response.status_code"], status)
    text = plain_text(w.gate.get(url, fields), status)
    in_words(text)
    true(len(text) > 100, "too few words: " + text)
    shown = w.gate.command("log", "show", ref)
    equal(shown.returncode, 0, shown.stderr)
    true(ref in shown.stdout, shown.stdout)


table([
    ("page: no such name", "http://no-such.example/", 502, b"dns_error"),
    ("page: nobody listens", "http://11.0.9.8/", 502, b"connection_refused"),
    ("page: no way there", "http://13.1.0.1/", 502,
        b"destination_ip_unroutable"),
    ("page: a private address", "http://10.0.0.1/", 403,
        b"destination_ip_prohibited"),
    ("page: a bad answer", "http://o.example/badanswer", 502,
        b"http_protocol_error"),
    ("page: closed without an answer", "http://o.example/closed", 502,
        b"connection_terminated"),
    ("page: a loop", "http://o.example/loop", 508, b"proxy_loop_detected",
        "Via: 1.1 VIA\r\n"),
], lambda w, *row: fault_page(w, *(v.replace("VIA", w.via())
    if isinstance(v, str) else v for v in row)))


@case
def a_page_escapes_what_comes_from_outside(w):
    got = w.gate.get("http://<script>alert(1)</script>.example/x", BROWSER)
    true(got.status in (400, 502))
    true(b"<script>" not in got.body, got.body)
    got = w.gate.get("http://games.example/\"><script>x</script>", BROWSER)
    true(b"<script>" not in got.body)


@case
def references_are_found_by_what_a_person_types(w):
    got = w.gate.get("http://games.example/typed")
    ref = reference(got.body.decode())
    w.gate.record(url__path="/typed")
    for typed in (ref, ref.lower(), ref.replace("-", ""),
            ref.replace("-", " ")):
        shown = w.gate.command("log", "show", typed)
        equal(shown.returncode, 0, shown.stderr)
        true("games" in shown.stdout, shown.stdout)
    for c in "23456789ABCDEFGH":
        if c != ref[0]:
            wrong = w.gate.command("log", "show", c + ref[1:])
            if "check" in wrong.stderr + wrong.stdout \
                    or wrong.returncode != 0:
                return
    raise AssertionError("no wrong reference was noticed")


@case
def references_are_never_given_twice(w):
    seen = set()
    for i in range(60):
        ref = reference(w.gate.get("http://games.example/n%d"
            % i).body.decode())
        true(ref not in seen)
        seen.add(ref)
        true(not set(ref) & set("0O1IL"), ref)


@case
def a_request_to_gatebook_itself_is_told_so(w):
    with w.gate.client() as c:
        c.send("GET / HTTP/1.1\r\nHost: 127.0.0.1:3128\r\n%s\r\n" % BROWSER)
        html_page(c.answer(), 400)


@case
def pages_in_plain_http_tunnels(w):
    """In a tunnel that carries plain HTTP a denied page can be shown."""
    with w.gate.client() as c:
        got = c.connect_to("o.example:80")
        equal(got.status, 200)
        c.send(b"GET / HTTP/1.1\r\nHost: o.example\r\n\r\n")
        equal(c.answer().status, 200)


class Office(World):
    def prepare(self):
        self.names.add("games.example", "11.0.1.1")
        self.names.add("a.play.example", "11.0.1.1")
        self.origin.on("/badanswer", b"HTTP/1.1 200 OK\r\nContent-Length: 1"
            b"\r\nContent-Length: 2\r\n\r\nx")
        self.origin.on("/closed", lambda c, r: False)

    def via(self):
        path = self.path()
        self.gate.get(self.url(path))
        return self.origin.seen(path)[0].get(b"Via").decode().split()[-1]


if __name__ == "__main__":
    run(__file__, lambda: Office(policy=POLICY))
