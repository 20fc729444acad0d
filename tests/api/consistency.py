"""Goal: who has said no is asked by nobody any more, from the moment that the no was answered, whatever happens."""
import json
import resource
import socket
import threading

from server import Server

QUESTIONS = 1000    # all under way at once, each on a connection of its own


class Crowd:
    """Connections that are open already, so that all can ask in the moment after a no was answered."""

    def __init__(self, server, count=QUESTIONS):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, count + 500)), hard))
        self.token = server.token
        self.connections = [socket.create_connection(("127.0.0.1", server.port), timeout=60) for _ in range(count)]

    def ask(self, method, path, body=None):
        """Everybody asks before anybody listens; status and value of each answer."""
        text = b"" if body is None else json.dumps(body).encode()
        sent = (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n").encode() + text
        for connection in self.connections:
            connection.sendall(sent)
        answers = [self.answer(connection) for connection in self.connections]
        self.connections = []
        return answers

    @staticmethod
    def answer(connection):
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
        connection.close()
        head, _, text = said.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), json.loads(text)


def prefer_at_once(crowd, person, expected):
    wrong = [answer for answer in crowd.ask("GET", "/v1/preferences/" + person) if answer[0] != 200 or answer[1]["ai"] is not expected]
    assert not wrong, (len(wrong), wrong[:3])


def decide_at_once(crowd, person, offer, ai=None):
    """Each says the same, with an entry of the ledger of its own."""
    answers = crowd.ask("POST", "/v1/decisions", {"campaign": "note", "person": person})
    wrong = [answer for answer in answers if answer[0] != 201 or answer[1]["offer"] != offer or (ai is not None and answer[1]["ai"] is not ai)]
    assert not wrong, (len(wrong), wrong[:3])
    assert len({answer["decision"] for _, answer in answers}) == QUESTIONS
    return [answer["decision"] for _, answer in answers]


def opt_out(server, person):
    status, _, answer = server.ask("POST", "/v1/consents", {"person": person, "acts": [{"kind": "withdrawal", "purpose": "ai"}]})
    assert status == 200 and answer["acts"][0]["effect"] == "changed", answer


def opt_in(server, person):
    act = {"kind": "consent", "purpose": "ai", "how": "switch on /choices", "wording": "Choose for me with AI.", "version": "1", "jurisdiction": "DE"}
    answer = server.ask("POST", "/v1/consents", {"person": person, "acts": [act]})
    assert answer[0] == 200, answer


def email(server, person, kind, how="form"):
    """Times are whole seconds, and the same act of the same second is one act: a yes said again names another place."""
    act = {"kind": kind, "purpose": "marketing", "channel": "email"}
    if kind == "consent":
        act.update(how=how, wording="Yes.", version="d-1", control="tick", jurisdiction="DE")
    assert server.ask("POST", "/v1/consents", {"person": person, "acts": [act]})[0] == 200


def decisions(server):
    """A no that was answered is in a thousand decisions at once after it, after a kill -9 too; a decision that was answered is in the ledger."""
    email(server, "c1", "consent")
    assert server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"})[0] == 201    # the desk is open
    decide_at_once(Crowd(server), "c1", "note")
    crowd = Crowd(server)
    email(server, "c1", "withdrawal")
    last = decide_at_once(crowd, "c1", None)[-1]
    email(server, "c2", "consent")
    opt_in(server, "c2")
    assert server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c2"})[2]["offer"] == "note"
    email(server, "c2", "withdrawal")
    server.kill()
    server.start()
    found = server.ask("GET", "/v1/decisions/" + last)
    assert found[0] == 200 and found[2]["person"] == "c1" and found[2]["offer"] is None, found
    decide_at_once(Crowd(server), "c2", None)
    again = [server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"}, Idempotency_Key="d-1")[2] for _ in range(2)]
    assert again[0] == again[1], again


def ai_switch(server):
    """The switch that turns AI off, the same way: nobody is scored after it."""
    email(server, "c1", "consent", how="form on /again")
    opt_in(server, "c1")
    decide_at_once(Crowd(server), "c1", "note")
    crowd = Crowd(server)
    opt_out(server, "c1")
    prefer_at_once(crowd, "c1", False)
    opt_in(server, "k")
    opt_out(server, "k")
    server.kill()
    server.start()
    prefer_at_once(Crowd(server), "k", False)


def while_others_write(server):
    """Opt-outs among the writes of others, in one commit with them: each is seen by its own next question."""
    failures = []

    def one(number):
        person = f"w{number}"
        opt_in(server, person)
        opt_out(server, person)
        if server.ask("GET", "/v1/preferences/" + person)[2]["ai"]:
            failures.append(person)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def caps(server):
    """A thousand ask at once for one person, whom the cap lets have two messages: two get the offer, whoever else asks too."""
    for person, others in (("c3", ()), ("c4", ("c5", "c6", "c7"))):
        for one in (person, *others):
            email(server, one, "consent")
        assert server.ask("POST", "/v1/decisions", {"campaign": "capped", "person": "c8"})[0] == 201    # the desk is open
        aside = [threading.Thread(target=server.ask, args=("POST", "/v1/decisions", {"campaign": "capped", "person": other})) for other in others * 5]
        for thread in aside:
            thread.start()
        answers = Crowd(server).ask("POST", "/v1/decisions", {"campaign": "capped", "person": person})
        for thread in aside:
            thread.join()
        assert {status for status, _ in answers} == {201}, answers[:3]
        offers = [answer["offer"] for _, answer in answers if answer["offer"] is not None]
        assert len(offers) == 2, len(offers)
        assert {answer["stage"] for _, answer in answers if answer["offer"] is None} == {"caps"}
    for other in ("c5", "c6", "c7"):
        assert server.ask("POST", "/v1/decisions", {"campaign": "capped", "person": other})[2]["stage"] == "caps", other


def run():
    limited = Server(campaign=True, people=9)
    limited.release("capped", "caps: [{ messages: 2, within: 7 days }]\n")
    with limited as server:
        caps(server)
    with Server(campaign=True) as server:
        decisions(server)
        ai_switch(server)
        opt_in(server, "p")
        crowd = Crowd(server)
        prefer_at_once(Crowd(server), "p", True)
        opt_out(server, "p")
        prefer_at_once(crowd, "p", False)
        while_others_write(server)
        for number in range(5):
            opt_in(server, f"k{number}")
            opt_out(server, f"k{number}")
            server.kill()
            server.start()
            assert server.ask("GET", f"/v1/preferences/k{number}")[2]["ai"] is False, number
        prefer_at_once(Crowd(server), "p", False)
        # One key, one feedback, also when the server dies between the question and its repetition.
        first = server.ask("POST", "/v1/feedback", {"kind": "unfair"}, Idempotency_Key="k")
        server.kill()
        server.start()
        assert server.ask("POST", "/v1/feedback", {"kind": "unfair"}, Idempotency_Key="k")[2] == first[2]
