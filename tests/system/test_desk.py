# SPDX-License-Identifier: Apache-2.0
"""What helpdesk and governance ask: why something failed and whom to ring, the
policy read aloud, and the register of restrictions with what each cost."""
import json
import re

from harness import case, equal, run, true, within
from world import World

POLICY = """policy "Desk" {
    owner   "The Board, board@dept.example"
    contact "dpo@dept.example"
}
category gambling { casino.example  bet.example }
access {
    deny gambling {
        when category gambling
        because "No business purpose was found."
        ground business
        owner "HR, 0800 000 001"
        review-by 2020-01-31
    }
    deny games {
        when host games.example
        because "=cmd|' /C calc'!A0"
        ground technical
        owner "IT, 0800 <b>000</b> 002"
        review-by 2099-01-31
        report-only
    }
    audit quiet {
        when host quiet.example
        record host as pseudonym
    }
}
"""


def why(w, *words, user=None, status=0):
    told = w.gate.command("why", *words, user=user)
    equal(told.returncode, status, told.stdout + told.stderr)
    # Lines are broken at blanks; the words are what is tested.
    return re.sub(r"\s+", " ", told.stdout + told.stderr)


@case
def policy_read_says_sentences(w):
    told = w.gate.command("policy", "read")
    equal(told.returncode, 0, told.stderr)
    words = re.sub(r"\s+", " ", told.stdout)
    for part in ('Rule "gambling". If the site is one of "gambling", the '
            "request is refused",
            'The person is told: "No business purpose was found."',
            "HR, 0800 000 001 answers for it.", "that is overdue",
            "2. What is refused before any rule",
            "What no rule decides is let through and recorded."):
        true(part in words, "%s is missing in:\n%s" % (part, told.stdout))
    printed = w.gate.command("policy", "print").stdout
    again = w.gate.command("policy", "print",
        w.gate.write("again.policy", printed)).stdout
    equal(printed, again)
    true("review-by 2020-01-31" in printed, printed)


@case
def a_reference_tells_rule_line_entry_and_owner(w):
    with w.gate.client(source="127.0.4.1") as c:
        page = c.get("http://www.casino.example/secret/path?q=secret")
    equal(page.status, 403)
    record = w.gate.record(url__domain="www.casino.example")
    reference = record["gatebook.reference"]
    for user in ("audit-person", "desk-person"):
        words = why(w, reference.lower().replace("-", " "), user=user)
        for part in ("Refused by a rule of the policy", 'Rule "gambling"',
                "line 7", 'by the entry "casino.example"',
                "No business purpose was found.",
                "HR, 0800 000 001 (owner of the rule)",
                "dpo@dept.example", reference):
            true(part in words, "%s is missing for %s in: %s"
                % (part, user, words))
        true("secret" not in words, words)
    answer = json.loads(w.gate.command("why", reference, "--json").stdout)
    equal(answer["rule"], "gambling")
    equal(answer["rule_line"], 7)
    equal(answer["outcome"], "denied")
    equal(answer["host"], "www.casino.example")
    true("secret" not in json.dumps(answer), answer)
    told = w.gate.command("why", reference, user="no-person")
    equal(told.returncode, 1, told.stdout)
    true("casino" not in told.stdout + told.stderr, told.stderr)


@case
def an_unreadable_policy_is_said(w):
    import os
    path = w.gate.settings["policy.file"]
    with w.gate.client(source="127.0.4.1") as c:
        c.get("http://unread.bet.example/")
    reference = w.gate.record(url__domain="unread.bet.example")[
        "gatebook.reference"]
    os.chmod(path, 0o600)
    try:
        words = why(w, reference, user="desk-person")
        true("could not be read from here" in words, words)
    finally:
        os.chmod(path, 0o644)


@case
def a_reference_that_is_none(w):
    words = why(w, "7KQM-4TP-X2A", status=2)
    true("is not a reference" in words, words)
    why(w, status=2)
    why(w, "--client", "10.1.1.1", status=2)
    why(w, "--client", "nobody", "--around", "now", status=2)
    why(w, "--client", "10.1.1.1", "--around", "soon", status=2)
    true("--client" in why(w, "--user", "alice", "--around", "now",
        status=2))


@case
def a_client_and_a_minute_tell_each_trouble(w):
    w.names.add("refusing.example", "11.0.9.9")
    w.host("fine.example", "11.0.9.1")
    with w.gate.client(source="127.0.4.2") as c:
        c.get("http://fine.example/secret")
        c.get("http://nosuch.example/secret")
        c.get("http://nosuch.example/secret2")
        c.get("http://refusing.example/")
        c.get("http://www.bet.example/secret")
    within(5, lambda: w.gate.records(url__domain="www.bet.example"))
    words = why(w, "--client", "127.0.4.2", "--around", "now",
        user="desk-person")
    for part in ("5 requests; 4 of them ran into something",
            "There is no site of that name", "nosuch.example",
            "2 times in all", "The site turned the connection away",
            "Refused by a rule of the policy", "HR, 0800 000 001"):
        true(part in words, "%s is missing in: %s" % (part, words))
    true("secret" not in words and "fine.example" not in words, words)
    answer = json.loads(w.gate.command("why", "--client", "127.0.4.2",
        "--around", "now", "--json").stdout)
    equal((answer["requests"], answer["troubled"]), (5, 4))
    equal(sorted(t["kind"] for t in answer["troubles"]),
        ["dns", "network", "rule"])
    words = why(w, "--client", "127.0.4.2", "--around", "now", "--host",
        "fine.example")
    true("All of it went through" in words, words)


@case
def near_spellings_are_offered(w):
    w.host("www.parliament.example", "11.0.9.2")
    with w.gate.client(source="127.0.4.3") as c:
        c.get("http://www.parliament.example/")
    w.gate.record(url__domain="www.parliament.example")
    for typed in ("parlament.example", "www.parliament.exmaple",
            "parliament.other"):
        words = why(w, "--client", "127.0.4.3", "--around", "now", "--host",
            typed, status=1)
        true("www.parliament.example?" in words, words)
    words = why(w, "--client", "127.0.4.3", "--around", "now", "--host",
        "quite-different.example", status=1)
    true("asked for nothing at quite-different.example" in words, words)


@case
def nothing_reached_gatebook_is_an_answer(w):
    words = why(w, "--client", "10.99.1.1", "--around", "now", status=1)
    for part in ("Nothing from 10.99.1.1 reached gatebook",
            "Others got through", "did not use the proxy",
            "clock differs"):
        true(part in words, "%s is missing in: %s" % (part, words))
    words = why(w, "--client", "10.99.1.1", "--around", "2020-01-01 10:00",
        status=1)
    true("Nobody's requests were recorded" in words, words)
    answer = json.loads(w.gate.command("why", "--client", "10.99.1.1",
        "--around", "now", "--json").stdout)
    equal(answer["requests"], 0)


@case
def each_question_is_a_record(w):
    why(w, "--client", "10.77.1.1", "--around", "now", "--because",
        "INC-77", status=1, user="desk-person")
    found = within(5, lambda: [r for r in w.gate.records(
        event__action="search") if "10.77.1.1" in
        r.get("gatebook.console.query", "")])
    equal(found[0]["gatebook.console.reason"], "INC-77")
    true("desk-person" in found[0]["user.name"], found[0])


# --- restrictions -----------------------------------------------------------------

def cost(w):
    """Three people refused and two noted; a name under a pseudonym."""
    w.host("games.example", "11.0.9.3")
    w.host("quiet.example", "11.0.9.4")
    for last in (1, 2, 3):
        with w.gate.client(source="127.0.5.%d" % last) as c:
            for _ in range(last):
                c.get("http://cost%d.casino.example/" % last)
            if last < 3:
                c.get("http://games.example/")
    within(5, lambda: len(w.gate.records(event__action="request",
        url__domain=lambda d: d and (d.startswith("cost")
        or d == "games.example"))) == 8)


@case
def restrictions_tell_owner_review_and_cost(w):
    cost(w)
    told = w.gate.command("restrictions", "--json", "--because", "board")
    equal(told.returncode, 0, told.stderr)
    answer = json.loads(told.stdout)
    rows = answer["restrictions"]
    equal([r["rule"] for r in rows[:2]], ["gambling", "games"])
    gambling, games = rows[:2]
    equal((gambling["review"], gambling["review_by"], gambling["ground"],
        gambling["owner"], gambling["state"]), ("overdue", "2020-01-31",
        "business", "HR, 0800 000 001", "in force"))
    refused = [r for r in w.gate.records(event__action="request",
        rule__id="gambling")]
    equal(gambling["times"], len(refused))
    equal(gambling["people"], len({r["source.ip"] for r in refused}))
    equal(gambling["last"], max(r["@timestamp"] for r in refused))
    equal((games["state"], games["times"], games["people"]), ("on trial", 2,
        2))
    true("special-address" in [r["rule"] for r in rows], rows)
    true(answer["counted"])
    found = within(5, lambda: w.gate.records(event__action="search",
        gatebook__console__reason="board"))
    true(found[0]["gatebook.console.query"].startswith(
        "refusals counted by rule since="), found[0])
    desk = w.gate.command("restrictions", "--json", user="desk-person")
    equal(desk.returncode, 0, desk.stderr)
    equal(json.loads(desk.stdout)["restrictions"][0]["times"],
        gambling["times"])
    nobody = w.gate.command("restrictions", "--json", user="no-person")
    equal(nobody.returncode, 1)
    equal(json.loads(nobody.stdout)["counted"], False)
    earlier = json.loads(w.gate.command("restrictions", "--json", "--since",
        "2001-01-01", "--until", "2001-01-31").stdout)
    equal(earlier["restrictions"][0]["times"], 0)


@case
def restrictions_in_every_form(w):
    import csv
    import io
    import os
    told = w.gate.command("restrictions")
    equal(told.returncode, 0, told.stderr)
    true("2020-01-31 OVERDUE" in told.stdout, told.stdout)
    true("HR, 0800 000 001" in told.stdout, told.stdout)
    told = w.gate.command("restrictions", "--csv")
    rows = list(csv.reader(io.StringIO(told.stdout)))
    equal(len({len(r) for r in rows}), 1, rows)
    games = dict(zip(rows[0], [r for r in rows if r[0] == "games"][0]))
    equal(games["reason"], "'=cmd|' /C calc'!A0")
    for row in rows[1:]:
        for field in row:
            true(field[:1] not in tuple("=+-@\t\r"), row)
    path = os.path.join(w.gate.folder, "register.html")
    told = w.gate.command("restrictions", "--html", path)
    equal(told.returncode, 0, told.stderr)
    with open(path) as f:
        page = f.read()
    true("0800 &lt;b&gt;000&lt;/b&gt; 002" in page, page)
    true("<script" not in page and "http" not in page.replace(
        "http-equiv", ""), page)
    told = w.gate.command("restrictions", "--html", "/nonexistent/x.html")
    equal(told.returncode, 1)
    true("cannot be written" in told.stderr, told.stderr)
    equal(w.gate.command("restrictions", "--csv", "--json").returncode, 2)
    equal(w.gate.command("restrictions", "--since", "soon").returncode, 2)


@case
def a_rule_that_went_is_still_counted(w):
    path = w.gate.settings["policy.file"]
    with open(path) as f:
        text = f.read()
    other = w.gate.write("other.policy", text.replace("deny gambling",
        "deny betting"))
    answer = json.loads(w.gate.command("restrictions", "--json", "--policy",
        other).stdout)
    rows = {(r["rule"], r["state"]): r for r in answer["restrictions"]}
    equal(rows["betting", "in force"]["times"], 0)
    true(rows["gambling", "was in force"]["times"] > 0, rows)


@case
def a_stopped_gatebook_leaves_the_register(w):
    from gate import Gate
    gate = Gate(policy=POLICY, start=False, port=4300)
    told = gate.command("restrictions", "--json")
    equal(told.returncode, 3, told.stderr)
    answer = json.loads(told.stdout)
    equal(answer["counted"], False)
    equal(answer["restrictions"][0]["rule"], "gambling")
    true("times" not in answer["restrictions"][0], answer)


if __name__ == "__main__":
    run(__file__, lambda: World(policy=POLICY))
