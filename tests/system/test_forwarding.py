# SPDX-License-Identifier: Apache-2.0
"""What RFC 9110 and 9112 ask of an intermediary, seen from both sides."""
import hashlib
import threading

from harness import case, equal, run, table, true, within
from origin import Early, answer
from world import World

HOP = ["Connection", "Proxy-Connection", "Keep-Alive", "TE", "Upgrade",
    "Proxy-Authorization"]


def fetch(w, path, fields="", method="GET", body=b"", version="1.1",
        client=None, target=None):
    own = client or w.gate.client()
    own.send("%s %s HTTP/%s\r\nHost: o.example\r\n%s\r\n" % (method,
        target or w.url(path), version, fields))
    if body:
        own.send(body)
    got = own.answer(method)
    if not client:
        own.close()
    return got


# --- the request line and the fields -----------------------------------------

def target_becomes(w, sent, seen, host=b"o.example"):
    path = w.path(answer())
    sent = sent.replace("PATH", path)
    seen = seen.replace("PATH", path).encode()
    mark = len(w.origin.requests)
    got = fetch(w, path, target=sent)
    equal(got.status, 200)
    request = w.origin.requests[mark]
    equal(request.line, b"GET " + seen + b" HTTP/1.1")
    equal(request.all(b"Host"), [host])


table([
    ("absolute form becomes origin form", "http://o.examplePATH?a=b&c",
        "PATH?a=b&c"),
    ("an empty path becomes a slash", "http://o.example", "/"),
    ("an empty path before a query too", "http://o.example?x=1", "/?x=1"),
    ("the scheme may have upper case", "HTTP://o.examplePATH", "PATH"),
    ("percent-encoding is left as it is",
        "http://o.examplePATH/%7Eme/%2e%2E/a%2Fb/%c3%A9?q=%20+%3d",
        "PATH/%7Eme/%2e%2E/a%2Fb/%c3%A9?q=%20+%3d"),
    ("dot segments are left as they are", "http://o.examplePATH/./a/../b//c",
        "PATH/./a/../b//c"),
    ("odd but allowed bytes pass", "http://o.examplePATH/~!$&'()*+,;=:@-._",
        "PATH/~!$&'()*+,;=:@-._"),
    ("the default port may be written", "http://o.example:80PATH", "PATH",
        b"o.example:80"),
], target_becomes)


@case
def the_target_decides_and_not_Host(w):
    path = w.path()
    with w.gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: other.example\r\n\r\n" % w.url(path))
        equal(c.answer().status, 200)
    equal(w.origin.seen(path)[0].all(b"Host"), [b"o.example"])


@case
def field_order_case_and_duplicates_are_kept(w):
    path = w.path()
    sent = ("X-b: 1\r\nx-A: 2\r\nCookie: a=1\r\nX-B: 3\r\nCookie: b=2\r\n"
        "Accept:*/*\r\nX-Empty:\r\nX-Space: a  b\tc\r\n"
        "X-Latin: caf\xe9\r\n")
    fetch(w, path, sent)
    fields = w.origin.seen(path)[0].fields
    kept = [(n, v) for n, v in fields if n not in (b"Host", b"Via",
        b"Connection")]
    equal(kept, [(b"X-b", b"1"), (b"x-A", b"2"), (b"Cookie", b"a=1"),
        (b"X-B", b"3"), (b"Cookie", b"b=2"), (b"Accept", b"*/*"),
        (b"X-Empty", b""), (b"X-Space", b"a  b\tc"),
        (b"X-Latin", b"caf\xe9")])


@case
def hop_by_hop_fields_stay_here(w):
    path = w.path()
    fetch(w, path, "Connection: x-mine, close, X-Other\r\nX-Mine: 1\r\n"
        "x-OTHER: 2\r\nX-Stays: 3\r\nProxy-Connection: keep-alive\r\n"
        "Keep-Alive: timeout=5\r\nTE: trailers\r\n"
        "Proxy-Authorization: Basic YTpi\r\nUpgrade: h2c\r\n"
        "Authorization: Basic YTpi\r\n")
    request = w.origin.seen(path)[0]
    for name in [b"X-Mine", b"X-Other", b"Proxy-Connection", b"Keep-Alive",
            b"TE", b"Proxy-Authorization", b"Upgrade"]:
        equal(request.all(name), [], name.decode())
    equal(request.all(b"X-Stays"), [b"3"])
    equal(request.all(b"Authorization"), [b"Basic YTpi"])


@case
def hop_by_hop_fields_of_answers_stay_here(w):
    path = w.path(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX-One: 1\r\n"
        b"Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\n"
        b"Keep-Alive: timeout=9\r\nSet-Cookie: b=2\r\nx-two: 2\r\n"
        b"Content-Length: 2\r\n\r\nhi")
    got = fetch(w, path)
    equal([(n, v) for n, v in got.fields if n.lower() in (b"set-cookie",
        b"x-one", b"x-two", b"content-length")],
        [(b"Set-Cookie", b"a=1"), (b"X-One", b"1"), (b"Set-Cookie", b"b=2"),
        (b"x-two", b"2"), (b"Content-Length", b"2")])
    for name in (b"X-Mine", b"Keep-Alive"):
        equal(got.all(name), [], name.decode())
    equal(got.body, b"hi")


@case
def via_is_added_behind_others(w):
    path = w.path(answer(fields=b"Via: 1.1 far\r\n"))
    got = fetch(w, path, "Via: 1.0 near\r\n")
    there = b", ".join(w.origin.seen(path)[0].all(b"Via"))
    true(there.startswith(b"1.0 near, 1.1 "), there)
    back = b", ".join(got.all(b"Via"))
    true(back.startswith(b"1.1 far, 1.1 "), back)


@case
def nothing_about_the_client_is_added(w):
    path = w.path()
    fetch(w, path)
    names = {n.lower() for n, _ in w.origin.seen(path)[0].fields}
    equal(names - {b"host", b"via", b"connection"}, set())


@case
def what_the_client_says_of_itself_passes(w):
    path = w.path()
    fetch(w, path, "X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n")
    request = w.origin.seen(path)[0]
    equal(request.get(b"X-Forwarded-For"), b"1.2.3.4")
    equal(request.get(b"Forwarded"), b"for=1.2.3.4")


@case
def userinfo_never_reaches_the_origin_as_host(w):
    path = w.path()
    got = fetch(w, path, target="http://me:secret@o.example" + path)
    if got.status == 200:
        request = w.origin.seen(path)[0]
        equal(request.all(b"Host"), [b"o.example"])
        true(b"secret" not in request.line, request.line)
    else:
        equal(got.status, 400)
    true("secret" not in "".join(l.decode() for l in w.gate.lines()),
        "the password is in the log")


@case
def sixty_four_KiB_of_proxy_authorization_pass(w):
    path = w.path()
    token = "A" * 65536
    equal(fetch(w, path, "Proxy-Authorization: Negotiate %s\r\n"
        % token).status, 200)
    true(b"AAAAAAAA" not in w.origin.seen(path)[0].head, "it was forwarded")


def method_passes(w, method, body):
    path = w.path(answer(b"did it"))
    fields = "Content-Length: %d\r\n" % len(body) if body else ""
    got = fetch(w, path, fields, method, body)
    equal(got.status, 200)
    request = w.origin.seen(path)[0]
    equal(request.method, method.encode())
    equal(request.body, body)
    w.gate.record(url__path=path, http__request__method=method)


table([("the method %s passes" % m, m, b) for m, b in [("POST", b"a=1"),
    ("PUT", b"x" * 5000), ("DELETE", b""), ("PATCH", b"{}"),
    ("PROPFIND", b"<a/>"), ("BREW", b""), ("M-SEARCH", b""),
    ("get", b""), ("x!#$%&'*+-.^_`|~1", b"")]], method_passes)


@case
def a_body_with_GET_passes(w):
    path = w.path()
    fetch(w, path, "Content-Length: 4\r\n", "GET", b"body")
    equal(w.origin.seen(path)[0].body, b"body")


@case
def content_length_zero_is_kept(w):
    path = w.path()
    fetch(w, path, "Content-Length: 0\r\n", "POST")
    equal(w.origin.seen(path)[0].all(b"Content-Length"), [b"0"])


@case
def an_empty_line_before_a_request_is_skipped(w):
    path = w.path()
    with w.gate.client() as c:
        c.send(b"\r\n")
        equal(fetch(w, path, client=c).status, 200)


@case
def a_request_in_single_bytes(w):
    path = w.path()
    with w.gate.client() as c:
        c.send_bytewise(("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Content-Length: 5\r\n\r\nhello" % w.url(path)).encode())
        equal(c.answer().status, 200)
    equal(w.origin.seen(path)[0].body, b"hello")


@case
def an_answer_in_single_bytes(w):
    def script(connection, request):
        for byte in (b"HTTP/1.1 200 Fine By Me\r\nX-A: 1\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n5;e=1\r\nhello\r\n"
                b"0\r\nX-T: 1\r\n\r\n"):
            connection.send(bytes([byte]))
    got = fetch(w, w.path(script))
    equal(got.line, b"HTTP/1.1 200 Fine By Me")
    equal(got.body, b"hello")
    equal(got.trailers, [(b"X-T", b"1")])


@case
def statuses_and_phrases_are_kept(w):
    for line in (b"200", b"200 ", b"299 Odd", b"418 I'm a teapot",
            b"599 Caf\xe9", b"404 Not Found"):
        path = w.path(b"HTTP/1.1 " + line + b"\r\nContent-Length: 0\r\n\r\n")
        if line == b"200":
            continue            # without its space it is not an answer
        got = fetch(w, path)
        equal(got.status, int(line[:3]))
        equal(got.line, b"HTTP/1.1 " + line)


# --- answers without content -------------------------------------------------

def no_content(w, method, raw, junk=b""):
    """What stands before the next answer is the head alone."""
    path = w.path(lambda c, r: c.send(raw + junk) or not junk)
    after = w.path(answer(b"after"))
    with w.gate.client() as c:
        got = fetch(w, path, method=method, client=c)
        equal(got.status, int(raw[9:12]))
        got = fetch(w, after, client=c)
        if got is None and junk:
            return      # closing is one way to be sure
        equal((got.status, got.body), (200, b"after"))


table([
    ("HEAD with a length", "HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    ("HEAD without a length", "HEAD", b"HTTP/1.1 200 OK\r\n\r\n"),
    ("HEAD that says chunked", "HEAD",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("HEAD with content nobody asked for", "HEAD",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"junk!"),
    ("204", "GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("204 with content", "GET", b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
    ("304 with a length", "GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\nETag: x\r\n\r\n"),
    ("304 with content", "GET",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b"junk!"),
], no_content)


@case
def HEAD_keeps_the_length_it_was_told(w):
    path = w.path(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    equal(fetch(w, path, method="HEAD").all(b"Content-Length"), [b"1000"])
    record = w.gate.record(url__path=path)
    equal(record["http.response.body.bytes"], 0)


@case
def bytes_behind_a_finished_answer_never_become_the_next(w):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    path = w.path(lambda c, r: c.send(answer(b"good") + evil))
    with w.gate.client() as c:
        equal(fetch(w, path, client=c).body, b"good")
        got = fetch(w, w.path(answer(b"next")), client=c)
        true(got is None or got.body == b"next", "got %r" % got)
    for _ in range(4):          # nor in a pooled connection of any worker
        equal(fetch(w, w.path(answer(b"next"))).body, b"next")


# --- 1xx ---------------------------------------------------------------------

@case
def early_hints_pass(w):
    path = w.path(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        b"HTTP/1.1 102 Processing\r\n\r\n" + answer(b"x"))
    got = fetch(w, path)
    equal([i.status for i in got.interim], [103, 102])
    equal(got.interim[0].get(b"Link"), b"</a.css>")
    equal(got.body, b"x")


@case
def http_1_0_clients_get_no_1xx(w):
    path = w.path(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer(b"x"))
    got = fetch(w, path, version="1.0")
    equal(got.interim, [])
    equal(got.body, b"x")


@case
def a_client_waits_for_100_continue(w):
    path = w.path(Early(lambda c, r: c.send(
        b"HTTP/1.1 100 Continue\r\n\r\n"), then=answer(b"got it")))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\n" % w.url(path))
        equal(c.until(b"\r\n\r\n").split(b"\r\n")[0].split(b" ")[1], b"100")
        c.send(b"body")
        equal(c.answer().body, b"got it")
    request = w.origin.seen(path)[0]
    equal(request.body, b"body")
    equal(request.get(b"Expect"), b"100-continue")


@case
def an_origin_may_refuse_instead_of_100(w):
    def refuse(connection, request):
        connection.send(b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\nno")
    path = w.path(Early(refuse, takes_over=True))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n"
            % w.url(path))
        got = c.answer()
        equal((got.status, got.body), (417, b"no"))


@case
def a_client_need_not_wait_for_100(w):
    path = w.path(answer(b"fine"))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 4\r\n"
            "Expect: 100-continue\r\n\r\nbody" % w.url(path))
        equal(c.answer().body, b"fine")
    equal(w.origin.seen(path)[0].body, b"body")


# --- framing -------------------------------------------------------------------

@case
def chunked_requests_with_extensions_and_trailers(w):
    path = w.path()
    body = (b"5;name=value;q=\"a;b\"\r\nhello\r\n006 \r\n world\r\n"
        b"0\r\nX-Trailer: t\r\nDigest: d\r\n\r\n").replace(b"006 ", b"006")
    got = fetch(w, path, "Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n",
        "POST", body)
    equal(got.status, 200)
    request = w.origin.seen(path)[0]
    equal(request.body, b"hello world")
    equal(request.trailers, [(b"X-Trailer", b"t"), (b"Digest", b"d")])
    equal(w.gate.record(url__path=path)["http.request.body.bytes"], 11)


@case
def chunked_answers_with_extensions_and_trailers(w):
    path = w.path(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        b"Trailer: X-T\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-T: 1\r\n\r\n")
    got = fetch(w, path, "TE: trailers\r\n")
    equal(got.body, b"hello!")
    equal(got.trailers, [(b"X-T", b"1")])
    equal(got.all(b"Content-Length"), [])


@case
def http_1_0_clients_get_chunks_unwrapped(w):
    path = w.path(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n")
    with w.gate.client() as c:
        got = fetch(w, path, version="1.0", client=c)
        equal(got.all(b"Transfer-Encoding"), [])
        equal(got.body, b"hello world")
        true(got.by_close or got.get(b"Content-Length") == b"11")


@case
def http_1_0_clients_may_keep_the_connection(w):
    with w.gate.client() as c:
        for _ in range(3):
            path = w.path(answer(b"again"))
            got = fetch(w, path, "Proxy-Connection: keep-alive\r\n",
                version="1.0", client=c)
            if got is None:
                return          # closing is allowed, but then it must be said
            equal(got.body, b"again")
            said = (b",".join(got.all(b"Connection")
                + got.all(b"Proxy-Connection"))).lower()
            if b"keep-alive" not in said:
                true(c.is_closed(), "neither keep-alive nor closed")
                return


@case
def http_1_0_clients_without_keep_alive_see_the_end(w):
    with w.gate.client() as c:
        fetch(w, w.path(answer(b"x")), version="1.0", client=c)
        true(c.is_closed())


@case
def close_delimited_answers(w):
    body = b"y" * 100000

    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + body)
        return False
    path = w.path(script)
    got = fetch(w, path)
    equal(got.body, body)
    true(got.whole, "cut")
    equal(w.gate.record(url__path=path)["http.response.body.bytes"],
        len(body))


@case
def http_1_0_origins(w):
    def script(connection, request):
        connection.send(b"HTTP/1.0 200 OK\r\nX-Old: yes\r\n\r\nold content")
        return False
    path = w.path(script)
    got = fetch(w, path)
    equal(got.version, b"HTTP/1.1")
    equal(got.body, b"old content")
    true(b"1.0 " in b", ".join(got.all(b"Via")), got.all(b"Via"))


@case
def http_1_0_origins_that_keep_the_connection(w):
    path = w.path(b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
        b"Content-Length: 3\r\n\r\nold")
    with w.gate.client() as c:
        equal(fetch(w, path, client=c).body, b"old")
        equal(fetch(w, path, client=c).body, b"old")


@case
def connection_close_of_the_origin_is_not_the_clients(w):
    def script(connection, request):
        connection.send(answer(b"x", fields=b"Connection: close\r\n"))
        return False
    with w.gate.client() as c:
        for _ in range(3):
            equal(fetch(w, w.path(script), client=c).body, b"x")


@case
def connection_close_of_the_client_is_obeyed(w):
    with w.gate.client() as c:
        got = fetch(w, w.path(), "Connection: close\r\n", client=c)
        true(b"close" in got.get(b"Connection", b"").lower(), got.fields)
        true(c.is_closed())


@case
def large_bodies_in_both_directions(w):
    up = hashlib.sha256(b"up").digest() * 65536          # 2 MiB
    down = hashlib.sha256(b"down").digest() * 131072     # 4 MiB
    path = w.path(answer(down))
    with w.gate.client() as c:
        sending = threading.Thread(target=c.send, args=((
            "POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: %d\r\n\r\n"
            % (w.url(path), len(up))).encode() + up,))
        sending.start()
        got = c.answer()
        sending.join()
    true(got.body == down, "the answer differs")
    true(w.origin.seen(path)[0].body == up, "the request differs")
    record = w.gate.record(url__path=path)
    equal(record["http.request.body.bytes"], len(up))
    equal(record["http.response.body.bytes"], len(down))
    true(record["source.bytes"] > len(up))
    true(record["destination.bytes"] > len(down))


@case
def an_answer_before_the_end_of_the_request(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\nno")
        connection.end()
        connection.rest()
    path = w.path(Early(script, takes_over=True))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Content-Length: 100000\r\n\r\n" % w.url(path))
        c.send(b"z" * 1000)
        got = c.answer()
        equal((got.status, got.body), (413, b"no"))


@case
def both_sides_may_stream_at_once(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
            b"\r\n\r\n")
        while True:
            size = int(connection.until(b"\r\n"), 16)
            data = connection.take(size + 2)
            connection.send(b"%x\r\n" % size + data)
            if size == 0:
                return
    path = w.path(Early(script, takes_over=True))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % w.url(path))
        c.send(b"4\r\nping\r\n")
        head = c.until(b"\r\n\r\n")
        true(b" 200 " in head, head)
        equal(c.until(b"ping\r\n"), b"4\r\nping\r\n")
        c.send(b"4\r\npong\r\n")
        equal(c.until(b"pong\r\n"), b"4\r\npong\r\n")
        c.send(b"0\r\n\r\n")
        equal(c.until(b"0\r\n\r\n"), b"0\r\n\r\n")


def kernel_holds():
    """What the buffers of the sockets on the way may take by themselves."""
    total = 0
    for name in ("tcp_rmem", "tcp_wmem"):
        with open("/proc/sys/net/ipv4/" + name) as f:
            total += 2 * int(f.read().split()[2])
    return total


@case
def a_slow_client_holds_the_origin_back(w):
    sent = []

    def script(connection, request):
        connection.socket.settimeout(3)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 400000000\r\n\r\n")
        try:
            for _ in range(4000):
                connection.send(b"b" * 100000)
                sent.append(100000)
        except OSError:
            pass
        return False
    path = w.path(script)
    with w.gate.client(receive_buffer=65536) as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n" % w.url(path))
        within(10, lambda: sum(sent) > 0)
        seen = -1

        def settled():
            nonlocal seen
            before, seen = seen, sum(sent)
            return before == seen
        import time
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not settled():
            time.sleep(0.3)
        true(sum(sent) < kernel_holds() + 4_000_000, "%d bytes were held"
            % sum(sent))


def cut_everywhere(text):
    return [(text[:i], text[i:]) for i in range(1, len(text))]


@case
def a_request_cut_at_every_place(w):
    """Two parts, wherever the cut: the origin sees the same."""
    path = w.path()
    text = ("POST %s HTTP/1.1\r\nHost: o.example\r\nTransfer-Encoding: chunked"
        "\r\nX-A: b\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"
        "HEAD %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
        % (w.url(path), w.url(path))).encode()
    for first, second in cut_everywhere(text):
        with w.gate.client() as c:
            c.send(first)
            c.send(second)
            equal([c.answer().status, c.answer("HEAD").status], [200, 200])
    seen = w.origin.seen(path)
    equal({(r.head, r.raw_body) for r in seen if r.method == b"POST"}.__len__(),
        1, "the origin saw different requests")
    equal(len(seen), 2 * (len(text) - 1))
    equal(seen[0].body, b"abc")


@case
def an_answer_cut_at_every_place(w):
    text = (b"HTTP/1.1 103 Early\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")
    parts = iter(cut_everywhere(text))

    def script(connection, request):
        first, second = next(parts)
        connection.send(first)
        connection.send(second)
    path = w.path(script)
    got = set()
    with w.gate.client() as c:
        for _ in range(len(text) - 1):
            a = c.get(w.url(path))
            got.add((a.head, a.body, str(a.trailers), len(a.interim)))
    equal(len(got), 1, "the client saw different answers")
    equal(next(iter(got))[1:], (b"abc", "[(b'X-T', b'1')]", 1))


# --- connections ---------------------------------------------------------------

@case
def pipelined_requests_are_answered_in_order(w):
    paths = [w.path(answer(b"number %d" % i)) for i in range(20)]
    with w.gate.client() as c:
        c.send("".join("GET %s HTTP/1.1\r\nHost: o.example\r\n\r\n"
            % w.url(p) for p in paths))
        for i in range(20):
            equal(c.answer().body, b"number %d" % i)
    for path in paths:
        w.gate.record(url__path=path)


@case
def pipelined_requests_with_bodies_and_other_hosts(w):
    other = w.host("p.example", "11.0.1.2")
    other.on("/there", answer(b"there"))
    one, two = w.path(answer(b"one")), w.path(answer(b"two"))
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\nContent-Length: 3\r\n"
            "\r\nabcGET http://p.example/there HTTP/1.1\r\nHost: p.example\r\n"
            "\r\nPOST %s HTTP/1.1\r\nHost: o.example\r\nTransfer-Encoding: "
            "chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n" % (w.url(one), w.url(two)))
        equal([c.answer().body for _ in range(3)], [b"one", b"there", b"two"])
    equal(w.origin.seen(one)[0].body, b"abc")
    equal(w.origin.seen(two)[0].body, b"z")


@case
def the_connection_to_the_origin_is_kept(w):
    server = w.host("k.example", "11.0.1.3")
    with w.gate.client() as c:
        for _ in range(5):
            equal(c.get("http://k.example/x").status, 200)
    equal(len(server.connections), 1)
    equal(len(server.requests), 5)
    reused = [r.get("gatebook.upstream.reused") for r in
        within(5, lambda: (lambda f: f if len(f) == 5 else None)(
        w.gate.records(url__domain="k.example")))]
    equal(sum(1 for r in reused if r is True), 4, reused)


@case
def a_kept_connection_is_not_shared_between_ports_or_hosts(w):
    a = w.host("s1.example", "11.0.1.4")
    w.names.add("s2.example", "11.0.1.4")
    with w.gate.client() as c:
        equal(c.get("http://s1.example/x").status, 200)
        equal(c.get("http://s2.example/x").status, 200)
    equal([r.get(b"Host") for r in a.requests], [b"s1.example",
        b"s2.example"])


@case
def a_kept_connection_that_went_away_is_replaced(w):
    first = []

    def serve(connection):
        request = connection.request()
        connection.send(answer(b"x"))
        if not first:
            first.append(1)
            connection.request()      # take the next one and hang up
            return
        while connection.request():
            connection.send(answer(b"x"))
    w.host("away.example", "11.0.1.5", serve=serve)
    with w.gate.client() as c:
        equal(c.get("http://away.example/1").status, 200)
        equal(c.get("http://away.example/2").status, 200)


@case
def a_POST_that_was_sent_is_not_sent_twice(w):
    seen = []

    def serve(connection):
        while True:
            request = connection.request()
            if request is None:
                return
            seen.append(request)
            if request.method == b"POST":
                return
            connection.send(answer(b"x"))
    w.host("once.example", "11.0.1.6", serve=serve)
    with w.gate.client() as c:
        equal(c.get("http://once.example/1").status, 200)
        got = c.get("http://once.example/2", "Content-Length: 3\r\n", "POST",
            b"abc")
        equal(got.status, 502)
    equal([r.method for r in seen].count(b"POST"), 1)


@case
def ipv6_origins_and_literals(w):
    server = w.host("six.example", "2a0b:1::6")
    equal(w.gate.get("http://six.example/a").status, 200)
    equal(w.gate.get("http://[2a0b:1::6]/b").status, 200)
    equal(server.seen("/b")[0].get(b"Host"), b"[2a0b:1::6]")
    record = w.gate.record(url__path="/b")
    equal(record["destination.ip"], "2a0b:1::6")


@case
def another_port(w):
    from origin import Origin
    server = Origin("11.0.1.7", 8080)
    w.names.add("port.example", "11.0.1.7")
    equal(w.gate.get("http://port.example:8080/a").status, 200)
    equal(server.requests[0].get(b"Host"), b"port.example:8080")
    record = w.gate.record(url__domain="port.example")
    equal(record["destination.port"], 8080)
    equal(record["url.port"], 8080)


# --- OPTIONS, TRACE, Max-Forwards -------------------------------------------------

@case
def OPTIONS_star_of_an_origin(w):
    w.origin.on("*", answer(b"", fields=b"Allow: GET\r\n"))
    mark = len(w.origin.requests)
    got = fetch(w, "", method="OPTIONS", target="http://o.example")
    del w.origin.scripts[b"*"]
    equal(got.status, 200)
    equal(w.origin.requests[mark].line, b"OPTIONS * HTTP/1.1")


@case
def max_forwards_counts_down(w):
    for method in ("OPTIONS", "TRACE"):
        path = w.path()
        fetch(w, path, "Max-Forwards: 7\r\n", method)
        equal(w.origin.seen(path)[0].get(b"Max-Forwards"), b"6")
    path = w.path()
    fetch(w, path, "Max-Forwards: 7\r\n", "GET")
    equal(w.origin.seen(path)[0].get(b"Max-Forwards"), b"7")


@case
def max_forwards_zero_is_answered_here(w):
    for method in ("OPTIONS", "TRACE"):
        path = w.path()
        got = fetch(w, path, "Max-Forwards: 0\r\nAuthorization: s3cret\r\n",
            method)
        equal(w.origin.seen(path), [])
        true(got.status < 300 or got.status == 405, "status %d" % got.status)
        true(b"s3cret" not in got.body, "a secret was sent back")


# --- Upgrade ------------------------------------------------------------------

@case
def an_upgrade_becomes_a_tunnel_with_counts(w):
    def script(connection, request):
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
            b"\x81\x02hi")
        connection.at = len(connection.received)
        while connection.more():
            data = connection.received[connection.at:]
            connection.at = len(connection.received)
            connection.send(data)
        return False
    path = w.path(script)
    with w.gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\nUpgrade: websocket\r\n"
            "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: abc\r\n\r\n"
            % w.url(path))
        got = c.answer()
        equal(got.status, 101)
        equal(got.get(b"Upgrade"), b"websocket")
        true(b"upgrade" in got.get(b"Connection", b"").lower())
        equal(c.take(4), b"\x81\x02hi")
        c.send(b"\0" * 5000)
        equal(len(c.take(5000)), 5000)
        c.end()
        c.rest()
    request = w.origin.seen(path)[0]
    equal(request.get(b"Upgrade"), b"websocket")
    true(b"upgrade" in request.get(b"Connection", b"").lower())
    record = w.gate.record(url__path=path,
        event__action=lambda a: a in ("tunnel-close", "request"))
    equal(record["http.response.status_code"], 101)
    equal(record["gatebook.upgrade"], "websocket")
    true(record["source.bytes"] >= 5000 and record["source.bytes"] < 5500,
        record["source.bytes"])
    true(record["destination.bytes"] >= 5004, record["destination.bytes"])


@case
def an_upgrade_that_the_origin_ignores(w):
    path = w.path(answer(b"plain"))
    with w.gate.client() as c:
        c.send("GET %s HTTP/1.1\r\nHost: o.example\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\n\r\n" % w.url(path))
        equal(c.answer().body, b"plain")
        equal(fetch(w, w.path(), client=c).status, 200)


@case
def an_upgrade_nobody_asked_for_is_a_bad_answer(w):
    path = w.path(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
        b"Connection: upgrade\r\n\r\nhello")
    equal(fetch(w, path).status, 502)


# --- the record ---------------------------------------------------------------

@case
def the_record_of_a_plain_request(w):
    path = w.path(answer(b"twelve bytes", fields=
        b"Content-Type: text/html; charset=x\r\n"))
    w.names.add("new.example", "11.0.1.1")      # no kept connection yet
    with w.gate.client() as c:
        port = c.socket.getsockname()[1]
        c.get("http://new.example" + path + "?page=2&q=secret+term", "User-Agent: probe/1\r\n"
            "Referer: http://from.example/very/private?x=1\r\n")
    r = w.gate.record(url__path=path)
    wanted = {
        "event.action": "request", "event.outcome": "success",
        "event.dataset": "gatebook.audit", "source.ip": "127.0.0.1",
        "source.port": port, "destination.domain": "new.example",
        "destination.ip": "11.0.1.1", "destination.port": 80,
        "network.transport": "tcp", "network.protocol": "http",
        "url.scheme": "http", "url.domain": "new.example",
        "http.version": "1.1", "http.request.method": "GET",
        "http.response.status_code": 200, "http.request.body.bytes": 0,
        "http.response.body.bytes": 12, "gatebook.decision": "audit",
        "gatebook.outcome": "complete", "gatebook.listener": "main",
        "http.response.mime_type": "text/html",
        "user_agent.original": "probe/1",
        "http.request.referrer": "http://from.example/",
        "gatebook.privacy.depth": "url", "gatebook.privacy.as": "name",
    }
    for name, value in wanted.items():
        if name == "network.protocol" and name not in r:
            continue
        if name == "http.request.referrer":
            equal(r.get(name, "").rstrip("/"), value.rstrip("/"), name)
            continue
        equal(r.get(name), value, name)
    for name in ("@timestamp", "ecs.version", "event.start", "event.end",
            "event.duration", "transaction.id", "trace.id", "rule.id",
            "rule.ruleset", "rule.version", "observer.name",
            "gatebook.reference", "gatebook.stage",
            "gatebook.identity.method", "gatebook.identity.confidence",
            "gatebook.dns.answers", "gatebook.time.dns_us",
            "gatebook.time.connect_us", "gatebook.time.first_byte_us",
            "gatebook.salt"):
        true(name in r, "%s is missing in %r" % (name, r))
    equal(r["gatebook.dns.answers"], ["11.0.1.1"])
    true(r["rule.version"].startswith("sha256:"))
    true("secret" not in r["url.query"], r["url.query"])
    true("private" not in str(r), "more of the Referer than its origin")
    equal(list(r)[-1], "gatebook.salt")
    equal(list(r)[0], "@timestamp")


@case
def secrets_in_urls_are_not_written_down(w):
    path = w.path()
    fetch(w, path, target=w.url(path) + "/" + "A1b2" * 12
        + "?access_token=tok3n&password=hunter2&email=a@b.example",
        fields="Cookie: c00kie\r\nAuthorization: Basic c2VjcmV0\r\n")
    record = w.gate.record(url__path=lambda p: p.startswith(path))
    text = str(record)
    for secret in ("A1b2A1b2", "tok3n", "hunter2", "a@b.example", "c00kie",
            "c2VjcmV0"):
        true(secret not in text, "%s is in %s" % (secret, text))


@case
def every_exchange_has_its_own_id_and_reference(w):
    with w.gate.client() as c:
        paths = [w.path() for _ in range(5)]
        for path in paths:
            fetch(w, path, client=c)
    records = [w.gate.record(url__path=p) for p in paths]
    equal(len({r["transaction.id"] for r in records}), 5)
    equal(len({r["gatebook.reference"] for r in records}), 5)
    equal(len({r["trace.id"] for r in records}), 1)
    for r in records:
        equal(len(r["transaction.id"]), 26)


if __name__ == "__main__":
    run(__file__, World)
