"""Goal: who has said no is asked by nobody any more, from the moment that the no was answered, whatever happens."""
import threading

from server import Server

QUESTIONS, THREADS = 1000, 8    # asked at once: 1,000 by eight clients


def ask_often(server, person, expected, failures):
    connection = server.connection()
    for _ in range(QUESTIONS // THREADS):
        status, _, answer = server.ask("GET", "/v1/preferences/" + person, connection=connection)
        if status != 200 or answer["ai"] is not expected:
            failures.append((status, answer))
    connection.close()


def ask_at_once(server, person, expected):
    failures = []
    threads = [threading.Thread(target=ask_often, args=(server, person, expected, failures)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def opt_out(server, person):
    status, _, answer = server.ask("POST", "/v1/consents", {"person": person, "acts": [{"kind": "withdrawal", "purpose": "ai"}]})
    assert status == 200 and answer["acts"][0]["effect"] == "changed", answer


def opt_in(server, person):
    act = {"kind": "consent", "purpose": "ai", "how": "switch on /choices", "wording": "Choose for me with AI.", "version": "1", "jurisdiction": "DE"}
    answer = server.ask("POST", "/v1/consents", {"person": person, "acts": [act]})
    assert answer[0] == 200, answer


def decide_at_once(server, person, offer):
    """Decisions for one person from eight clients: each says the same, and is on record."""
    failures = []

    def often():
        connection = server.connection()
        for _ in range(QUESTIONS // THREADS):
            status, _, answer = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": person}, connection=connection)
            if status != 201 or answer["offer"] != offer:
                failures.append((status, answer))
        connection.close()

    threads = [threading.Thread(target=often) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]


def decisions(server):
    """A no to the channel that was answered is in every decision after it; a decision that was answered is in the ledger, after a kill -9 too."""
    yes = {"kind": "consent", "purpose": "marketing", "channel": "email", "how": "form", "wording": "Yes.", "version": "d-1", "control": "tick", "jurisdiction": "DE"}
    assert server.ask("POST", "/v1/consents", {"person": "c1", "acts": [yes]})[0] == 200
    decide_at_once(server, "c1", "note")
    assert server.ask("POST", "/v1/consents", {"person": "c1", "acts": [{"kind": "withdrawal", "purpose": "marketing", "channel": "email"}]})[0] == 200
    decide_at_once(server, "c1", None)
    last = server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"})[2]
    server.kill()
    server.start()
    found = server.ask("GET", "/v1/decisions/" + last["decision"])
    assert found[0] == 200 and found[2]["person"] == "c1" and found[2]["offer"] is None, found
    again = [server.ask("POST", "/v1/decisions", {"campaign": "note", "person": "c1"}, Idempotency_Key="d-1")[2] for _ in range(2)]
    assert again[0] == again[1], again


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


def run():
    with Server(campaign=True) as server:
        decisions(server)
        opt_in(server, "p")
        ask_at_once(server, "p", True)
        opt_out(server, "p")
        ask_at_once(server, "p", False)
        while_others_write(server)
        for number in range(5):
            opt_in(server, f"k{number}")
            opt_out(server, f"k{number}")
            server.kill()
            server.start()
            assert server.ask("GET", f"/v1/preferences/k{number}")[2]["ai"] is False, number
        ask_at_once(server, "p", False)
        # One key, one feedback, also when the server dies between the question and its repetition.
        first = server.ask("POST", "/v1/feedback", {"kind": "unfair"}, Idempotency_Key="k")
        server.kill()
        server.start()
        assert server.ask("POST", "/v1/feedback", {"kind": "unfair"}, Idempotency_Key="k")[2] == first[2]
