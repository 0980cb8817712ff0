# SPDX-License-Identifier: Apache-2.0
"""Real browsers load a page with styles, scripts, images, fetches and a
WebSocket through the proxy, over HTTP and HTTPS."""
import json
import os
import shutil
import subprocess

from harness import ROOM, TOP, Skip, case, equal, run, table, true, within
from servers import Site, web
from tls import Authority
from world import World

WEB = os.path.join(TOP, "tests/web")
PROGRAMS = {"chrome": ["chromium"], "firefox": ["firefox-esr", "firefox"]}
POLICY = """policy "Test office" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
}
access {
    deny games {
        when    host games.example
        because "Games wait until after work."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
}
"""


class Browsers(World):
    def prepare(self):
        if shutil.which("node") is None:
            raise Skip("node is not installed")
        if not os.path.isdir(os.path.join(WEB, "node_modules")):
            raise Skip("tests/web/node_modules is missing; "
                "npm ci could not reach a registry")
        authority = Authority()
        self.names.add("web.example", "11.0.11.1")
        self.names.add("games.example", "11.0.11.1")
        web("11.0.11.1", 80, Site, folder=WEB)
        web("11.0.11.1", 443, Site, authority.server("web.example"),
            folder=WEB)

    def visit(self, kind, url):
        program = next((p for p in map(shutil.which, PROGRAMS[kind]) if p),
            None)
        if program is None:
            raise Skip(kind + " is not installed")
        home = os.path.join(ROOM, "%s%d" % (kind, len(os.listdir(ROOM))))
        os.makedirs(home)
        told = subprocess.run(["node", os.path.join(WEB, "visit.mjs"), kind,
            program, "127.0.0.1:%d" % self.gate.port, url,
            os.path.join(home, "profile")], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=150, cwd=WEB, env={
            "PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": home,
            "LANG": "C.UTF-8"})
        try:
            seen = json.loads(told.stdout.strip().splitlines()[-1])
        except (ValueError, IndexError):
            raise AssertionError(told.stdout + told.stderr)
        true("fault" not in seen, seen.get("fault"))
        return seen


def everything(w, kind, scheme):
    seen = w.visit(kind, scheme + "://web.example/page.html")
    equal(seen["status"], 200)
    equal(seen["title"], "A page with everything")
    equal(seen["results"], {"style": "rgb(1, 2, 3)", "images": 60,
        "fetches": 1000, "post": "100000", "missing": 404,
        "websocket": "5 70000"})
    if scheme == "https":
        records = within(10, lambda: w.gate.records(
            event__action="tunnel-close", destination__domain="web.example",
            tls__client__server_name="web.example"))
        true("http/1.1" in records[0]["tls.client.alpn"])
        true("tls.client.ja4" in records[0])
        return
    for path in ["/page.html", "/script.js", "/style.css", "/echo"] + [
            "/image-%d.svg" % i for i in range(20)] + [
            "/data-%d.txt" % i for i in range(20)]:
        true(within(5, lambda: w.gate.records(url__path=path,
            url__domain="web.example"), path))
    socket = within(10, lambda: w.gate.records(url__path="/socket"))[0]
    equal(socket["gatebook.upgrade"], "websocket")
    true(socket["source.bytes"] > 70000, socket["source.bytes"])
    true(socket["destination.bytes"] > 70000, socket["destination.bytes"])


table([("%s over %s" % (k, s), k, s) for k in PROGRAMS for s in ("http",
    "https")], everything, timeout=180)


def denied(w, kind):
    seen = w.visit(kind, "http://games.example/")
    equal(seen["status"], 403)
    true("Games wait until after work." in seen["text"], seen["text"])
    true("hr@office.example" in seen["text"])


table([("%s shows why a site is denied" % k, k) for k in PROGRAMS], denied,
    timeout=180)


if __name__ == "__main__":
    run(__file__, lambda: Browsers(policy=POLICY))
