"""Goal: what is told of decisions that went out is what the campaign's report counts, once."""
import datetime
import json
import re

from server import Server


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def reported(server):
    """What the report of the plan says of the outcome: how many people it knows of, and their mean; None: nothing came back."""
    server.run("campaign", "report", server.plan, "--format", "json", "--output", server.folder / "results", good=(0, 1, 3))
    path = next(p for p in (server.folder / "results.json", server.folder / "results") if p.is_file())
    outcomes = [one for one in json.loads(path.read_text(encoding="utf-8"))["outcomes"] if one["outcome"] == "bought"]
    return (outcomes[0]["known"], outcomes[0]["mean"]) if outcomes else None


def tell(server, *outcomes, good=200, **headers):
    status, _, answer = server.ask("POST", "/v1/outcomes", {"outcomes": list(outcomes)}, **headers)
    assert status == good, (status, answer)
    return answer


def entries_of(server):
    """How many the ledger has; what is published of them is the publisher's to say."""
    return re.search(r"^entries +([\d,]+)$", server.run("ledger", "stats"), re.M)[1]


def told_again(server, size, *outcomes):
    """Known already: the report stays, and so does the ledger."""
    assert tell(server, *outcomes) == {"recorded": 0, "known": len(outcomes)}
    assert entries_of(server) == size


def run():
    with Server() as server:
        for person in ("c1", "c2"):
            act = {"kind": "consent", "purpose": "marketing", "channel": "email", "how": "form", "wording": "Yes.", "version": "1", "control": "tick", "jurisdiction": "DE"}
            assert server.ask("POST", "/v1/consents", {"person": person, "acts": [act]})[0] == 200
        server.stop()
        server.release()
        server.start()
        decision = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"})[2]
        assert decision["plan"] == server.plan and reported(server) is None, decision
        yes = {"person": "c1", "name": "bought", "value": True, "at": now(), "decision": decision["decision"]}
        # Of no decision, or of one that never went out: kept by the interface alone.
        loose = [{key: value for key, value in yes.items() if key != "decision"}, dict(yes, decision="0" * 32)]
        assert tell(server, *loose) == {"recorded": 2, "known": 0} and reported(server) is None
        # A word that cannot be: nothing of the request is kept.
        tell(server, yes, dict(yes, person="c2"), good=422)
        tell(server, dict(yes, at="2025-01-01T00:00:00Z"), good=422)
        assert reported(server) is None
        assert tell(server, dict(yes, value=False), Idempotency_Key="o") == {"recorded": 1, "known": 0}
        assert reported(server) == (1, 0), reported(server)
        later = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"})[2]["decision"]
        second = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c2"})[2]["decision"]
        told = tell(server, dict(yes, decision=later), {**yes, "person": "c2", "decision": second})
        assert told == {"recorded": 2, "known": 0} and reported(server) == (2, 1), reported(server)
        # The same again, with the key and without: nothing is counted twice, and the ledger says nothing new.
        size = entries_of(server)
        assert tell(server, dict(yes, value=False), Idempotency_Key="o") == {"recorded": 1, "known": 0}
        told_again(server, size, dict(yes, decision=later), {**yes, "person": "c2", "decision": second})
        assert reported(server) == (2, 1), reported(server)
        # Amounts are added to what is kept of the person in this plan.
        third = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c2"})[2]["decision"]
        tell(server, {**yes, "person": "c2", "decision": third, "value": 20, "at": now()})
        assert reported(server) == (2, 11), reported(server)
        assert server.ask("DELETE", "/v1/people/c1")[0] == 200
        assert reported(server)[0] == 1, reported(server)
