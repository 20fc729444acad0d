"""Goal: what is no request, no key, no JSON, too much or too slow is refused kindly, costs nobody else anything, and leaves no secret in a log."""
import resource
import socket

from server import Server

OPEN = 3000     # connections that say nothing


def send(connection, data):
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass    # the server has said no already


def raw(server, data, wait=True):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    send(connection, data)
    if not wait:
        return connection
    said = b""
    while chunk := connection.recv(65536):
        said += chunk
    connection.close()
    return said


WRONG_BODIES = (
    ('{"kind":"useful","kind":"creepy"}', "duplicate"),
    (b'{"kind":"use\xff"}', "JSON"),
    ('{"kind":"useful"', "line 1"),
    ('{"kind":"useful","wrods":"x"}', "did you mean 'words'"),
    ('{"kind":"Useful"}', "is not one of"),
    ('{"kind":"useful","words":null}', "null"),
    ('{"kind":"useful","words":9007199254740993}', "2^53"),
    ('{"kind":"useful","words":[1,18446744073709551616]}', "2^53"),
    ('{"words":"x"}', "'kind' is missing"),
    ('["useful"]', "object"),
    ('{"kind":"useful","words":"\\u0000"}', "JSON"),
    ("[" * 100 + "]" * 100, "deeper"),
    ("", "JSON"),
)


def bodies(server):
    for body, word in WRONG_BODIES:
        status, headers, answer = server.ask("POST", "/v1/feedback", body)
        assert status in (400, 413) and word in answer["detail"], (body, status, answer)
        assert headers["content-type"] == "application/problem+json" and answer["status"] == status
    assert server.ask("POST", "/v1/feedback", '{"kind":"useful"}', Content_Type="text/plain")[0] == 415
    assert server.ask("POST", "/v1/links", {"person": "a/b", "page": "why"})[0] == 400
    assert server.ask("POST", "/v1/links", {"person": "x" * 201, "page": "why"})[0] == 400
    assert server.ask("GET", "/v1/feedback?limit=201")[0] == 400
    assert "limit" in server.ask("GET", "/v1/feedback?limti=2")[2]["detail"]
    assert server.ask("GET", "/v1/feedback?limit=2&limit=3")[0] == 400
    assert server.ask("POST", "/v1/feedback", {"kind": "useful"}, Idempotency_Key="a b")[0] == 400
    assert server.ask("TRACE", "/v1/feedback")[1]["allow"] == "GET, HEAD, POST, OPTIONS"
    status, headers, answer = server.ask("OPTIONS", "/v1/feedback")
    assert status == 204 and headers["allow"] == "GET, HEAD, POST, OPTIONS" and answer == "", (status, headers)
    status, headers, answer = server.ask("PUT", "/v1/feedback", {})
    assert status == 405 and headers["allow"] == "GET, HEAD, POST, OPTIONS" and answer["status"] == 405, (status, headers)
    assert server.ask("OPTIONS", "/v1/nothing")[0] == 404
    assert server.ask("GET", "/v1/nothing")[0] == 404


def keys(server):
    path = "/v1/preferences/c1"
    reader = server.key("reader", "preferences:read,consents:read")
    slow = server.key("slow", "preferences", "--rate", "1")
    for wrong in (None, "", "Basic abc", "Bearer", "Bearer eh_", "Bearer " + server.token[:-1], "Bearer " + server.token + "x",
                  "Bearer " + server.token[:-1] + ("A" if server.token[-1] != "A" else "E"), server.token):
        status, headers, _ = server.ask("GET", path, Authorization=wrong)
        assert status == 401 and headers["www-authenticate"].startswith("Bearer"), wrong
    guesses = [server.ask("GET", path, Authorization=f"Bearer eh_{number:043d}")[0] for number in range(130)]
    assert set(guesses) == {401, 429} and guesses[-1] == 429, "who guesses is told to wait"
    wait_for_key(server, path, slow)
    assert server.ask("GET", path, Authorization="Bearer " + reader)[0] == 200
    status, _, answer = server.ask("PUT", path, {"ai": False}, Authorization="Bearer " + reader)
    assert status == 403 and "preferences" in answer["detail"], answer
    assert server.ask("GET", "/v1/metrics", Authorization="Bearer " + reader)[0] == 403
    answers = [server.ask("GET", path, Authorization="Bearer " + slow) for _ in range(6)]
    late = [headers for status, headers, _ in answers if status == 429]
    assert late and all(headers["retry-after"] == "1" for headers in late), "a key of one a second asked six times at once"
    assert server.ask("GET", path)[0] == 200, "and the others are served"
    server.run("keys", "api", "remove", "reader")
    for _ in range(20000):
        if server.ask("GET", path, Authorization="Bearer " + reader)[0] in (401, 429):
            return
    raise AssertionError("a removed key still opens")


def wait_for_key(server, path, token):
    """A new key is known within a second; asking is what passes the time."""
    for _ in range(20000):
        if server.ask("GET", path, Authorization="Bearer " + token)[0] == 200:
            return


def wires(server):
    get = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"
    too_long = raw(server, get + b"X: " + b"a" * 200000 + b"\r\n\r\n", wait=False)
    many = b"".join(b"X-%d: a\r\n" % number for number in range(150))
    assert raw(server, get + many + b"Connection: close\r\n\r\n").split(b" ")[1] == b"413"
    assert raw(server, b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"413"
    with too_long:
        try:
            assert too_long.recv(12) in (b"", b"HTTP/1.1 431", b"HTTP/1.1 413", b"HTTP/1.1 400")
        except ConnectionResetError:
            pass    # refused before it was read to its end
    with raw(server, b"\x16\x03\x01\x02\x00\x01\x00", wait=False):
        assert server.ask("GET", "/v1/health")[0] == 200
    assert raw(server, b"GET /v1/consents/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"400"
    assert raw(server, b"GET /v1/../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"400"


def slow_and_many(server):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(OPEN, hard - 200)
    halves = (b"", b"GET /v1/hea", b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{", b"GET / HTTP/1.1\r\nX-a: ")
    held = [raw(server, halves[number % 4], wait=False) for number in range(count)]
    for _ in range(20):
        assert server.ask("GET", "/v1/health")[0] == 200
        assert server.ask("POST", "/v1/feedback", {"kind": "useful"})[0] == 201
    for connection in held:
        connection.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def run():
    with Server() as server:
        bodies(server)
        wires(server)
        keys(server)
        slow_and_many(server)
        assert server.ask("GET", "/v1/health")[0] == 200
        assert server.ask("POST", "/v1/consents", {"person": "ida@example.org", "acts": [{"kind": "objection"}]})[0] == 200
        said = server.said()
        for secret in (server.token, "eh_", "ida@example.org", "bluefinch.key"):
            assert secret not in said, secret
        kept = (server.folder / ".evenhand/evenhand.db").read_bytes()
        assert server.token.encode() not in kept and server.token[3:].encode() not in kept
