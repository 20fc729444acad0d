"""Goal: each role sees and does what the table says and nothing else, on every route of the team; a form without the session's token does nothing."""
import re
import subprocess

from pages import Visitor, account
from server import EVENHAND, SOURCE, Server

ROLES = {"viewer": "vic", "marketer": "max", "analyst": "ina", "ethics owner": "ada", "admin": "root"}
ALL = set(ROLES)
SEES_PEOPLE = {"ethics owner", "admin"}
YAML = """shop: { name: Blue Finch, contact: care@bluefinch.example, address: "1 Quay, Cork", language: en }
profiling: on
sources: { people: { read: people.csv, key: id } }
protected: { age_band: { value: age, bands: [45] } }
features: { orders: { value: orders, says: "you ordered {value} times", from_whom: "your orders with us", changeable: true } }
outcome: { bought: "orders > 4" }
"""
POLICY = """policy: finch
version: 1
owner: ada@bluefinch.example
review_by: 2099-01-01
facts:
  lawful_basis: { type: string, values: [none, consent], says: "what is recorded" }
rules:
  - { id: agreed, effect: permit, when: "lawful_basis != 'none'", law: [BASIS-1], explanation: { en: "You agreed." }, tests: [ { facts: { lawful_basis: consent }, applies: true }, { facts: { lawful_basis: none }, applies: false } ] }
"""
REVIEW = {"findings": "All is well.", "text0": "Look again", "owner0": "ada", "due0": "2099-05-01", "next": "2098-06-01"}

# The route, a path of it, who may, what a form holds, and what comes of it for who may: the first of them does it, later ones may find it done.
LOOKS = [
    ("/team", "/team", ALL), ("/team/campaigns", "/team/campaigns", ALL), ("/team/campaigns/:campaign", "/team/campaigns/news", ALL), ("/team/plans/:plan", "/team/plans/{ready}", ALL),
    ("/team/fairness", "/team/fairness", ALL), ("/team/models", "/team/models", ALL), ("/team/models/:model", "/team/models/buys", ALL), ("/team/models/:model/card", "/team/models/buys/card", ALL),
    ("/team/data", "/team/data", ALL), ("/team/policy", "/team/policy", ALL), ("/team/policy/versions", "/team/policy/versions", ALL), ("/team/policy/review", "/team/policy/review", SEES_PEOPLE),
    ("/team/feedback", "/team/feedback", ALL), ("/team/feedback/:ticket", "/team/feedback/{ticket}", ALL), ("/team/people", "/team/people?key=p1", SEES_PEOPLE), ("/team/ledger", "/team/ledger", ALL),
    ("/team/ledger/:entry", "/team/ledger/0", ALL), ("/team/find", "/team/find?q=zzzz", ALL), ("/team/find.json", "/team/find.json?q=news", ALL), ("/team/roles", "/team/roles", ALL),
]
DEEDS = [
    ("/team/campaigns/:campaign/plan", "/team/campaigns/news/plan", {"marketer", "analyst"}, {}, {303}),
    ("/team/plans/:plan/release", "/team/plans/{ready}/release", {"marketer"}, {}, {303}),
    ("/team/plans/:plan/ask", "/team/plans/{asks}/ask", {"marketer", "analyst"}, {"reason": "It is small."}, {303, 409}),
    ("/team/plans/:plan/answer", "/team/plans/{asks}/answer", {"ethics owner", "admin"}, {"answer": "refuse", "note": "Not yet."}, {303, 409}),
    ("/team/policy/review", "/team/policy/review", {"ethics owner", "admin"}, REVIEW, {303}),
    ("/team/policy/reviews/:number", "/team/policy/reviews/1", {"ethics owner", "admin"}, {"act": "sign"}, {303, 403, 409}),
    ("/team/feedback/:ticket", "/team/feedback/{ticket}", {"marketer", "ethics owner", "admin"}, {"answer": "Thank you."}, {303, 409}),
    ("/team/people/requests/:number", "/team/people/requests/{request}", {"ethics owner", "admin"}, {}, {303, 404, 409}),
    ("/team/ledger/verify", "/team/ledger/verify", ALL, {}, {200}),
]
LATER = [("/team/plans/:plan/send.csv", "/team/plans/{ready}/send.csv", {"marketer"}), ("/team/policy/reviews/:number", "/team/policy/reviews/1", ALL)]
OPEN = {("GET", "/team/sign-in"), ("POST", "/team/sign-in"), ("POST", "/team/sign-out")}
MAY_NOT = "you may not do this"


def workspace_write(server):
    (server.folder / "evenhand.yaml").write_text(YAML, encoding="utf-8")
    (server.folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    rows = [(f"p{n}", 20 + 7 * n % 50, 1 + n % 9) for n in range(1, 301)]
    (server.folder / "people.csv").write_text("id,age,orders\n" + "".join(f"{key},{age},{orders}\n" for key, age, orders in rows), encoding="utf-8")
    (server.folder / "training.csv").write_text("orders,age,bought\n" + "".join(f"{n % 9},{20 + 11 * n % 50},{1 if 7 * n % 10 < n % 9 else 0}\n" for n in range(400)), encoding="utf-8")
    (server.folder / "consents.csv").write_text("key,purpose,channel,said,at,how,wording,version\n" + "".join(
        f"{key},marketing,email,yes,2026-01-05T09:00:00Z,form,Yes please.,1\n" for key, _, _ in rows), encoding="utf-8")
    (server.folder / "campaigns").mkdir()
    for name, choose in (("news", "choose: { by: everyone }"), ("few", "most: 12\nchoose: { by: random }")):
        (server.folder / "campaigns" / f"{name}.yaml").write_text(f"title: {name}\nchannel: email\n{choose}\noffers: {{ it: {{ says: what is new }} }}\n", encoding="utf-8")
    server.run("import", "consent", server.folder / "consents.csv", "--jurisdiction", "IE", "--quiet")
    server.run("vault", "import", "--reason", "a test")
    (server.folder / ".evenhand" / "models").mkdir(exist_ok=True)
    subprocess.run([EVENHAND, "train", ".evenhand/models/buys.json", "--data", "training.csv", "--label", "bought", "--features", "orders", "--folds", "2", "--bags", "2", "--rounds", "20",
                    "--quiet"], cwd=server.folder, check=True)
    for role, name in ROLES.items():
        account(server, name, role, "--trained")


def places_make(server, team):
    """What the paths of the table name: a plan that its guards let go, one that asks, a piece of feedback, a request of a person."""
    plans = {}
    for campaign in ("news", "few"):
        answer, text = team["marketer"].ask("POST", f"/team/campaigns/{campaign}/plan", {"form_token": team["marketer"].token("/team")})
        assert answer.status == 303, (campaign, answer.status, text[-400:])
        plans[campaign] = re.search(r"/team/plans/([^?]+)", answer.getheader("Location"))[1]
    told = server.ask("POST", "/v1/feedback", {"kind": "creepy", "person": "p1", "words": "How?"})
    assert told[0] == 201, told
    server.run("person", "request", "p1", "--kind", "access")
    text = team["admin"].ask("GET", "/team/people")[1]
    return {"ready": plans["news"], "asks": plans["few"], "ticket": told[2]["ticket"], "request": re.search(r"/team/people/requests/(\d+)", text)[1]}


def every_route_is_here():
    """The table above names every route of the team, so that a new one cannot be forgotten."""
    text = (SOURCE / "src" / "web" / "team_routes.c").read_text(encoding="utf-8")
    there = set(re.findall(r'\{EH_(GET|POST), "([^"]+)"', text))
    named = {("GET", route) for route, *_ in LOOKS + LATER} | {("POST", route) for route, *_ in DEEDS} | OPEN
    assert there == named, there ^ named


def looks(team, places, table):
    stranger = Visitor(team["admin"].server)
    for _, path, allowed in table:
        path = path.format(**places)
        answer = stranger.ask("GET", path)[0]
        assert answer.status == 303 and answer.getheader("Location") == "/team/sign-in", (path, answer.status)
        for role, visitor in team.items():
            answer, text = visitor.ask("GET", path)
            assert answer.status == (200 if role in allowed else 403) and (MAY_NOT in text) == (role not in allowed), (role, path, answer.status, text[:300])


def deeds(team, places):
    stranger, tokens = Visitor(team["admin"].server), {role: visitor.token("/team") for role, visitor in team.items()}
    for _, path, allowed, form, results in DEEDS:
        path = path.format(**places)
        answer = stranger.ask("POST", path, form)[0]
        assert answer.status == 303 and answer.getheader("Location") == "/team/sign-in", (path, answer.status)
        for role, visitor in team.items():    # without the token, with another's, in the address: whoever it is
            other = next(tokens[name] for name in team if name != role)
            for wrong in ({}, {"form_token": ""}, {"form_token": other}, {"form_token": tokens[role][:-1]}):
                assert visitor.ask("POST", path, {**form, **wrong})[0].status == 403, (role, path, wrong)
            assert visitor.ask("POST", f"{path}?form_token={tokens[role]}", form)[0].status == 403, (role, path)
            if role not in allowed:
                answer, text = visitor.ask("POST", path, {**form, "form_token": tokens[role]})
                assert answer.status == 403 and MAY_NOT in text, (role, path, answer.status)
        done = 0
        for role in sorted(allowed):
            answer, text = team[role].ask("POST", path, {**form, "form_token": tokens[role]})
            assert answer.status in results and MAY_NOT not in text, (role, path, answer.status, text[-600:])
            done += answer.status in (200, 303)
        assert done >= 1, path


def buttons(team, places):
    """A page offers who looks at it only what they may do."""
    for role, visitor in team.items():
        for _, path, allowed, _, _ in DEEDS:
            page, action = {"/team/campaigns/news/plan": ("/team/campaigns/news", 'action="/team/campaigns/news/plan"'),
                            "/team/plans/{ready}/release": ("/team/plans/{ready}", "/release\""), "/team/plans/{asks}/ask": ("/team/plans/{asks}", "/ask\""),
                            "/team/policy/review": ("/team/policy", 'href="/team/policy/review"'), "/team/feedback/{ticket}": ("/team/feedback/{ticket}", 'action="/team/feedback/'),
                            "/team/ledger/verify": ("/team/ledger", 'action="/team/ledger/verify"')}.get(path, (None, None))
            if page is not None:
                text = visitor.ask("GET", page.format(**places))[1]
                assert (action in text) == (role in allowed), (role, page)
        assert ('href="/team/people"' in visitor.ask("GET", "/team")[1]) == (role in SEES_PEOPLE), role


def run():
    every_route_is_here()
    with Server() as server:
        server.stop()
        workspace_write(server)
        server.start()
        team = {}
        for role, name in ROLES.items():
            team[role] = Visitor(server)
            assert team[role].sign_in(name).status == 303, name
        places = places_make(server, team)
        looks(team, places, LOOKS)
        buttons(team, places)
        deeds(team, places)
        looks(team, places, LATER)
