# SPDX-License-Identifier: Apache-2.0
"""Programs that people use, through the proxy to real servers: curl, wget,
git, npm, apt."""
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import tarfile

from harness import ROOM, Skip, case, equal, run, table, true, within
from servers import Git, Nginx, Registry, web
from tls import Authority
from world import World

FILES = os.path.join(ROOM, "files")
HOME = os.path.join(ROOM, "home")
NAMES = ["site.example", "git.example", "registry.example", "apt.example"]


class Clients(World):
    def prepare(self):
        self.authority = Authority()
        for folder in (FILES, HOME):
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(FILES, "big.bin"), "wb") as out:
            for i in range(500):
                out.write(hashlib.sha256(b"%d" % i).digest() * 500)
        with open(os.path.join(FILES, "text.txt"), "w") as out:
            out.write("a line of text\n" * 1000)
        for i, name in enumerate(NAMES):
            self.names.add(name, "11.0.10.%d" % (i + 1))
        self.names.add("apt.example", "11.0.10.1")
        certificate, key = self.authority.leaf(*NAMES)
        self.nginx = Nginx("11.0.10.1", FILES, certificate, key, NAMES)
        self.tls = self.authority.server("git.example", "registry.example")

    def __exit__(self, *rest):
        self.nginx.stop()
        super().__exit__(*rest)

    def run(self, *argv, cwd=HOME, env=None, check=True):
        if shutil.which(argv[0]) is None:
            raise Skip(argv[0] + " is not installed")
        proxy = "http://127.0.0.1:%d" % self.gate.port
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": HOME,
            "LANG": "C.UTF-8", "http_proxy": proxy, "https_proxy": proxy,
            "GIT_TERMINAL_PROMPT": "0"}
        clean.update(env or {})
        told = subprocess.run(argv, cwd=cwd, env=clean, capture_output=True,
            stdin=subprocess.DEVNULL, timeout=90)
        told.text = (told.stdout + told.stderr).decode("utf-8", "replace")
        if check:
            equal(told.returncode, 0, "%s:\n%s" % (" ".join(argv),
                told.text[-3000:]))
        return told

    def curl(self, *argv, **more):
        return self.run("curl", "-sS", "--max-time", "60", "--cacert",
            self.authority.cert, *argv, **more)


def same(path):
    with open(path, "rb") as a, open(os.path.join(FILES, "big.bin"),
            "rb") as b:
        true(a.read() == b.read(), "the content differs")


def curl_gets(w, *argv):
    out = os.path.join(HOME, "curl.out")
    w.curl("-o", out, *argv)
    same(out)


table([
    ("curl over http", "http://site.example/big.bin"),
    ("curl over https", "https://site.example/big.bin"),
    ("curl over https and HTTP/1.1", "--http1.1",
        "https://site.example/big.bin"),
    ("curl over a tunnel to port 80", "-p", "http://site.example/big.bin"),
    ("curl as an HTTP/1.0 client", "--http1.0", "--proxy1.0",
        "127.0.0.1:3128", "http://site.example/big.bin"),
    ("curl slowly", "--limit-rate", "20M", "http://site.example/big.bin"),
], curl_gets)


@case
def curl_records(w):
    w.gate.record(url__path="/text.txt") if w.gate.records(
        url__path="/text.txt") else None
    w.curl("--http2", "https://site.example/text.txt?by=h2")
    records = within(5, lambda: w.gate.records(event__action="tunnel-close",
        destination__domain="site.example"))
    true(any("h2" in r.get("tls.client.alpn", []) for r in records))
    for r in records:
        if r.get("destination.port") == 443:
            equal(r["tls.client.server_name"], "site.example")


@case
def curl_resumes_and_asks_for_ranges(w):
    told = w.curl("-r", "100-199", "-o", os.path.join(HOME, "part"), "-w",
        "%{http_code}", "http://site.example/big.bin")
    equal(told.stdout, b"206")
    equal(os.path.getsize(os.path.join(HOME, "part")), 100)


@case
def curl_many_at_once(w):
    told = w.curl("-Z", "--parallel-max", "20", "-o",
        os.path.join(HOME, "many_#1"), "http://site.example/text.txt?[1-60]",
        "-w", "%{http_code}\n")
    equal(told.stdout.split(), [b"200"] * 60)


@case
def curl_gets_compressed_text(w):
    told = w.curl("--compressed", "http://site.example/text.txt")
    equal(told.stdout, b"a line of text\n" * 1000)


@case
def curl_checks_with_HEAD_and_conditions(w):
    told = w.curl("-I", "http://site.example/text.txt")
    true(b"200" in told.stdout.splitlines()[0])
    stamp = [l for l in told.stdout.splitlines() if l.lower().startswith(
        b"last-modified")][0].partition(b": ")[2].decode().strip()
    told = w.curl("-o", "/dev/null", "-w", "%{http_code}", "-H",
        "If-Modified-Since: " + stamp, "http://site.example/text.txt")
    equal(told.stdout, b"304")


@case
def curl_shows_our_words_when_a_name_is_wrong(w):
    told = w.curl("http://no-such.example/", check=False)
    true(len(told.stdout) > 100, told.text)
    told = w.curl("https://no-such.example/", check=False)
    true(told.returncode != 0)
    true("502" in told.text, told.text)


@case
def curl_uploads(w):
    w.origin.on("/upload", lambda c, r: c.send(b"HTTP/1.1 200 OK\r\n"
        b"Content-Length: 64\r\n\r\n" + hashlib.sha256(r.body).hexdigest()
        .encode()))
    with open(os.path.join(FILES, "big.bin"), "rb") as f:
        wanted = hashlib.sha256(f.read()).hexdigest().encode()
    big = os.path.join(FILES, "big.bin")
    equal(w.curl("-T", big, "http://o.example/upload").stdout, wanted)
    equal(w.curl("-T", big, "-H", "Transfer-Encoding: chunked",
        "http://o.example/upload").stdout, wanted)
    equal(w.curl("--data-binary", "@" + big, "-H", "Expect: 100-continue",
        "http://o.example/upload").stdout, wanted)


@case
def wget_over_http_and_https(w):
    for scheme in ("http", "https"):
        out = os.path.join(HOME, "wget.out")
        w.run("wget", "-q", "-O", out, "--ca-certificate", w.authority.cert,
            scheme + "://site.example/big.bin")
        same(out)
    told = w.run("wget", "-O", "/dev/null", "http://site.example/nothing",
        check=False)
    true("404" in told.text, told.text)


# --- git ----------------------------------------------------------------------------

@case(timeout=90)
def git_clones_and_pushes(w):
    root = os.path.join(ROOM, "repositories")
    os.makedirs(root)
    quiet = {"GIT_SSL_CAINFO": w.authority.cert,
        "GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@t.example",
        "GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@t.example"}
    w.run("git", "init", "-q", "--bare", "-b", "main",
        os.path.join(root, "r.git"))
    w.run("git", "-C", os.path.join(root, "r.git"), "config",
        "http.receivepack", "true")
    for tls, port in ((None, 80), (w.tls, 443)):
        web("11.0.10.2", port, Git, tls, root=root)
    for i, scheme in enumerate(("http", "https")):
        url = scheme + "://git.example/r.git"
        one, two = (os.path.join(HOME, "%s-%s" % (scheme, n))
            for n in ("one", "two"))
        w.run("git", "clone", "-q", url, one, env=quiet)
        with open(os.path.join(one, "file%d" % i), "wb") as out:
            out.write(os.urandom(3_000_000))    # pushed in chunks
        w.run("git", "-C", one, "add", ".", env=quiet)
        w.run("git", "-C", one, "commit", "-q", "-m", "x", env=quiet)
        w.run("git", "-C", one, "push", "-q", "origin", "HEAD:main",
            env=quiet)
        w.run("git", "clone", "-q", url, two, env=quiet)
        equal(os.path.getsize(os.path.join(two, "file%d" % i)), 3_000_000)
    within(5, lambda: w.gate.records(url__path="/r.git/git-receive-pack",
        http__request__method="POST"))


# --- npm ----------------------------------------------------------------------------

@case(timeout=90)
def npm_installs(w):
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as tar:
        for name, text in (("package/package.json",
                b'{"name":"hello-gate","version":"1.0.0","main":"i.js"}'),
                ("package/i.js", b"module.exports = 'hello';\n")):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    for scheme, tls, port in (("http", None, 80), ("https", w.tls, 443)):
        base = scheme + "://registry.example"
        web("11.0.10.3", port, Registry, tls, tarball=package.getvalue(),
            base=base)
        folder = os.path.join(HOME, "npm-" + scheme)
        os.makedirs(folder)
        with open(os.path.join(folder, "package.json"), "w") as out:
            out.write('{"name":"x","version":"1.0.0"}')
        w.run("npm", "install", "hello-gate", "--registry", base,
            "--no-audit", "--no-fund", "--cache", os.path.join(folder,
            "cache"), "--cafile", w.authority.cert, "--loglevel", "warn",
            "--update-notifier=false", cwd=folder)
        true(os.path.exists(os.path.join(folder,
            "node_modules/hello-gate/i.js")))
    within(5, lambda: [r for r in w.gate.records() if "registry.example" in
        (r.get("url.domain"), r.get("destination.domain"))])


# --- apt ----------------------------------------------------------------------------

@case(timeout=90)
def apt_updates_and_downloads(w):
    tree = os.path.join(ROOM, "deb")
    os.makedirs(os.path.join(tree, "DEBIAN"))
    with open(os.path.join(tree, "DEBIAN/control"), "w") as out:
        out.write("Package: hello-gate\nVersion: 1.0\nArchitecture: all\n"
            "Maintainer: T <t@t.example>\nDescription: a test\n")
    os.makedirs(os.path.join(FILES, "repo"))
    deb = os.path.join(FILES, "repo/hello-gate_1.0_all.deb")
    w.run("dpkg-deb", "--root-owner-group", "-b", tree, deb)
    control = w.run("dpkg-deb", "-f", deb).stdout.decode()
    with open(deb, "rb") as f:
        data = f.read()
    packages = (control + "Filename: ./hello-gate_1.0_all.deb\nSize: %d\n"
        "SHA256: %s\n\n" % (len(data), hashlib.sha256(data).hexdigest()))
    with gzip.open(os.path.join(FILES, "repo/Packages.gz"), "wb") as out:
        out.write(packages.encode())
    with open(os.path.join(FILES, "repo/Packages"), "w") as out:
        out.write(packages)
    folder = os.path.join(HOME, "apt")
    for name in ("state/lists/partial", "cache/archives/partial", "etc",
            "log"):
        os.makedirs(os.path.join(folder, name))
    with open(os.path.join(folder, "sources.list"), "w") as out:
        out.write("deb [trusted=yes] http://apt.example/repo ./\n")
    open(os.path.join(folder, "state/status"), "w").close()
    options = []
    for name, value in (("Dir::State", folder + "/state"),
            ("Dir::State::status", folder + "/state/status"),
            ("Dir::Cache", folder + "/cache"),
            ("Dir::Etc::sourcelist", folder + "/sources.list"),
            ("Dir::Etc::sourceparts", "-"), ("Dir::Etc::parts", "-"),
            ("Dir::Log", folder + "/log"), ("APT::Sandbox::User", "root"),
            ("Acquire::http::Proxy", "http://127.0.0.1:%d" % w.gate.port),
            ("Acquire::Languages", "none")):
        options += ["-o", "%s=%s" % (name, value)]
    told = w.run("apt-get", *options, "update")
    true("Packages [" in told.text, told.text)
    w.run("apt-get", *options, "download", "hello-gate", cwd=folder)
    with open(os.path.join(folder, "hello-gate_1.0_all.deb"), "rb") as f:
        true(f.read() == data)
    records = within(5, lambda: w.gate.records(
        url__domain="apt.example", url__path=lambda p: p.endswith(".deb")))
    true("APT" in records[0]["user_agent.original"])


if __name__ == "__main__":
    run(__file__, Clients)
