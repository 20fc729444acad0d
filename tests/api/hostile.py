"""Goal: what is no request, no key, no JSON, too much or too slow is refused kindly, costs nobody else anything, and leaves no secret in a log."""
import re
import resource
import socket

from server import Server

OPEN = 10000    # connections that say nothing, or half of something


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
    ('{"kind":"useful","words":NaN}', "NaN"),
    ('{"kind":"useful","words":1e999}', "overflow"),
    ('{"kind":"useful",}', "JSON"),
    ('{"kind":"useful"}{}', "end of file"),
    (b'\xef\xbb\xbf{"kind":"useful"}', "column 1"),
    ('{"kind":"useful","words":"\\ud800"}', "Unicode"),
    ('{"kind":"useful","words":01}', "JSON"),
    ('{"k\\u0069nd":"useful","kind":"creepy"}', "duplicate"),
    ('{"kind":"useful","words":{"a":1,"a":2}}', "duplicate"),
    ('{"kind":"useful","words":"a\tb"}', "control character"),
    ('{"kind":"useful"}'.encode("utf-16"), "zero byte"),
    ('{"a":' * 5000 + "1" + "}" * 5000, "deeper"),
    ('{"kind":"useful","words":"' + "x" * 2000000 + '"}', "too long"),
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
    assert raw(server, b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"413"
    pieces = (b"fff0\r\n" + b"x" * 0xFFF0 + b"\r\n") * 40 + b"0\r\n\r\n"
    assert raw(server, b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + pieces).split(b" ")[1] == b"413"
    with too_long:
        try:
            assert too_long.recv(12) in (b"", b"HTTP/1.1 431", b"HTTP/1.1 413", b"HTTP/1.1 400")
        except ConnectionResetError:
            pass    # refused before it was read to its end
    with raw(server, b"\x16\x03\x01\x02\x00\x01\x00", wait=False):
        assert server.ask("GET", "/v1/health")[0] == 200
    assert raw(server, b"GET /v1/consents/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"400"
    assert raw(server, b"GET /v1/../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").split(b" ")[1] == b"400"


POST = b"POST /v1/feedback HTTP/1.1\r\nHost: x\r\n"
GET = b"GET /v1/health HTTP/1.1\r\nHost: x\r\n"
END = b"Connection: close\r\n\r\n"
NEXT = GET + END    # what a smuggled request would be


def path(text):
    return b"GET " + text + b" HTTP/1.1\r\nHost: x\r\n" + END


# What comes, and the statuses of the answers, in their order.
WIRES = (
    (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Content-Length: 0\r\nContent-Length: 60\r\n\r\n" + NEXT, (400,)),
    (POST + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd" + NEXT, (400,)),
    (POST + b"Content-Length: +4\r\n\r\nabcd" + NEXT, (400,)),
    (POST + b"Content-Length: -1\r\n\r\n" + NEXT, (400,)),
    (POST + b"Content-Length: 4, 4\r\n\r\nabcd" + NEXT, (400,)),
    (POST + b"Content-Length: 0x4\r\n\r\nabcd" + NEXT, (400,)),
    (POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + NEXT, (413,)),
    (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n" + NEXT, (400,)),
    (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n" + NEXT, (413,)),
    (b"GET /v1/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END, (400,)),
    (b"GET /v1/health HTTP/1.1\r\n" + END, (400,)),
    (GET + b"X: a\rb\r\n" + END, (400,)),
    (GET + b"X: a\x01b\r\n" + END, (400,)),
    (GET + b"X y: a\r\n" + END, (400,)),
    (GET + b"NoColon\r\n" + END, (400,)),
    (GET + b"\r\n" + GET + b"\r\n" + POST + b"Content-Length: 2\r\n\r\n{}" + GET + END, (200, 200, 401, 200)),    # pipelined, in order
    (path(b"http://mail.shop.example/v1/health"), (200,)),
    (path(b"http://mail.shop.example/v1/../v1/health"), (400,)),
    (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n" + END, (400,)),
    (path(b"//evil.example/v1/health"), (404,)),
    (path(b"/assets/%2e%2e/%2e%2e/etc/passwd"), (400,)),
    (path(b"/assets/..%2f..%2fetc%2fpasswd"), (400,)),
    (path(b"/assets/..%5c..%5cetc"), (400,)),
    (path(b"/assets/%252e%252e/x"), (404,)),
    (path(b"/assets/base.css%00.txt"), (400,)),
    (path(b"/look/../../.evenhand/keys/links.key"), (400,)),
    (path(b"/v1/consents/%c0%ae%c0%ae"), (400,)),
    (path(b"/assets/..%c0%af"), (400,)),
    (path(b"/v1/consents/%ed%a0%80"), (400,)),
    (path(b"/v1/consents/%f5%80%80%80"), (400,)),
    (path(b"/v1/nothing\xff"), (400,)),
    (path(b"/v1/health?a=%ff"), (400,)),
    (path(b"/" + b"a" * 20000), (414,)),
    (b"GET /v1/health\r\n\r\n", (400,)),
    (b"GET /v1/health HTTP/2.0\r\nHost: x\r\n" + END, (505,)),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (505,)),
    (b"get /v1/health HTTP/1.1\r\nHost: x\r\n" + END, (405,)),
    (b"GET /v1/feedback HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: DELETE\r\n" + END, (401,)),
    (POST + b"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n", (413,)),
)


def requests_of_strange_form(server):
    """One answer for one request, whatever two readers might make of it; nothing outside of the server's own paths."""
    for sent, expected in WIRES:
        said = raw(server, sent)
        statuses = tuple(int(status) for status in re.findall(rb"(?:^|\n)HTTP/1\.1 (\d{3}) ", said))
        if len(expected) == 1:    # libmicrohttpd 0.9.75 says the head of its own refusals twice, and closes
            statuses = statuses[:1] if len(set(statuses)) == 1 else statuses
        assert statuses == expected, (sent[:200], statuses, said[:400])
        assert b"root:" not in said and b"evil.example" not in said, said
    connection = raw(server, POST + b"Content-Length: 100\r\n\r\n{\"kind\"", wait=False)    # cut off in its body
    connection.close()
    assert server.ask("GET", "/v1/feedback")[2]["items"] == [], "half a body is none"
    said = raw(server, b"HEAD /v1/health HTTP/1.1\r\nHost: x\r\n" + END)
    assert said.startswith(b"HTTP/1.1 200") and said.endswith(b"\r\n\r\n") and b"Content-Length: " in said and b"Content-Length: 0" not in said, said


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
        requests_of_strange_form(server)
        keys(server)
        slow_and_many(server)
        assert server.ask("GET", "/v1/health")[0] == 200
        assert server.ask("POST", "/v1/consents", {"person": "ida@example.org", "acts": [{"kind": "objection"}]})[0] == 200
        said = server.said()
        for secret in (server.token, "eh_", "ida@example.org", "bluefinch.key"):
            assert secret not in said, secret
        kept = (server.folder / ".evenhand/evenhand.db").read_bytes()
        assert server.token.encode() not in kept and server.token[3:].encode() not in kept
