# SPDX-License-Identifier: Apache-2.0
"""Certificates, TLS servers and ClientHellos for the tests."""
import os
import ssl
import struct
import subprocess

from harness import ROOM


def _openssl(*words):
    subprocess.run(["openssl"] + list(words), check=True, capture_output=True)


class Authority:
    """A certificate authority of the test's own, and certificates by it."""

    def __init__(self, folder=None):
        self.folder = folder or os.path.join(ROOM, "tls")
        os.makedirs(self.folder, exist_ok=True)
        self.key = self._path("ca.key")
        self.cert = self._path("ca.pem")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            "/CN=Test authority", "-keyout", self.key, "-out", self.cert,
            "-addext", "basicConstraints=critical,CA:true", "-addext",
            "keyUsage=critical,keyCertSign,cRLSign")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def leaf(self, *names):
        """Files of a certificate for these names: (chain, key)."""
        base = names[0].replace("*", "any")
        key, request, cert = (self._path(base + e) for e in (".key", ".csr",
            ".pem"))
        kinds = ",".join("%s:%s" % ("IP" if n[-1].isdigit() or ":" in n
            else "DNS", n) for n in names)
        extensions = self._path(base + ".ext")
        with open(extensions, "w") as out:
            out.write("subjectAltName=%s\nextendedKeyUsage=serverAuth\n"
                "basicConstraints=CA:false\n" % kinds)
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=" + names[0], "-keyout", key, "-out",
            request)
        _openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey",
            self.key, "-CAcreateserial", "-days", "30", "-extfile",
            extensions, "-out", cert)
        return cert, key

    def server(self, *names, alpn=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.leaf(*names))
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

    def client(self, alpn=None):
        context = ssl.create_default_context(cafile=self.cert)
        if alpn:
            context.set_alpn_protocols(alpn)
        return context


def client_hello(name=None, versions=(0x0304, 0x0303), alpn=("h2",
        "http/1.1"), ech=False, record_size=None, padding=0):
    """Bytes of a ClientHello, made by hand so that its JA4 is known."""
    def extension(kind, data):
        return struct.pack(">HH", kind, len(data)) + data

    def vector(size, data):
        return len(data).to_bytes(size, "big") + data
    extensions = b""
    if name:
        host = name.encode()
        extensions += extension(0, vector(2, b"\0" + vector(2, host)))
    extensions += extension(10, vector(2, struct.pack(">HH", 29, 23)))
    extensions += extension(11, b"\x01\x00")
    extensions += extension(13, vector(2, struct.pack(">HHH", 0x0403, 0x0804,
        0x0401)))
    if alpn:
        extensions += extension(16, vector(2, b"".join(vector(1, a.encode())
            for a in alpn)))
    extensions += extension(43, vector(1, b"".join(struct.pack(">H", v)
        for v in versions)))
    extensions += extension(51, vector(2, struct.pack(">HH", 29, 32)
        + b"k" * 32))
    if ech:
        extensions += extension(0xfe0d, b"\0" * 60)
    if padding:
        extensions += extension(21, b"\0" * padding)
    body = b"\x03\x03" + b"r" * 32 + vector(1, b"s" * 32)
    body += vector(2, struct.pack(">HHH", 0x1301, 0x1302, 0xc02f))
    body += b"\x01\x00" + vector(2, extensions)
    message = b"\x01" + vector(3, body)
    size = record_size or len(message)
    return b"".join(b"\x16\x03\x01" + vector(2, message[i:i + size])
        for i in range(0, len(message), size))
