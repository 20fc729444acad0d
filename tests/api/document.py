"""Goal: docs/openapi.json says what the server does: the same routes and methods, the same members, answers that fit their schemas."""
import json
import re

from server import SOURCE, Server, quoted

try:
    import jsonschema
except ImportError:
    jsonschema = None


def resolve(document, node):
    """The node with every $ref to a component replaced; the document has no cycles."""
    if isinstance(node, dict):
        if "$ref" in node:
            target = document
            for part in node["$ref"].split("/")[1:]:
                target = target[part]
            return resolve(document, target)
        return {name: resolve(document, value) for name, value in node.items()}
    return [resolve(document, item) for item in node] if isinstance(node, list) else node


def routes_of_the_program():
    text = (SOURCE / "src/web/api_service.c").read_text(encoding="utf-8")
    for method, pattern, flags in re.findall(r'\{EH_(\w+), "(/v1/[^"]*)", \w+, (.*?)\},?\n', text):
        scope = re.search(r"EH_SCOPE_(\w+)", flags)
        wanted = None if scope is None else scope[1].lower() + ("" if "WRITES" in flags else ":read")
        yield method.lower(), re.sub(r":(\w+)", r"{\1}", pattern), wanted


def members_of_the_program():
    """Name of the table -> names of its members, as the files of the interface read them."""
    tables = {}
    for name in ("api_people.c", "api_records.c", "api_decisions.c", "api_planning.c"):
        text = (SOURCE / "src/web" / name).read_text(encoding="utf-8")
        for table, rows in re.findall(r"eh_body_member (\w+)_members\[\] = \{(.*?)\};", text, re.S):
            tables[table] = re.findall(r'(?:\{|CHANNEL_MEMBER\()"(\w+)"', rows)
    return tables


def check_tables(document):
    schemas = document["components"]["schemas"]
    listed = {(method, path, next(iter(o["security"][0].values()))[0] if o["security"] else None)
              for path, methods in document["paths"].items() for method, o in methods.items()}
    assert listed == set(routes_of_the_program()), listed ^ set(routes_of_the_program())
    tables = members_of_the_program()
    pairs = {"say": schemas["Speech"], "act": schemas["Act"], "choices": schemas["Choices"], "switches": schemas["Choices"]["properties"]["marketing"],
             "decision": schemas["NewDecision"], "feedback": schemas["NewFeedback"], "outcomes": schemas["NewOutcomes"], "link": schemas["NewLink"], "plan": schemas["NewPlan"],
             "outcome": schemas["NewOutcomes"]["properties"]["outcomes"]["items"]}
    assert set(pairs) == set(tables), (set(pairs), set(tables))
    for table, schema in pairs.items():
        assert set(schema["properties"]) == set(tables[table]), (table, set(schema["properties"]) ^ set(tables[table]))


YES = {"kind": "consent", "purpose": "marketing", "channel": "email", "how": "form on /signup", "wording": "Yes, write to me.", "version": "1", "control": "tick",
       "jurisdiction": "DE", "until": "2090-01-01T00:00:00Z"}


def exchanges(server):
    """method, path of the document, path, body, expected status; later ones may use earlier answers."""
    yield "get", "/v1/health", "/v1/health", None, 200
    yield "get", "/v1/openapi.json", "/v1/openapi.json", None, 200
    yield "post", "/v1/consents", "/v1/consents", {"person": "zoë", "email": "zoe@example.org", "acts": [YES, {"kind": "withdrawal", "purpose": "ai"}]}, 200
    yield "get", "/v1/consents/{person}", "/v1/consents/" + quoted("zoë"), None, 200
    yield "get", "/v1/preferences/{person}", "/v1/preferences/c1", None, 200
    yield "put", "/v1/preferences/{person}", "/v1/preferences/c1", {"ai": False, "marketing": {"sms": False}}, 200
    yield "post", "/v1/feedback", "/v1/feedback", {"kind": "creepy", "person": "c1", "words": "How do you know?"}, 201
    ticket = server.ask("POST", "/v1/feedback", {"kind": "useful", "person": "c1"})[2]["ticket"]
    yield "get", "/v1/feedback", "/v1/feedback?limit=1&open=true&person=c1", None, 200
    yield "get", "/v1/feedback/{ticket}", "/v1/feedback/" + ticket, None, 200
    outcome = {"person": "c1", "name": "bought", "value": True, "at": "2025-01-01T00:00:00Z"}
    yield "post", "/v1/outcomes", "/v1/outcomes", {"outcomes": [outcome, dict(outcome, decision="d1", value=0)]}, 200
    yield "get", "/v1/outcomes", "/v1/outcomes?limit=1", None, 200
    entry = server.ask("GET", "/v1/consents/" + quoted("zoë"))[2]["acts"][0]["ledger"]
    yield "get", "/v1/proofs/{id}", "/v1/proofs/" + entry, None, 200
    server.ask("POST", "/v1/consents", {"person": "c2", "acts": [YES]})
    yield "post", "/v1/decisions", "/v1/decisions", {"campaign": "note", "person": "c2", "facts": {"age": 41}, "lang": "de"}, 201
    yield "post", "/v1/decisions", "/v1/decisions", {"campaign": "note", "person": "nobody"}, 201
    yield "post", "/v1/decisions", "/v1/decisions", {"campaign": "nota", "person": "c2"}, 404
    yield "post", "/v1/decisions", "/v1/decisions", {"campaign": "note", "person": "c2", "facts": {"age": "old"}}, 422
    yield "post", "/v1/decisions", "/v1/decisions", {"campaign": "note", "person": "c2", "lang": "tlh"}, 422
    decision = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c2"})[2]
    assert decision["offer"] == "note" and decision["plan"] == server.plan and decision["propensity"] == 1, decision
    yield "get", "/v1/decisions/{id}", "/v1/decisions/" + decision["decision"], None, 200
    yield "get", "/v1/explanations/{id}", "/v1/explanations/" + decision["decision"] + "?lang=es", None, 200
    yield "get", "/v1/plans", "/v1/plans?campaign=note&limit=2", None, 200
    yield "get", "/v1/plans", "/v1/plans?campaign=other", None, 200
    yield "get", "/v1/plans/{plan}", "/v1/plans/" + server.plan, None, 200
    yield "get", "/v1/plans/{plan}", "/v1/plans/note-20200101-00000000", None, 404
    listed = server.ask("GET", "/v1/plans")[2]["items"]
    assert [one["plan"] for one in listed] == [server.plan] and listed[0]["released"] is True, listed
    # From here on a new plan that asks holds up single decisions of the campaign.
    made = server.ask("POST", "/v1/plans", {"campaign": "note", "seed": 7})[2]
    yield "post", "/v1/plans", "/v1/plans", {"campaign": "note", "as_of": "2026-01-01T00:00:00Z", "repair": True}, 201
    yield "get", "/v1/plan-requests/{request}", "/v1/plan-requests/" + made["request"], None, 200
    yield "get", "/v1/plan-requests/{request}", "/v1/plan-requests/" + "0" * 32, None, 404
    yield "post", "/v1/plans", "/v1/plans", {"campaign": "nota"}, 404
    yield "post", "/v1/plans", "/v1/plans", {"campaign": "note", "as_of": "2190-01-01T00:00:00Z"}, 422
    yield "get", "/v1/decisions/{id}", "/v1/decisions/" + "0" * 32, None, 404
    yield "get", "/v1/explanations/{id}", "/v1/explanations/" + entry, None, 422
    yield "post", "/v1/links", "/v1/links", {"person": "c1", "page": "choices", "days": 3}, 201
    yield "get", "/v1/people/{person}", "/v1/people/c1", None, 200
    yield "delete", "/v1/people/{person}", "/v1/people/c1", None, 200
    yield "get", "/v1/metrics", "/v1/metrics", None, 200
    yield "post", "/v1/consents", "/v1/consents", {"person": "c2", "acts": [dict(YES, control="pre-ticked")]}, 403
    yield "post", "/v1/consents", "/v1/consents", {"person": "c2", "acts": [dict(YES, at="2190-01-01T00:00:00Z")]}, 422
    yield "post", "/v1/consents", "/v1/consents", {"person": "c2", "acts": [{"kind": "confirmation"}]}, 409
    yield "post", "/v1/outcomes", "/v1/outcomes", {"outcomes": [dict(outcome, name="bougt")]}, 422
    yield "get", "/v1/feedback/{ticket}", "/v1/feedback/EH-2222-2222", None, 404
    yield "get", "/v1/proofs/{id}", "/v1/proofs/" + "0" * 32, None, 404


def check_answer(document, operation, status, headers, answer):
    response = resolve(document, operation["responses"])[str(status)]
    kind = headers["content-type"].split(";")[0]
    assert kind in response["content"], (kind, status)
    if jsonschema is not None and "json" in kind:
        jsonschema.Draft202012Validator(response["content"][kind]["schema"]).validate(answer)
        members(answer, response["content"][kind]["schema"])


def members(answer, schema):
    """No member that the schema does not name."""
    if isinstance(answer, dict) and schema.get("additionalProperties") is False:
        assert set(answer) <= set(schema["properties"]), set(answer) - set(schema["properties"])


def check_once(server):
    body = {"kind": "wrong", "words": "I have no dog."}
    first = server.ask("POST", "/v1/feedback", body, Idempotency_Key="a-1")
    again = server.ask("POST", "/v1/feedback", body, Idempotency_Key="a-1")
    assert first[2] == again[2] and again[1]["idempotency-replayed"] == "true" and "idempotency-replayed" not in first[1]
    assert server.ask("POST", "/v1/feedback", dict(body, kind="other"), Idempotency_Key="a-1")[0] == 409
    assert server.ask("POST", "/v1/feedback", body, Idempotency_Key="a-2")[2] != first[2]
    other = server.key("other", "feedback")
    for _ in range(200):    # a new key is known within a second
        status, _, answer = server.ask("POST", "/v1/feedback", body, Idempotency_Key="a-1", Authorization="Bearer " + other)
        if status != 401:
            break
    assert status == 201 and answer != first[2] or status == 429, (status, answer)


def check_plans_pages(server):
    """The plans, page by page, are those of the whole list, in its order."""
    for seed in (11, 12, 13):
        assert server.ask("POST", "/v1/plans", {"campaign": "note", "seed": seed})[0] == 201
    whole = server.ask("GET", "/v1/plans?limit=200&campaign=note")[2]
    pages, query = [], "/v1/plans?limit=2&campaign=note"
    page = server.ask("GET", query)[2]
    pages += page["items"]
    while "next" in page:
        cursor = page["next"]
        page = server.ask("GET", query + "&cursor=" + cursor)[2]
        pages += page["items"]
    assert pages == whole["items"] and len(pages) >= 4 and "next" not in whole, pages
    assert server.ask("GET", "/v1/plans?cursor=" + cursor)[0] == 422, "another question"
    assert server.ask("GET", "/v1/plans?campaign=" + "n" * 80)[0] == 400


def check_plans(server):
    """A plan that is asked for is made once, in the time that the program gives, and found where its answer says."""
    def ask(prefer, once=None, campaign="note"):
        return server.ask("POST", "/v1/plans", {"campaign": campaign, "seed": 3}, Prefer=prefer, Idempotency_Key=once)

    status, headers, first = ask("respond-async", "p-1")
    assert status == 202 and first["state"] == "making" and headers["location"] == "/v1/plan-requests/" + first["request"], (status, headers, first)
    while (standing := server.ask("GET", headers["location"])[2])["state"] == "making":
        pass
    assert standing["state"] == "made" and standing["asked"] == first["asked"], standing
    assert server.ask("GET", "/v1/plans/" + standing["plan"])[2]["outcome"] == standing["outcome"]
    again = ask("respond-async", "p-1")
    assert again[0] == 202 and again[2] == first and again[1]["location"] == headers["location"] and again[1]["idempotency-replayed"] == "true"
    status, headers, made = ask("wait=60", "p-2")
    assert status == 201 and made["state"] == "made" and headers["location"] == "/v1/plans/" + made["plan"], (status, headers, made)
    again = ask("wait=60", "p-2")
    assert again[0] == 201 and again[2] == made and again[1]["location"] == headers["location"], again
    assert ask("wait=60", "p-2", "other")[0] == 409
    (server.folder / "campaigns" / "torn.yaml").write_text("title: Torn\nchannel: email\nchoose: { by: nobody }\n", encoding="utf-8")
    status, _, refused = ask("wait=60", "p-3", "torn")
    assert status == 422 and "torn.yaml" in refused["detail"], refused
    (server.folder / "campaigns" / "torn.yaml").write_text("title: Gone\nchannel: email\nchoose: { by: model }\noffers: { a: { says: an a, model: gone } }\n", encoding="utf-8")
    status, _, refused = ask("wait=60", "p-3", "torn")
    assert status in (403, 404, 422), refused
    standing = ask("respond-async", "p-4", "torn")[2]
    while standing["state"] == "making":
        standing = server.ask("GET", "/v1/plan-requests/" + standing["request"])[2]
    assert standing["state"] == "failed" and standing["problem"] == refused, (standing, refused)
    reader = server.key("planreader", "plans:read")
    for _ in range(20000):    # a new key is known within a second
        if (status := server.ask("POST", "/v1/plans", {"campaign": "note"}, Authorization="Bearer " + reader)[0]) not in (401, 429):
            break
    assert status == 403


def check_pages(server):
    for number in range(7):
        server.ask("POST", "/v1/feedback", {"kind": "other", "subject": "pages", "words": str(number)})
    found, query = [], "/v1/feedback?subject=pages&limit=3"
    page = server.ask("GET", query)[2]
    found += page["items"]
    while "next" in page:
        cursor = page["next"]
        page = server.ask("GET", query + "&cursor=" + cursor)[2]
        found += page["items"]
    assert sorted(piece["words"] for piece in found) == [str(number) for number in range(7)], found
    assert server.ask("GET", "/v1/feedback?limit=3&cursor=" + cursor)[0] == 422, "another question"
    assert server.ask("GET", query + "&cursor=" + cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB"))[0] == 422, "a changed cursor"


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|NaN)')
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def check_metrics(text):
    """The grammar of OpenMetrics 1.0: families one after the other, each said before its samples; cumulative buckets; an end."""
    assert text.endswith("\n# EOF\n") and "\n\n" not in text and "\r" not in text
    family, kind, seen, families, buckets, values = None, None, set(), set(), [], {}
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            assert word in ("TYPE", "UNIT", "HELP") and rest, line
            if name != family:
                assert word == "TYPE" and name not in families and rest in SUFFIXES, line
                family, kind = name, rest
                families.add(name)
            assert word != "UNIT" or family.endswith("_" + rest), line
            continue
        name, labels, value = SAMPLE.fullmatch(line).groups()
        assert name in [family + suffix for suffix in SUFFIXES[kind]], line
        assert (name, labels) not in seen, line
        seen.add((name, labels))
        values[name + (labels or "")] = float(value)
        assert kind == "gauge" or float(value) >= 0, line
        if name.endswith("_bucket"):
            buckets.append((float(re.search(r'le="([^"]+)"', labels)[1]), float(value)))
    assert buckets == sorted(buckets) and [count for _, count in buckets] == sorted(count for _, count in buckets) and buckets[-1][0] == float("inf"), buckets
    assert values["evenhand_http_request_seconds_count"] == buckets[-1][1] > 0
    assert values['evenhand_http_requests_total{method="POST",route="/v1/consents",status="2xx"}'] == 2
    assert sum(count for name, count in values.items() if name.startswith("evenhand_http_requests_total")) == buckets[-1][1], "each answer is in both"


def run():
    document = json.loads((SOURCE / "docs/openapi.json").read_text(encoding="utf-8"))
    whole = resolve(document, document)
    check_tables(whole)
    if jsonschema is None:
        print("python3-jsonschema is not there: answers are not held against their schemas")
    used = set()
    with Server(campaign=True) as server:
        assert server.ask("GET", "/v1/openapi.json", Authorization=None)[2] == document
        for method, named, path, body, expected in exchanges(server):
            if jsonschema is not None and body is not None:
                jsonschema.Draft202012Validator(whole["paths"][named][method]["requestBody"]["content"]["application/json"]["schema"]).validate(body)
            status, headers, answer = server.ask(method.upper(), path, body)
            assert status == expected, (method, path, status, answer)
            check_answer(document, document["paths"][named][method], status, headers, answer)
            used.add((method, named))
            if named == "/v1/metrics":
                check_metrics(answer)
        assert used == {(method, path) for path, methods in document["paths"].items() for method in methods}
        check_once(server)
        check_pages(server)
        check_plans(server)
        check_plans_pages(server)
