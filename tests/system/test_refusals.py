# SPDX-License-Identifier: Apache-2.0
"""Whatever two readers of HTTP could understand differently is refused with a
name, and nothing of it reaches the other side."""
import itertools

from harness import case, equal, run, table, true, within
from world import World

# A client of its own for each case: beyond twenty refusals a second those of
# one client are summed up.
sources = itertools.count(1)

H = b"Host: o.example\r\n"


def refused(w, request, status, reason, method="GET"):
    """The request gets that status, is recorded with that name, the connection
    ends and the origin sees not one byte."""
    seen = len(w.origin.received)
    n = next(sources)
    source = "127.2.%d.%d" % (n // 250, n % 250 + 1)
    with w.gate.client(source=source) as c:
        port = c.socket.getsockname()[1]
        c.send(request)
        got = c.answer(method)
        true(got is not None, "no answer at all")
        equal(got.status, status)
        true(got.get(b"Connection", b"").lower() == b"close",
            "the answer does not say close")
        true(c.is_closed(), "the connection was left open")

    def records():
        return [r for r in w.gate.records(source__ip=source,
            source__port=port)
            if reason in str((r.get("error.code"), r.get("event.reason"),
                r.get("gatebook.outcome"), r.get("error.message")))]
    found = within(8, records, lambda: "a record that names %s:\n%s" % (reason,
        w.gate.tail(3)))
    equal(len(found), 1, "records of the refusal")
    equal(found[0].get("http.response.status_code"), status)
    equal(len(w.origin.received), seen, "the origin received bytes")


def post(fields, body=b""):
    return (b"POST http://o.example/smuggle HTTP/1.1\r\n" + H + fields
        + b"\r\n" + body)


NEXT = b"GET http://o.example/smuggled HTTP/1.1\r\n" + H + b"\r\n"
BOTH = "content-length-with-transfer-encoding"
LENGTHS = "several-content-lengths"
LENGTH = "malformed-content-length"
CODING = "unsupported-transfer-encoding"
G = b"GET http://o.example/smuggle HTTP/1.1\r\n"

table([
    # framing
    ("length and chunked", post(b"Content-Length: 4\r\n"
        b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n" + NEXT), 400, BOTH),
    ("chunked and length", post(b"Transfer-Encoding: chunked\r\n"
        b"Content-Length: 0\r\n", b"0\r\n\r\n"), 400, BOTH),
    ("two lengths that differ", post(b"Content-Length: 4\r\n"
        b"Content-Length: 5\r\n", b"abcde"), 400, LENGTHS),
    ("two lengths that agree", post(b"Content-Length: 4\r\n"
        b"Content-Length: 4\r\n", b"abcd"), 400, LENGTHS),
    ("a list of lengths", post(b"Content-Length: 4, 4\r\n", b"abcd"), 400,
        LENGTH),
    ("a length with a plus", post(b"Content-Length: +4\r\n", b"abcd"), 400,
        LENGTH),
    ("a negative length", post(b"Content-Length: -4\r\n", b"abcd"), 400,
        LENGTH),
    ("a length in hexadecimal", post(b"Content-Length: 0x4\r\n", b"abcd"),
        400, LENGTH),
    ("an empty length", post(b"Content-Length:\r\n"), 400, LENGTH),
    ("a length with a space inside", post(b"Content-Length: 1 0\r\n"), 400,
        LENGTH),
    ("a length that overflows", post(b"Content-Length: 18446744073709551616"
        b"\r\n"), 400, LENGTH),
    ("a length that overflows far", post(b"Content-Length: "
        + b"9" * 60 + b"\r\n"), 400, LENGTH),
    ("a length in other digits", post(b"Content-Length: \xd9\xa1\r\n"), 400,
        LENGTH),
    ("a coding twice", post(b"Transfer-Encoding: chunked\r\n"
        b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"), 400, CODING),
    ("a list of codings", post(b"Transfer-Encoding: gzip, chunked\r\n",
        b"0\r\n\r\n"), 400, CODING),
    ("chunked, then something", post(b"Transfer-Encoding: chunked, identity"
        b"\r\n", b"0\r\n\r\n"), 400, CODING),
    ("an unknown coding", post(b"Transfer-Encoding: xchunked\r\n",
        b"0\r\n\r\n"), 400, CODING),
    ("identity", post(b"Transfer-Encoding: identity\r\n"), 400, CODING),
    ("an empty coding", post(b"Transfer-Encoding:\r\n"), 400, CODING),
    ("a quoted coding", post(b"Transfer-Encoding: \"chunked\"\r\n"), 400,
        CODING),
    ("chunked with a vertical tab", post(b"Transfer-Encoding: \x0bchunked"
        b"\r\n"), 400, "control-byte"),
    ("chunked in HTTP/1.0", post(b"Transfer-Encoding: chunked\r\n",
        b"0\r\n\r\n").replace(b"HTTP/1.1", b"HTTP/1.0"), 400,
        "transfer-encoding-in-http-1.0"),
    # line ends and white space
    ("a bare LF after the request line", G.replace(b"\r\n", b"\n") + H
        + b"\r\n", 400, "bare-lf"),
    ("a bare LF in a field", G + H + b"X: a\nTransfer-Encoding: chunked\r\n"
        b"\r\n", 400, "bare-lf"),
    ("only LFs", G.replace(b"\r", b"") + b"Host: o.example\n\n", 400,
        "bare-lf"),
    ("a bare CR in a field", G + H + b"X: a\rTransfer-Encoding: chunked\r\n"
        b"\r\n", 400, "bare-cr"),
    ("a bare CR in the request line", G.replace(b"smuggle", b"smu\rggle") + H
        + b"\r\n", 400, "bare-cr"),
    ("a folded field", G + H + b"X: a\r\n b\r\n\r\n", 400, "folded-field"),
    ("a folded Transfer-Encoding", post(b"Transfer-Encoding:\r\n chunked\r\n",
        b"0\r\n\r\n"), 400, "folded-field"),
    ("a space before the colon", post(b"Content-Length : 4\r\n", b"abcd"), 400,
        "space-before-colon"),
    ("a tab before the colon", post(b"Transfer-Encoding\t: chunked\r\n",
        b"0\r\n\r\n"), 400, "space-before-colon"),
    ("a space before the first field", G + b" X: 1\r\n" + H + b"\r\n", 400,
        "folded-field"),
    ("a NUL in a field", G + H + b"X: a\0b\r\n\r\n", 400, "nul-byte"),
    ("a NUL in a name", G + H + b"X\0: a\r\n\r\n", 400, "nul-byte"),
    ("a NUL in the target", G.replace(b"smuggle", b"smu\0ggle") + H + b"\r\n",
        400, "nul-byte"),
    ("a control byte in a field", G + H + b"X: a\x01b\r\n\r\n", 400,
        "control-byte"),
    ("a DEL in a field", G + H + b"X: a\x7fb\r\n\r\n", 400, "control-byte"),
    ("a line without a colon", G + H + b"X\r\n\r\n", 400,
        "malformed-field-name"),
    ("an empty name", G + H + b": x\r\n\r\n", 400, "malformed-field-name"),
    ("a name with a bracket", G + H + b"X(y): x\r\n\r\n", 400,
        "malformed-field-name"),
    ("a name with a high byte", G + H + b"X\xe9: x\r\n\r\n", 400,
        "malformed-field-name"),
    # the request line
    ("two spaces", G.replace(b"GET ", b"GET  ") + H + b"\r\n", 400,
        "malformed-"),
    ("a tab for a space", G.replace(b"GET ", b"GET\t") + H + b"\r\n", 400,
        "malformed-"),
    ("a space in the target", G.replace(b"smuggle", b"smu ggle") + H + b"\r\n",
        400, ""),
    ("a space at the end", G.replace(b"1.1\r", b"1.1 \r") + H + b"\r\n", 400,
        ""),
    ("no version", b"GET http://o.example/smuggle\r\n" + H + b"\r\n", 400,
        ""),
    ("a method with a colon", G.replace(b"GET", b"G:T") + H + b"\r\n", 400,
        "malformed-method"),
    ("HTTP in lower case", G.replace(b"HTTP/", b"http/") + H + b"\r\n", 400,
        ""),
    ("HTTP/1.10", G.replace(b"1.1\r", b"1.10\r") + H + b"\r\n", 400, ""),
    ("HTTP/1,1", G.replace(b"1.1\r", b"1,1\r") + H + b"\r\n", 400, ""),
    ("HTTP/01.1", G.replace(b"1.1\r", b"01.1\r") + H + b"\r\n", 400, ""),
    ("HTTP/0.9", G.replace(b"1.1\r", b"0.9\r") + H + b"\r\n", 505,
        "version"),
    ("HTTP/2.0", G.replace(b"1.1\r", b"2.0\r") + H + b"\r\n", 505, "version"),
    ("HTTP/1.2 is read as 1.1 or refused", G.replace(b"1.1\r", b"3.1\r") + H
        + b"\r\n", 505, "version"),
    ("a fragment", G.replace(b"smuggle", b"smuggle#x") + H + b"\r\n", 400,
        "malformed-target"),
    ("a target in high bytes", G.replace(b"smuggle", b"sm\xfcggle") + H
        + b"\r\n", 400, "malformed-target"),
    ("a backslash for a slash", G.replace(b"/smuggle", b"\\smuggle") + H
        + b"\r\n", 400, ""),
    ("an empty host", b"GET http:///smuggle HTTP/1.1\r\n" + H + b"\r\n", 400,
        ""),
    ("a port that is too large", b"GET http://o.example:65536/ HTTP/1.1\r\n"
        + H + b"\r\n", 400, ""),
    ("a port that is no number", b"GET http://o.example:8x/ HTTP/1.1\r\n"
        + H + b"\r\n", 400, ""),
    ("a host with a space escape", b"GET http://o%20.example/ HTTP/1.1\r\n"
        + H + b"\r\n", 400, ""),
    ("the TLS client that speaks to us", b"\x16\x03\x01\x02\x00\x01\x00\x01"
        b"\xfc\x03\x03" + b"r" * 32 + b"\r\n\r\n", 400, ""),
    # Host
    ("no Host", G + b"\r\n", 400, "host-missing"),
    ("two Hosts", G + H + H + b"\r\n", 400, "several-hosts"),
    ("two Hosts that differ", G + H + b"Host: evil.example\r\n\r\n", 400,
        "several-hosts"),
    ("a Host with a comma", G + b"Host: o.example, evil.example\r\n\r\n", 400,
        "malformed-host"),
    ("a Host with a path", G + b"Host: o.example/x\r\n\r\n", 400,
        "malformed-host"),
    ("a Host with userinfo", G + b"Host: me@o.example\r\n\r\n", 400,
        "malformed-host"),
    # forms that are not for a proxy
    ("an https target in a plain request", b"GET https://o.example/ HTTP/1.1"
        b"\r\n" + H + b"\r\n", 501, ""),
    ("an ftp target", b"GET ftp://o.example/ HTTP/1.1\r\n" + H + b"\r\n", 501,
        ""),
    ("a target in origin form", b"GET /smuggle HTTP/1.1\r\n" + H + b"\r\n",
        400, ""),
    ("an asterisk with GET", b"GET * HTTP/1.1\r\n" + H + b"\r\n", 400, ""),
    ("CONNECT without a port", b"CONNECT o.example HTTP/1.1\r\n" + H + b"\r\n",
        400, ""),
    ("CONNECT with a URL", b"CONNECT http://o.example/ HTTP/1.1\r\n" + H
        + b"\r\n", 400, ""),
    ("CONNECT with port 0", b"CONNECT o.example:0 HTTP/1.1\r\n" + H + b"\r\n",
        400, ""),
], refused)


def chunk_refused(w, body, reason):
    """A bad chunk ends the exchange; the origin never sees it whole."""
    path = w.path()
    mark = len(w.origin.received)
    with w.gate.client() as c:
        c.send("POST %s HTTP/1.1\r\nHost: o.example\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % w.url(path))
        c.send(body + NEXT)
        got = c.answer("POST")
        if got is not None:
            equal(got.status, 400)
        true(c.is_closed(), "left open")
    record = w.gate.record(url__path=path)
    true(reason in str((record.get("error.code"), record.get("event.reason"),
        record.get("gatebook.outcome"))), record)
    for request in w.origin.seen(path):
        true(not request.whole, "the origin saw a whole request")
    true(b"smuggled" not in w.origin.received[mark:], "smuggled")


table([("chunk: " + n, b, r) for n, b, r in [
    ("no digits", b"\r\nab\r\n0\r\n\r\n", "malformed-chunk-size"),
    ("not hexadecimal", b"g\r\nab\r\n0\r\n\r\n", "malformed-chunk-size"),
    ("0x before it", b"0x2\r\nab\r\n0\r\n\r\n", "malformed-chunk-"),
    ("a sign", b"-2\r\nab\r\n0\r\n\r\n", "malformed-chunk-size"),
    ("a plus", b"+2\r\nab\r\n0\r\n\r\n", "malformed-chunk-size"),
    ("a space before", b" 2\r\nab\r\n0\r\n\r\n", "malformed-chunk-size"),
    ("seventeen digits", b"10000000000000002\r\nab\r\n0\r\n\r\n",
        "chunk-size-overflow"),
    ("all ones", b"ffffffffffffffff0\r\nab\r\n0\r\n\r\n",
        "chunk-size-overflow"),
    ("a bare LF after the size", b"2\nab\r\n0\r\n\r\n", ""),
    ("a bare LF after the data", b"2\r\nab\n0\r\n\r\n",
        "malformed-chunk-end"),
    ("data longer than said", b"2\r\nabcd\r\n0\r\n\r\n",
        "malformed-chunk-end"),
    ("a bare LF in an extension", b"2;a\nb\r\nab\r\n0\r\n\r\n", ""),
    ("a bare CR in an extension", b"2;a\rb\r\nab\r\n0\r\n\r\n", ""),
    ("a NUL in an extension", b"2;a\0b\r\nab\r\n0\r\n\r\n", ""),
    ("a trailer without a colon", b"0\r\nbad\r\n\r\n", "malformed-trailer"),
    ("a folded trailer", b"0\r\nX: 1\r\n 2\r\n\r\n", "malformed-trailer"),
    ("a trailer with a space before the colon", b"0\r\nX : 1\r\n\r\n",
        "malformed-trailer"),
    ("a bare LF at the end", b"0\r\n\nX", ""),
]], chunk_refused)


@case
def an_endless_trailer(w):
    chunk_refused(w, b"0\r\n" + b"X: 1\r\n" * 60000 + b"\r\n", "trailer")


@case
def an_endless_chunk_extension(w):
    chunk_refused(w, b"2;" + b"x" * 300000 + b"\r\nab\r\n0\r\n\r\n", "chunk")


# --- answers -----------------------------------------------------------------

def answer_refused(w, raw, reason, method="GET"):
    """A bad head of an answer is a 502; nothing of it reaches the client."""
    def script(connection, request):
        connection.send(raw)
        return False
    path = w.path(script)
    with w.gate.client() as c:
        got = c.get(w.url(path), method=method)
        true(got is not None, "no answer")
        equal(got.status, 502)
        true(b"evil" not in got.head + got.body, "it came through")
        true(got.get(b"Proxy-Status"), "no Proxy-Status")
    record = w.gate.record(url__path=path)
    equal(record["http.response.status_code"], 502)
    equal(record["event.outcome"], "failure")
    true(reason in str((record.get("error.code"), record.get("event.reason"),
        record.get("gatebook.outcome"))), record)


S = b"HTTP/1.1 200 OK\r\n"
table([("answer: " + n, b, r) for n, b, r in [
    ("length and chunked", S + b"Content-Length: 4\r\nTransfer-Encoding: "
        b"chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n", BOTH),
    ("two lengths", S + b"Content-Length: 4\r\nContent-Length: 9\r\n\r\nevil",
        LENGTHS),
    ("a bad length", S + b"Content-Length: 4x\r\n\r\nevil", LENGTH),
    ("a length that overflows", S + b"Content-Length: 99999999999999999999"
        b"\r\n\r\nevil", LENGTH),
    ("an unknown coding", S + b"Transfer-Encoding: evil\r\n\r\nevil", CODING),
    ("chunked in HTTP/1.0", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked"
        b"\r\n\r\n4\r\nevil\r\n0\r\n\r\n", "transfer-encoding-in-http-1.0"),
    ("a bare LF", S + b"X: a\nContent-Length: 4\r\n\r\nevil", "bare-lf"),
    ("a bare CR", S + b"X: a\rb\r\nContent-Length: 4\r\n\r\nevil", "bare-cr"),
    ("a folded field", S + b"X: a\r\n evil\r\nContent-Length: 4\r\n\r\nevil",
        "folded-field"),
    ("a NUL", S + b"X: a\0\r\nContent-Length: 4\r\n\r\nevil", "nul-byte"),
    ("a space before the colon", S + b"Content-Length : 4\r\n\r\nevil",
        "space-before-colon"),
    ("not HTTP at all", b"220 evil.example ESMTP\r\n", "not-http"),
    ("something else altogether", b"\x00\x01evil\x02" * 20, ""),
    ("HTTP/2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nevil", ""),
    ("a status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 4\r\n\r\n"
        b"evil", ""),
    ("a status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 4\r\n"
        b"\r\nevil", ""),
    ("the head never ends", S + b"X: evil\r\n" * 40000, ""),
    ("too many fields", S + b"X: evil\r\n" * 5000 + b"\r\n", ""),
    ("closed at once", b"", ""),
    ("closed in the head", S + b"X: evil", ""),
]], answer_refused)


def answer_cut(w, raw, reason):
    """What goes wrong inside an answer must look cut to the client."""
    def script(connection, request):
        connection.send(raw)
        return False
    path = w.path(script)
    with w.gate.client() as c:
        got = c.get(w.url(path))
        if got is not None and got.status != 502:
            true(not got.whole, "the answer looks whole")
            true(not got.by_close or c.was_reset, "it looks whole")
    record = w.gate.record(url__path=path)
    equal(record["event.outcome"], "failure")
    true(reason in str((record.get("error.code"), record.get("event.reason"),
        record.get("gatebook.outcome"))), record)


C = S + b"Transfer-Encoding: chunked\r\n\r\n"
table([("cut: " + n, b, r) for n, b, r in [
    ("short of its length", S + b"Content-Length: 100\r\n\r\nhalf",
        "answer-truncated"),
    ("in a chunk", C + b"64\r\nhalf", "answer-truncated"),
    ("between chunks", C + b"4\r\nhalf\r\n", "answer-truncated"),
    ("in the trailer", C + b"4\r\nhalf\r\n0\r\nX: ", "answer-truncated"),
    ("a bad chunk size", C + b"4\r\nhalf\r\nzz\r\nevil\r\n0\r\n\r\n",
        "malformed-chunk-size"),
    ("a chunk that overflows", C + b"4\r\nhalf\r\nfffffffffffffffff\r\nx", ""),
    ("a chunk without its end", C + b"4\r\nhalfevil\r\n0\r\n\r\n",
        "malformed-chunk-end"),
]], answer_cut)


if __name__ == "__main__":
    run(__file__, World)
