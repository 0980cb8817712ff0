# SPDX-License-Identifier: Apache-2.0
"""Real servers for real clients: nginx, git over HTTP, a registry of packages,
a web server with a WebSocket."""
import base64
import hashlib
import http.server
import json
import os
import struct
import subprocess
import threading

from harness import ROOM, Skip, within
from origin import listen


class Nginx:
    """Static files of a folder over HTTP and HTTPS on one address."""

    def __init__(self, address, root, certificate, key, names):
        self.folder = os.path.join(ROOM, "nginx")
        os.makedirs(self.folder, exist_ok=True)
        conf = os.path.join(self.folder, "nginx.conf")
        with open(conf, "w") as out:
            out.write("""daemon off; pid {f}/pid; error_log {f}/error.log;
user root; worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log {f}/access.log;
    client_body_temp_path {f}/body; proxy_temp_path {f}/proxy;
    fastcgi_temp_path {f}/fastcgi; uwsgi_temp_path {f}/uwsgi;
    scgi_temp_path {f}/scgi;
    types {{ text/html html; text/plain txt; application/octet-stream bin; }}
    server {{
        listen {a}:80; listen {a}:443 ssl http2;
        server_name {n}; root {r};
        ssl_certificate {c}; ssl_certificate_key {k};
        location / {{ gzip on; gzip_types text/plain; gzip_min_length 100; }}
    }}
}}
""".format(f=self.folder, a=address, n=" ".join(names), r=root, c=certificate,
                k=key))
        self.output = open(os.path.join(self.folder, "output"), "wb")
        try:
            self.process = subprocess.Popen(["nginx", "-c", conf, "-e",
                os.path.join(self.folder, "error.log")],
                stdin=subprocess.DEVNULL, stdout=self.output,
                stderr=subprocess.STDOUT)
        except FileNotFoundError:
            raise Skip("nginx is not installed")
        import socket

        def up():
            if self.process.poll() is not None:
                with open(self.output.name) as f:
                    raise AssertionError("nginx ended: " + f.read())
            try:
                socket.create_connection((address, 443), 1).close()
                return True
            except OSError:
                return False
        within(10, up, "nginx")

    def access(self):
        with open(os.path.join(self.folder, "access.log")) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", kind="text/plain", fields=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def content(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            data = b""
            while True:
                size = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    return data
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))


def web(address, port, handler, tls=None, **more):
    """Serve by a handler class in threads; the server object."""
    kind = type("Bound", (handler,), more)

    class Threading(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 256

        def finish_request(self, request, client):
            if tls:
                request = tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client)

        def handle_error(self, request, client):
            pass
    server = Threading((address, port), kind, bind_and_activate=False)
    server.socket = listen(address, port)
    server.server_address = (address, port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Site(Handler):
    """A page with scripts, images, fetches and a WebSocket.  folder: static
    files."""

    folder = None

    def do_GET(self):
        path = self.path.split("?")[0].lstrip("/")
        if path == "socket":
            return self.socket()
        if path.startswith("image-"):
            return self.reply(200, b'<svg xmlns="http://www.w3.org/2000/svg" '
                b'width="3" height="3"/>', "image/svg+xml",
                [("Cache-Control", "no-store")])
        if path.startswith("data-"):
            return self.reply(200, b"d" * 50)
        kinds = {".html": "text/html", ".js": "text/javascript",
            ".css": "text/css"}
        file = os.path.join(self.folder, os.path.basename(path) or "x")
        if not os.path.isfile(file) or os.path.splitext(file)[1] not in kinds:
            return self.reply(404, b"nothing here\n")
        with open(file, "rb") as f:
            self.reply(200, f.read(), kinds[os.path.splitext(file)[1]])

    def do_POST(self):
        self.reply(200, b"%d" % len(self.content()))

    def socket(self):
        """Echo messages until the client closes (RFC 6455)."""
        key = self.headers["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key
            + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.end_headers()
        self.close_connection = True
        message = b""
        while True:
            head = self.rfile.read(2)
            if len(head) < 2:
                return
            size = head[1] & 0x7f
            if size == 126:
                size = struct.unpack(">H", self.rfile.read(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self.rfile.read(8))[0]
            mask = self.rfile.read(4)
            data = self.rfile.read(size)
            data = (int.from_bytes(data, "big") ^ int.from_bytes((mask
                * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
            if head[0] & 0x0f == 8:
                self.wfile.write(b"\x88" + bytes([len(data)]) + data)
                return
            message += data
            if not head[0] & 0x80:
                continue
            if len(message) < 126:
                frame = bytes([len(message)])
            elif len(message) < 65536:
                frame = b"\x7e" + struct.pack(">H", len(message))
            else:
                frame = b"\x7f" + struct.pack(">Q", len(message))
            self.wfile.write(b"\x81" + frame + message)
            message = b""


class Git(Handler):
    """git-http-backend over the repositories below root."""

    root = None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        body = self.content()
        env = dict(os.environ, GIT_PROJECT_ROOT=self.root,
            GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path, QUERY_STRING=query,
            REQUEST_METHOD=self.command, CONTENT_TYPE=self.headers.get(
            "Content-Type", ""), CONTENT_LENGTH=str(len(body)),
            REMOTE_USER="test", REMOTE_ADDR="127.0.0.1",
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
            GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory",
            GIT_CONFIG_VALUE_0="*")
        out = subprocess.run(["git", "http-backend"], input=body, env=env,
            capture_output=True).stdout
        head, _, content = out.partition(b"\r\n\r\n")
        fields = [tuple(line.decode().split(": ", 1)) for line in
            head.split(b"\r\n")]
        status = next((int(v[:3]) for n, v in fields if n == "Status"), 200)
        kind = next((v for n, v in fields if n == "Content-Type"),
            "text/plain")
        self.reply(status, content, kind)

    do_POST = do_GET


class Registry(Handler):
    """One npm package, hello-gate."""

    tarball = b""
    base = ""

    def do_GET(self):
        if self.path.endswith(".tgz"):
            return self.reply(200, self.tarball, "application/octet-stream")
        if self.path.startswith("/hello-gate"):
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(
                self.tarball).digest()).decode()
            version = {"name": "hello-gate", "version": "1.0.0", "dist": {
                "tarball": self.base + "/hello-gate/-/hello-gate-1.0.0.tgz",
                "integrity": integrity}}
            return self.reply(200, json.dumps({"name": "hello-gate",
                "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0":
                version}}).encode(), "application/json")
        self.reply(404, b"{}", "application/json")
