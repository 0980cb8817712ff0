# SPDX-License-Identifier: Apache-2.0
"""A client that sends exactly the bytes it is told to and reads answers as
RFC 9112 says, noting whether they were whole."""
import socket
import struct

from origin import Wire


class Answer:
    def __init__(self, head):
        self.head = head
        lines = head.split(b"\r\n")
        self.line = lines[0]
        parts = lines[0].split(b" ", 2)
        self.version = parts[0]
        self.status = int(parts[1])
        self.fields = [(n, v.strip()) for n, _, v in
            (line.partition(b":") for line in lines[1:] if line)]
        self.body = b""
        self.raw_body = b""
        self.whole = True           # framed by itself and all there
        self.by_close = False       # ended by the connection's end
        self.trailers = []
        self.interim = []           # 1xx answers that came before

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default


class Client(Wire):
    def __init__(self, address, port, source=None, timeout=15,
            receive_buffer=None):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(timeout)
        if receive_buffer:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            s.bind((source, 0))
        s.connect((address, port))
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        self.socket.sendall(data)
        return self

    def send_bytewise(self, data):
        for i in range(len(data)):
            self.send(data[i:i + 1])
        return self

    def end(self):
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
            struct.pack("ii", 1, 0))
        self.socket.close()

    def answer(self, method="GET"):
        """The next final answer; None if the connection ended before its
        head."""
        interim = []
        while True:
            head = self.until(b"\r\n\r\n")
            if head is None:
                return None
            answer = Answer(head)
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer)
        answer.interim = interim
        self._body(answer, method)
        return answer

    def _body(self, answer, method):
        if method == "HEAD" or answer.status in (101, 204, 304) or (
                method == "CONNECT" and answer.status < 300):
            return
        if b"chunked" in (answer.get(b"Transfer-Encoding") or b"").lower():
            answer.raw_body, answer.body, trailers = self.chunks()
            answer.whole = trailers is not None
            answer.trailers = trailers or []
        elif answer.get(b"Content-Length") is not None:
            size = int(answer.get(b"Content-Length"))
            answer.raw_body = answer.body = self.take(size)
            answer.whole = len(answer.body) == size
        else:
            answer.by_close = True
            answer.raw_body = answer.body = self.rest()
            answer.whole = not self.was_reset

    def get(self, url, fields="", method="GET", body=b""):
        """Send a plain request for url and read its answer."""
        host = url.split("/")[2]
        self.send("%s %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"
            % (method, url, host, fields))
        if body:
            self.send(body)
        return self.answer(method)

    def connect_to(self, where, fields=""):
        """Ask for a tunnel; the answer."""
        self.send("CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n"
            % (where, where, fields))
        return self.answer("CONNECT")

    def is_closed(self, timeout=5):
        """Whether the other side ended the connection (without a byte)."""
        self.socket.settimeout(timeout)
        try:
            return not self.more()
        except socket.timeout:
            return False
