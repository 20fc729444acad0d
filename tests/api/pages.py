"""Goal: what people, importers and the shop write comes back as text on every page; sessions, forms and links keep out who does not belong."""
import html.parser
import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

from server import EVENHAND, SCOPES, Server, quoted

MARK = "xssmark"
EVIL = f"'\"></title></script></textarea><{MARK} onerror=alert(1)><img src=x on{MARK}=1>${{7*7}}{{{{7*7}}}}&lt;&#60;javascript:{MARK}<!--"
KEY = f"k\"'><{MARK} a=b>&lt;"
PASSWORD = "a long pass phrase of the team"
TICK = {"purpose": "marketing", "channel": "email", "control": "tick", "jurisdiction": "DE"}


def yaml(text):
    return json.dumps(text)


def workspace_write(server):
    """Evil in every word of the shop, and in two keys of its people."""
    (server.folder / "evenhand.yaml").write_text(f"""shop: {{ name: {yaml("Finch " + EVIL)}, contact: care@bluefinch.example, address: {yaml(EVIL)} }}
sources: {{ people: {{ read: people.csv, key: id }} }}
protected: {{ gender: {{ value: gender, from_whom: {yaml(EVIL)} }} }}
features: {{ age: {{ value: age, says: {yaml("you are {value} " + EVIL)}, from_whom: {yaml(EVIL)} }}, town: {{ value: town, says: {yaml("you live in {value}")}, from_whom: you }} }}
outcome: {{ bought: {{ value: bought }} }}
""", encoding="utf-8")
    rows = [f"c{number},{20 + number % 40},{'x' if number % 2 else 'y'},{'true' if number % 2 else 'false'},\"{EVIL.replace(chr(34), chr(34) * 2)}\"" for number in range(1, 60)]
    rows.append(f"\"{KEY.replace(chr(34), chr(34) * 2)}\",30,x,true,Cork")
    (server.folder / "people.csv").write_text("id,age,gender,bought,town\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (server.folder / "campaigns").mkdir(exist_ok=True)
    (server.folder / "campaigns" / "evil.yaml").write_text(
        f"title: {yaml(EVIL)}\nchannel: email\naudience: \"town <> '{MARK}'\"\nchoose: {{ by: everyone }}\noffers: {{ note: {{ says: {yaml(EVIL)}, subject: {yaml(EVIL)}, message: {yaml(EVIL)} }} }}\n",
        encoding="utf-8")


def evil_say(server):
    """What customers, importers and programs can write; gives pages for customers."""
    paths = []
    for person in (KEY, "c1", "c2"):
        yes = dict(TICK, kind="consent", how=EVIL, wording=EVIL, version=EVIL[:60], language="en")
        answer = server.ask("POST", "/v1/consents", {"person": person, "email": f"\"{MARK}<{MARK}>\"@example.org", "acts": [yes]})
        if answer[0] != 200:    # no address of that kind: then without
            answer = server.ask("POST", "/v1/consents", {"person": person, "acts": [yes]})
        assert answer[0] == 200, answer
        decision = server.ask("POST", "/v1/decisions", {"campaign": "evil", "person": person, "facts": {"town": EVIL}})
        assert decision[0] == 201, decision
        for kind in ("creepy", "wrong", "complaint"):
            told = {"kind": kind, "person": person, "words": EVIL, "subject": EVIL, "rule": EVIL, "campaign": EVIL[:70], "language": EVIL[:30], "decision": decision[2]["decision"]}
            assert server.ask("POST", "/v1/feedback", told)[0] == 201
        for page in ("why", "choices", "data", "unsubscribe"):
            about = {"why": {"about": decision[2]["decision"]}, "unsubscribe": {"about": "email"}}.get(page, {})
            link = server.ask("POST", "/v1/links", dict({"person": person, "page": page}, **about))
            assert link[0] == 201, link
            paths.append(urllib.parse.urlsplit(link[2]["url"]).path)
    return paths


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.forms = [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "a" and values.get("href"):
            self.found.append(values["href"])


class Visitor:
    def __init__(self, server):
        self.server, self.cookie = server, None

    def ask(self, method, path, form=None, **headers):
        connection = self.server.connection()
        sent = {"Cookie": self.cookie} if self.cookie else {}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        body = None
        if form is not None:
            body, sent["Content-Type"] = urllib.parse.urlencode(form), "application/x-www-form-urlencoded"
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer, text.decode("utf-8", "replace")

    def sign_in(self, name, password=PASSWORD, **headers):
        answer, _ = self.ask("POST", "/team/sign-in", {"name": name, "password": password}, **headers)
        if answer.status == 303 and answer.getheader("Set-Cookie"):
            self.cookie = answer.getheader("Set-Cookie").split(";")[0]
        return answer

    def token(self, path="/team/campaigns/evil"):
        return re.search(r'name="form_token" value="([^"]+)"', self.ask("GET", path)[1])[1]


def crawl(visitor, starts, folder, most=220):
    """Every page that can be reached by links from there, into files."""
    waiting, seen, files = list(starts), set(starts), []
    while waiting and len(files) < most:
        path = waiting.pop(0)
        answer, text = visitor.ask("GET", path)
        assert answer.status in (200, 303, 400, 404), (path, answer.status, text[:300])
        if not (answer.getheader("Content-Type") or "").startswith("text/html"):
            continue
        files.append(folder / f"{len(files)}.html")
        files[-1].write_text(text, encoding="utf-8")
        links = Links()
        links.feed(text)
        for link in links.found:
            link = urllib.parse.urljoin(path, link).split("#")[0]
            if link.startswith("/") and link not in seen:
                seen.add(link)
                waiting.append(link)
    return files


def account(server, name, role, *more):
    subprocess.run([EVENHAND, "team", "add", name, "--role", role, "--workspace", server.folder, *more], input=PASSWORD + "\n", text=True, capture_output=True, check=True)


def words_are_text(server):
    customers = evil_say(server)
    plan = server.ask("POST", "/v1/plans", {"campaign": "evil", "seed": 5})
    assert plan[0] == 201, plan
    visitor, team = Visitor(server), Visitor(server)
    assert team.sign_in("ada").status == 303
    evil = quoted(EVIL)
    asked = ["/team", "/team/find?q=" + evil, "/team/find?q=" + MARK, "/team/people?key=" + quoted(KEY), "/team/people?person=" + quoted(KEY), "/team/people?q=" + quoted(KEY),
             "/team/ledger?entry=" + evil, "/team/nothing/" + quoted("<" + MARK + ">"), "/team/campaigns/" + quoted("<" + MARK + ">"), "/team/policy/versions?a=" + evil + "&b=" + evil,
             "/team/feedback?theme=" + evil, "/team/sign-in", "/team/plans/" + plan[2]["plan"]]
    with tempfile.TemporaryDirectory() as place:
        (pathlib.Path(place) / "c").mkdir()
        (pathlib.Path(place) / "t").mkdir()
        files = crawl(visitor, [*customers, "/ai", "/ai/campaigns", "/no/" + quoted("<" + MARK + ">"), "/why/" + quoted("<" + MARK + ">")], pathlib.Path(place) / "c")
        files += crawl(team, asked, pathlib.Path(place) / "t")
        refused = Visitor(server).ask("POST", "/team/sign-in", {"name": EVIL, "password": EVIL})[1]
        files.append(pathlib.Path(place) / "refused.html")
        files[-1].write_text(refused, encoding="utf-8")
        done = subprocess.run([os.environ["STRICT_HTML"], MARK, *files], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
        count = int(re.search(r", (\d+) texts", done.stdout)[1])
        assert len(files) > 50 and count > 100, (len(files), done.stdout)    # it was there, as text


def sessions(server):
    """The cookie is for the team's pages, for no script and no other site; a form is of its session; who guesses waits."""
    ada = Visitor(server)
    before = ada.ask("GET", "/team")[0]
    assert before.status == 303 and before.getheader("Location") == "/team/sign-in"
    answer = ada.sign_in("ada", Cookie="evenhand_session=chosen-by-another")
    flags = [flag.strip().lower() for flag in answer.getheader("Set-Cookie").split(";")[1:]]
    assert {"httponly", "samesite=strict", "path=/team"} <= set(flags) and "secure" not in flags and "chosen" not in ada.cookie, flags
    bo = Visitor(server)
    bo.sign_in("bo")
    path, token = "/team/campaigns/evil/plan", bo.token()
    for form in ({}, {"form_token": ""}, {"form_token": "x"}, {"form_token": token}, {"form_token": token + "x"}):
        assert ada.ask("POST", path, form)[0].status == 403, form
    assert Visitor(server).sign_in("ada", Sec_Fetch_Site="cross-site").status == 403
    assert ada.ask("POST", "/team/sign-out", {"form_token": ada.token()})[0].status == 303
    assert ada.ask("GET", "/team/campaigns")[0].status == 303, "signed out"
    for _ in range(5):
        assert Visitor(server).sign_in("bo", "not it at all").status == 403
    late = Visitor(server).sign_in("bo")
    assert late.status == 429, late.status
    assert bo.ask("GET", "/team/campaigns")[0].status == 200, "who is in stays in"
    assert ada.sign_in("ada").status == 303, "and others come in"


def secure_behind_a_proxy(server):
    server.stop()
    server.start("--origin", "https://mail.shop.example")
    visitor = Visitor(server)
    answer = visitor.sign_in("ada")
    assert "secure" in answer.getheader("Set-Cookie").lower().replace(" ", "").split(";"), answer.getheader("Set-Cookie")
    assert server.ask("POST", "/v1/links", {"person": "c1", "page": "choices"})[2]["url"].startswith("https://mail.shop.example/choices/")
    server.stop()
    server.start()


def links(server):
    """A link opens its own page: not with a character changed, cut or added, not another page, not another's; and it tells nobody where it leads."""
    decision = server.ask("POST", "/v1/decisions", {"campaign": "evil", "person": "c3"})[2]["decision"]
    visitor = Visitor(server)
    paths = {page: urllib.parse.urlsplit(server.ask("POST", "/v1/links", dict({"person": "c3", "page": page}, **({"about": decision} if page == "why" else {})))[2]["url"]).path
             for page in ("why", "choices", "data")}
    for page, path in paths.items():
        assert visitor.ask("GET", path)[0].status == 200, page
        token = path.rsplit("/", 1)[1]
        for at in range(0, len(token), 3):
            other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:]
            assert visitor.ask("GET", f"/{page}/{other}")[0].status in (403, 404, 410), (page, at)
        for other in (token[:-1], token + "A", token[: len(token) // 2], "A" * len(token), token.swapcase()):
            assert visitor.ask("GET", f"/{page}/{other}")[0].status in (403, 404, 410), other
        for another in paths:
            if another != page:
                status = visitor.ask("GET", f"/{another}/{token}")[0].status
                assert status in (403, 404, 410) or (another, page) in (("choices", "why"), ("data", "choices"), ("choices", "data")), (another, page, status)
    assert visitor.ask("GET", "/why/" + paths["choices"].rsplit("/", 1)[1])[0].status in (403, 404, 410)
    other = server.ask("POST", "/v1/links", {"person": "c4", "page": "why", "about": decision})
    if other[0] == 201:
        assert visitor.ask("GET", urllib.parse.urlsplit(other[2]["url"]).path)[0].status == 404, "another's decision"
    answer = visitor.ask("GET", paths["data"])[0]
    assert answer.getheader("Referrer-Policy") == "no-referrer" and answer.getheader("Cache-Control") == "no-store", answer.getheaders()


def run():
    with Server() as server:
        server.stop()
        workspace_write(server)
        account(server, "ada", "admin", "--trained")
        account(server, "bo", "marketer")
        server.run("plan", "evil", "--output", server.folder / "report.json", "--format", "json", good=(0, 3))
        server.run("release", json.loads((server.folder / "report.json").read_text(encoding="utf-8"))["plan"], "--approved-by", "Ada", "--output", server.folder / "send.csv")
        server.start()
        links(server)
        words_are_text(server)
        sessions(server)
        secure_behind_a_proxy(server)
        said = server.said()
        for secret in (PASSWORD, server.token, MARK, "/why/", "/data/", "form_token", "c3"):
            assert secret not in said, (secret, said)
