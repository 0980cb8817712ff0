# SPDX-License-Identifier: Apache-2.0
"""Countries and networks of addresses: in rules, in records, and anew when the
file of the database changes."""
import os
import shutil
import subprocess

from gate import Gate
from harness import TOP, case, equal, run, true, within
from world import World

DATA = os.path.join(TOP, "tests/data/geoip")
BRITISH = "2.125.160.217"
POLICY = """policy "Test office" {
    owner      "Board, board@office.example"
    controller "Test office"
    contact    "desk@office.example"
    timezone   "Europe/London"
}
access {
    deny swedish {
        when    country SE
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
    deny by-network {
        when    asn 1221
        because "No."
        ground  business   owner "HR, hr@office.example"   review-by 2099-01-31
    }
    audit british { when country GB }
}
"""


class Countries(World):
    def prepare(self):
        for address in (BRITISH, "89.160.20.112", "1.128.0.0"):
            subprocess.run(["ip", "route", "add", "local", address, "dev",
                "lo"], check=True)
        self.host("british.example", BRITISH)
        self.swede = self.host("swedish.example", "89.160.20.112")
        self.telstra = self.host("network.example", "1.128.0.0")
        self.folder = "/mnt/geo"
        os.makedirs(self.folder)
        shutil.copy(os.path.join(DATA, "GeoIP2-Country-Test.mmdb"),
            self.folder + "/country.mmdb")
        shutil.copy(os.path.join(DATA, "GeoLite2-ASN-Test.mmdb"),
            self.folder + "/asn.mmdb")

    def replace(self, change):
        """Another database in the place of the countries', in one step."""
        with open(os.path.join(DATA, "GeoIP2-Country-Test.mmdb"),
                "rb") as f:
            data = change(f.read())
        with open(self.folder + "/new", "wb") as out:
            out.write(data)
        os.rename(self.folder + "/new", self.folder + "/country.mmdb")

    def british(self, path):
        equal(self.gate.get("http://british.example" + path).status, 200)
        return self.gate.record(url__path=path)


@case
def a_country_in_the_record_and_in_a_rule(w):
    r = w.british("/country")
    equal(r["destination.geo.country_iso_code"], "GB")
    equal(r["rule.id"], "british")
    equal(w.gate.get("http://swedish.example/x").status, 403)
    r = w.gate.record(url__domain="swedish.example")
    equal(r["rule.id"], "swedish")
    equal(r["gatebook.stage"], "address")
    equal(w.swede.received, b"")


@case
def a_network_in_the_record_and_in_a_rule(w):
    equal(w.gate.get("http://network.example/x").status, 403)
    r = w.gate.record(url__domain="network.example")
    equal(r["rule.id"], "by-network")
    equal(r["destination.as.number"], 1221)
    equal(w.telstra.received, b"")


@case
def an_address_that_no_database_knows(w):
    path = w.path()
    equal(w.gate.get(w.url(path)).status, 200)
    r = w.gate.record(url__path=path)
    true("destination.geo.country_iso_code" not in r)
    equal(r["rule.id"], "default")


@case(timeout=90)
def a_changed_file_is_loaded_by_itself(w):
    before = w.british("/before")["rule.version"]
    w.replace(lambda data: data.replace(b"\x42GB", b"\x42IE"))
    tries = iter(range(10000))

    def changed():
        path = "/after%d" % next(tries)
        return w.british(path)["destination.geo.country_iso_code"] == "IE"
    within(60, changed, "the new database")
    true(w.british("/version")["rule.version"] != before,
        "the version of the policy is the same")


@case(timeout=90)
def a_damaged_file_changes_nothing_and_is_told(w):
    held = w.british("/held")["destination.geo.country_iso_code"]
    w.replace(lambda data: data[:1000])
    within(60, lambda: w.gate.records(event__action="policy-reject"),
        w.gate.said)
    equal(w.british("/still")["destination.geo.country_iso_code"], held)
    true("country.mmdb" in w.gate.said(), w.gate.said())
    w.replace(lambda data: data)


if __name__ == "__main__":
    run(__file__, lambda: Countries({"geoip.country": "/mnt/geo/country.mmdb",
        "geoip.asn": "/mnt/geo/asn.mmdb"}, POLICY))
