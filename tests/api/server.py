"""A workspace aside, a server of it, and a client, for the tests of the interface."""
import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import urllib.parse

EVENHAND = os.environ.get("EVENHAND", "evenhand")
SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
SCOPES = "decisions,explanations,plans,consents,preferences,people,feedback,outcomes,proofs,links,metrics"
YAML = """shop:
  name: Blue Finch
sources:
  people:
    read: people.csv
    key: id
features:
  age: {value: age, says: "you are {value}", from_whom: "you"}
outcome:
  bought: {value: bought}
"""


class Server:
    """`with Server() as server:` a workspace with a ledger and a key for everything; .start(), .kill(), .stop() as one likes."""

    def __init__(self, campaign=False, people=2):
        """campaign: a plan of the campaign `note` has gone out, so that single decisions can be asked for. people: c1, c2, ..."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="evenhand-api-"))
        rows = "".join(f"c{number},{20 + 10 * number % 60},{'true' if number % 2 else 'false'}\n" for number in range(1, people + 1))
        (self.folder / "people.csv").write_text("id,age,bought\n" + rows, encoding="utf-8")
        (self.folder / "evenhand.yaml").write_text(YAML, encoding="utf-8")
        self.log = open(self.folder / "log", "w+b")
        self.process = None
        self.plan = None
        self.port = 0
        self.run("keys", "make", "--name", "bluefinch.example/ledger")
        self.token = self.key("all", SCOPES, "--rate", "1000000")
        if campaign:
            self.release()

    def release(self, name="note", more=""):
        (self.folder / "campaigns").mkdir(exist_ok=True)
        (self.folder / "campaigns" / f"{name}.yaml").write_text("title: A note\nchannel: email\nchoose: { by: everyone }\noffers: { note: { says: a note } }\n" + more, encoding="utf-8")
        self.run("plan", name, "--output", self.folder / "report.json", "--format", "json", good=(0, 3))
        self.plan = json.loads((self.folder / "report.json").read_text(encoding="utf-8"))["plan"]
        self.run("release", self.plan, "--approved-by", "Ada", "--output", self.folder / "send.csv")

    def run(self, *arguments, good=(0,)):
        done = subprocess.run([EVENHAND, *arguments, "--workspace", self.folder], capture_output=True, text=True, check=False)
        assert done.returncode in good, done.stderr
        return done.stdout

    def key(self, name, scopes, *more):
        return self.run("keys", "api", "add", name, "--scope", scopes, *more).strip()

    def why_path(self, person, decision):
        """The path of the page about a decision."""
        return urllib.parse.urlsplit(self.ask("POST", "/v1/links", {"person": person, "page": "why", "about": decision})[2]["url"]).path

    def start(self, *more):
        self.process = subprocess.Popen([EVENHAND, "serve", "--listen", str(self.port), "--workspace", self.folder, *more],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("serving at "), (line, self.said())
        if "--origin" not in more:
            self.port = int(line.rsplit(":", 1)[1])
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0, self.said()
        self.process.stdout.close()

    def said(self):
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def __enter__(self):
        return self.start()

    def __exit__(self, *failure):
        if self.process.poll() is None:
            self.stop() if failure[0] is None else self.kill()
        self.remove()

    def remove(self):
        self.log.close()
        shutil.rmtree(self.folder)

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method, path, body=None, connection=None, **headers):
        """Status, headers, and the body: of JSON the value, else the text. Header names are written with underscores."""
        own = connection or self.connection()
        sent = {"Authorization": "Bearer " + self.token}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode("utf-8")
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        own.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
        answer = own.getresponse()
        text = answer.read().decode("utf-8")
        if connection is None:
            own.close()
        said = dict((name.lower(), value) for name, value in answer.getheaders())
        return answer.status, said, json.loads(text) if "json" in said.get("content-type", "") else text


def quoted(person):
    return urllib.parse.quote(person, safe="")
