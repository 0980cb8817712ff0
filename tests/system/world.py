# SPDX-License-Identifier: Apache-2.0
"""The fixture of most files: names, an origin at o.example and a gatebook."""
import itertools

from gate import Gate
from harness import RESOLVER
from names import Names
from origin import Origin, Server


class World:
    def __init__(self, settings=None, policy=None, gate=True, **more):
        self._arguments = (settings, policy)
        self._more = more
        self._with_gate = gate
        self._paths = itertools.count(1)
        self.gate = None

    def __enter__(self):
        self.names = Names(RESOLVER)
        self.names.add("o.example", "11.0.1.1")
        self.origin = Origin("11.0.1.1")
        self.prepare()
        if self._with_gate:
            self.gate = Gate(*self._arguments, **self._more)
        return self

    def prepare(self):
        """For subclasses: what must be there before gatebook starts."""

    def __exit__(self, *_):
        if self.gate:
            self.gate.stop()
            self.gate.check_sequence()

    def explain(self):
        return self.gate.explain() if self.gate else []

    def path(self, script=None):
        """A path nobody used before, with what the origin does there."""
        path = "/p%d" % next(self._paths)
        if script is not None:
            self.origin.on(path, script)
        return path

    def host(self, name, address, port=80, serve=None):
        """A name with its own server."""
        self.names.add(name, address)
        if serve:
            return Server(address, port, serve)
        return Origin(address, port)

    def url(self, path):
        return "http://o.example" + path
