"""Goal: the server as a process: one for a workspace, stopped cleanly, a taken port told, no privileges kept, a unit for systemd that says what it should."""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from server import EVENHAND, SOURCE, Server

USER = "nobody"
EXPOSURE_MAX = 15    # tenths, of `systemd-analyze security`


def serve(folder, *more):
    return subprocess.run([EVENHAND, "serve", "--workspace", folder, *more], capture_output=True, text=True, check=False, timeout=60)


def one_server(server):
    """A second one of the same workspace ends at once and says why; the first goes on. One of another workspace is told that the port is taken."""
    second = serve(server.folder, "--listen", "0")
    assert second.returncode == 2 and second.stdout == "" and f"is served already, by process {server.process.pid}" in second.stderr, second
    with Server() as other:
        other.stop()
        third = serve(other.folder, "--listen", str(server.port))
        assert third.returncode == 2 and "choose another port with --listen" in third.stderr, third
    assert server.ask("GET", "/v1/health")[0] == 200


def stops(server):
    """Ctrl-C, SIGTERM and SIGHUP end it with 0 and without a word, idle connections or not; after kill -9 the workspace is free too."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        held = server.connection()
        held.connect()
        used = server.connection()
        assert server.ask("GET", "/v1/health", connection=used)[0] == 200
        server.process.send_signal(number)
        assert server.process.wait(timeout=60) == 0, (number, server.said())
        server.process.stdout.close()
        held.close()
        used.close()
        server.start()
    assert server.said() == "", server.said()
    server.kill()
    server.start()
    assert server.ask("GET", "/v1/health")[0] == 200


def status_of(server):
    text = pathlib.Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def no_privileges():
    """Started as root with --user: all four ids, the groups, no capability, no way back; and it serves."""
    if os.geteuid() != 0:
        print("not root: giving up privileges is not tried")
        return
    user = pwd.getpwnam(USER)
    with Server() as server:
        server.stop()
        for place in (server.folder, *server.folder.rglob("*")):
            os.chown(place, user.pw_uid, user.pw_gid)
        os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"    # which needs what was given up
        server.start("--user", USER)
        status = status_of(server)
        assert status["Uid"].split() == [str(user.pw_uid)] * 4 and status["Gid"].split() == [str(user.pw_gid)] * 4, status
        assert "0" not in status["Groups"].split() and int(status["CapEff"], 16) == 0 and int(status["CapPrm"], 16) == 0 and status["NoNewPrivs"] == "1", status
        assert server.ask("POST", "/v1/consents", {"person": "c1", "acts": [{"kind": "withdrawal", "purpose": "ai"}]})[0] == 200
        for folder, folders, files in os.walk(server.folder / ".evenhand"):
            for place in (pathlib.Path(folder) / name for name in folders + files):
                with contextlib.suppress(FileNotFoundError):    # the ledger writes beside this, and renames
                    assert place.stat().st_uid == user.pw_uid, place
        for name, word in (("nobody-of-this-name", "knows no user"), ("root", "gives nothing up")):
            refused = serve(server.folder, "--listen", "0", "--user", name)
            assert refused.returncode == 2 and word in refused.stderr, refused


def unit():
    """contrib/evenhand.service is a unit without a fault, and systemd finds it little exposed."""
    text = (SOURCE / "contrib/evenhand.service").read_text(encoding="utf-8")
    for line in ("NoNewPrivileges=yes", "CapabilityBoundingSet=", "ProtectSystem=strict", "MemoryDenyWriteExecute=yes", "IPAddressDeny=any", "UMask=0077"):
        assert line in text.splitlines(), line
    if shutil.which("systemd-analyze") is None:
        print("systemd-analyze is not there: the unit is not verified")
        return
    with tempfile.TemporaryDirectory() as folder:
        # the program and its manual are not installed here
        there = pathlib.Path(folder) / "evenhand.service"
        there.write_text("".join(line + "\n" for line in text.replace("/usr/local/bin/evenhand", "/bin/true").splitlines() if not line.startswith("Documentation=")),
                         encoding="utf-8")
        done = subprocess.run(["systemd-analyze", "verify", there], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager", there], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-600:]


def run():
    with Server() as server:
        one_server(server)
        stops(server)
    no_privileges()
    unit()
