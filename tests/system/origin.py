# SPDX-License-Identifier: Apache-2.0
"""Origins that do exactly what a case says, byte by byte, and remember every
byte they were sent."""
import socket
import struct
import threading


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The whole networks are local by a route; IPv6 wants to be told.
    s.setsockopt(socket.SOL_IP, 15, 1)          # IP_FREEBIND
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, 78, 1)        # IPV6_FREEBIND
    s.bind((address, port))
    s.listen(512)
    return s


class Request:
    """One request as an origin saw it.  Everything is bytes."""

    def __init__(self, head):
        self.head = head
        lines = head.split(b"\r\n")
        self.line = lines[0]
        parts = lines[0].split(b" ")
        self.method = parts[0]
        self.target = parts[1] if len(parts) > 1 else b""
        self.version = parts[-1]
        self.fields = [(n, v.strip()) for n, _, v in
            (line.partition(b":") for line in lines[1:] if line)]
        self.raw_body = b""         # with its chunk lines
        self.body = b""
        self.trailers = []
        self.whole = False          # until all of it has come
        self.connection = None

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default


class Wire:
    """A connection to read from: what came is kept in .received."""

    def __init__(self, sock):
        self.socket = sock
        self.received = b""
        self.at = 0                 # of received: what was taken
        self.closed = False         # the other side ended its half
        self.was_reset = False

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            self.was_reset = True
            data = b""
        if not data:
            self.closed = True
            return False
        self.received += data
        return True

    def take(self, count):
        while len(self.received) - self.at < count:
            if not self.more():
                break
        data = self.received[self.at:self.at + count]
        self.at += len(data)
        return data

    def until(self, end):
        """Bytes up to and with end; None if the other side stopped first."""
        while True:
            i = self.received.find(end, self.at)
            if i >= 0:
                data = self.received[self.at:i + len(end)]
                self.at = i + len(end)
                return data
            if not self.more():
                return None

    def rest(self):
        while self.more():
            pass
        data = self.received[self.at:]
        self.at = len(self.received)
        return data

    def chunks(self):
        """A chunked body: raw bytes, content, trailers; None if cut."""
        began, content = self.at, b""
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return self.received[began:self.at], content, None
            size = int(line.split(b";")[0].strip(), 16)
            if size == 0:
                break
            data = self.take(size)
            content += data
            if len(data) < size or self.take(2) != b"\r\n":
                return self.received[began:self.at], content, None
        trailers = []
        while True:
            line = self.until(b"\r\n")
            if line is None:
                return self.received[began:self.at], content, None
            if line == b"\r\n":
                return self.received[began:self.at], content, trailers
            name, _, value = line.strip().partition(b":")
            trailers.append((name, value.strip()))


class Connection(Wire):
    """One accepted connection, with what a script may do to it."""

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        self.socket.sendall(data)

    def end(self):
        """Close our half."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
            struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass

    def request(self, on_head=None):
        """Read one request; None at the end of the connection."""
        head = self.until(b"\r\n\r\n")
        if head is None:
            return None
        request = Request(head)
        request.connection = self
        if on_head:
            on_head(request)
        self.body(request)
        return request

    def body(self, request):
        if b"chunked" in (request.get(b"Transfer-Encoding") or b"").lower():
            request.raw_body, request.body, trailers = self.chunks()
            request.whole = trailers is not None
            request.trailers = trailers or []
        elif request.get(b"Content-Length"):
            size = int(request.get(b"Content-Length"))
            request.raw_body = request.body = self.take(size)
            request.whole = len(request.body) == size
        else:
            request.whole = True


class Server:
    """Accepts and gives each connection to serve(connection) in a thread."""

    def __init__(self, address, port, serve=None, tls=None):
        self.address, self.port = address, port
        self.connections = []
        self.tls = tls
        if serve:
            self.serve = serve
        self.listener = listen(address, port)
        self.accepting = threading.Event()
        self.accepting.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.accepting.wait()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._run, args=(sock,),
                daemon=True).start()

    def _run(self, sock):
        connection = Connection(sock)
        self.connections.append(connection)
        try:
            if self.tls:
                connection.socket = self.tls.wrap_socket(sock,
                    server_side=True)
            self.serve(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def stop(self):
        self.listener.close()

    @property
    def received(self):
        """All bytes that ever came in."""
        return b"".join(c.received for c in self.connections)


class Origin(Server):
    """An HTTP origin.  scripts: {path: bytes, or function(connection, request)
    called when the request is whole, or Early(function) when only its head
    is}.  A script returns False to have the connection closed."""

    def __init__(self, address, port=80, tls=None):
        self.scripts = {}
        self.requests = []
        self.default = ok
        super().__init__(address, port, tls=tls)

    def on(self, path, script):
        self.scripts[path.encode() if isinstance(path, str) else path] = script
        return path

    def seen(self, part):
        """Requests whose target contains part."""
        part = part.encode() if isinstance(part, str) else part
        return [r for r in self.requests if part in r.target]

    def script(self, request):
        path = request.target.split(b"?")[0]
        return self.scripts.get(path, self.scripts.get(b"*", self.default))

    def serve(self, connection):
        while True:
            early = []

            def on_head(request):
                self.requests.append(request)
                script = self.script(request)
                if isinstance(script, Early):
                    early.append(script.run(connection, request))
                    if script.takes_over:
                        raise Taken
            try:
                request = connection.request(on_head)
            except Taken:
                return
            if request is None:
                return
            script = self.script(request)
            if isinstance(script, Early):
                if early and early[0] is False:
                    return
                if script.then is None:
                    continue
                script = script.then
            if isinstance(script, bytes):
                connection.send(script)
                go_on = None
            else:
                go_on = script(connection, request)
            if go_on is False:
                return


class Taken(Exception):
    pass


class Early:
    """A script for when only the head of the request has come.  takes_over:
    the script does all the rest itself; then: a script for afterwards."""

    def __init__(self, run, takes_over=False, then=None):
        self.run = run
        self.takes_over = takes_over
        self.then = then


def ok(connection, request, body=b"ok\n"):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    connection.send(head + (b"" if request.method == b"HEAD" else body))


def answer(body=b"ok\n", status=b"200 OK", fields=b""):
    """Bytes of a plain answer."""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, fields,
        len(body), body)


def echo(connection):
    """Send back what comes until the other side ends."""
    while connection.more():
        data = connection.received[connection.at:]
        connection.at = len(connection.received)
        connection.send(data)
    connection.end()
