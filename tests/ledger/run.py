#!/usr/bin/env python3
"""What the ledger writes, checked from outside: by Go's sumdb packages, by a verifier in Python, by bent proofs and flipped bits.

usage: run.py leaves | command | hostile | flips [COUNT [SEED]]     leaves --every: Go makes and checks a proof of every single entry

$EVENHAND is the program, $MAKE_LOG the helper that fills logs. Without Go and golang-golang-x-mod-dev the Go verifier is passed over,
and that is said.
"""
import base64
import contextlib
import functools
import http.server
import io
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import check  # noqa: E402

PROGRAM = os.path.abspath(os.environ["EVENHAND"])
MAKE_LOG = os.path.abspath(os.environ["MAKE_LOG"])
GOPATH = pathlib.Path("/usr/share/gocode")
ROOTS = {  # three independent programs agree on these (entries "leaf <i>")
    255: "1xWSohnUBnZj7t4kf5tUw/ngKQaC1V3gm0lbB/HeQck=", 256: "z17/2xHQknou31Ow5zx4N/ZZQU4AU32l2Q61xMSf8nQ=",
    257: "hVuTaqAMuYtRFEhCSa0514pr6TYj4mwB6OSH3AIYSlo=", 65536: "4QC6VNaakQEvwTt4kP6seNaZaglyaLb3NdFzEcdAKmA=",
    70000: "2gUy/3su5W9AZxEPyWTp8ntZWflSe//z+lAap1hN6vM="}


def run(*words, status=0, text=None):
    done = subprocess.run([PROGRAM, *map(str, words)], input=text, capture_output=True, text=True, timeout=300, check=False)
    if status is not None and done.returncode != status:
        sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done


def go_programs():
    """Debian's Go, and a newer one where there is one: the verifier must pass with either."""
    if not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        return []
    return [go for go in ("/usr/bin/go", "/usr/local/go/bin/go") if os.access(go, os.X_OK)][:1 if "--one-go" in sys.argv else 2]


def go_build(go, folder):
    program = pathlib.Path(folder) / f"check{go.replace('/', '-')}"
    if program.exists():
        return program
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": f"{folder}/cache", "GOFLAGS": "", "GOTOOLCHAIN": "local"}
    source = pathlib.Path(folder) / "check.go"
    shutil.copy(HERE / "check.go", source)
    done = subprocess.run([go, "build", "-o", program, source], env=environment, capture_output=True, text=True, check=False)
    return program if done.returncode == 0 else sys.exit(f"{go} cannot build the verifier:\n{done.stderr}")


def outside(public, folder, vkey=None):
    """Both outside verifiers over a public folder."""
    vkey = vkey or (public / "vkey").read_text()
    print(f"  Python: {check.folder_check(public, vkey)}")
    programs = go_programs()
    if not programs:
        print("  Go: passed over, golang-go or golang-golang-x-mod-dev is not installed")
    for go in programs:
        every = ["--every"] if "--every" in sys.argv else []
        done = subprocess.run([go_build(go, folder), public, vkey.strip(), *every], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{go}: {done.stderr}")
        print(f"  Go ({go}): {done.stdout.strip()}")


@contextlib.contextmanager
def served(public):
    """Any web server will do: the address of one for this folder."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=public)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def outside_by_address(public, folder):
    for go in go_programs():
        with served(public) as address:
            done = subprocess.run([go_build(go, folder), address, (public / "vkey").read_text().strip()], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{go}, from a web server: {done.stderr}")
        print(f"  Go ({go}), from a web server: {done.stdout.strip()}")


def leaves(folder):
    """Logs of known roots, with partial tiles at every level, and one of the ledger's own."""
    for count, root in ROOTS.items():
        public = folder / str(count)
        subprocess.run([MAKE_LOG, "raw", public, str(count)], check=True)
        found = (public / "checkpoint").read_text().split("\n")[2]
        if found != root:
            sys.exit(f"{count} leaves: root {found}, expected {root}")
        if count < 300:
            check.folder_check(public, (public / "vkey").read_text())
    widths = [(folder / "70000" / path).stat().st_size for path in ("tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1")]
    if widths != [112 * 32, 17 * 32, 32]:
        sys.exit(f"70000 leaves: partial tiles of {widths} bytes")
    outside(folder / "70000", folder)
    for count in (1, 2, 255, 256, 257):  # where a tile is not full, just full, and one more
        own = folder / f"own-{count}"
        subprocess.run([MAKE_LOG, "real", own, str(count)], check=True)
        outside(own / ".evenhand/ledger/public", folder)
    real = folder / "real"
    subprocess.run([MAKE_LOG, "real", real, "1300"], check=True)
    outside(real / ".evenhand/ledger/public", folder)
    outside_by_address(real / ".evenhand/ledger/public", folder)
    run("ledger", "verify", "--workspace", real)


def backups(folder, here):
    """Copied while in use, put back into the same and another folder; what was erased stays erased, a ledger never goes back."""
    run("backup", folder / "state.backup", "--keys", folder / "keys.backup", *here)
    run("backup", folder / "state.backup", *here, status=2)
    run("restore", folder / "state.backup", *here)
    fresh = ("--workspace", folder / "fresh")
    (folder / "fresh").mkdir()
    run("restore", folder / "state.backup", *fresh)
    if '"opened": 0' not in run("ledger", "verify", "--format", "json", *fresh).stdout:
        sys.exit("a copy without keys opens what is sealed")
    run("restore", "--keys", folder / "keys.backup", *fresh)
    run("ledger", "append", "--kind", "policy", *fresh, text='{"version":4}\n')
    run("ledger", "verify", *fresh)
    run("store", "check", *fresh)
    run("backup", folder / "longer.backup", *fresh)
    run("restore", folder / "longer.backup", *here, status=2)  # the ledger here does not go on from that one
    damaged = bytearray((folder / "state.backup").read_bytes())
    at = damaged.index(b'"kind":"policy"')
    damaged[at + 9] ^= 1
    (folder / "damaged.backup").write_bytes(damaged)
    (folder / "third").mkdir()
    if "damaged" not in run("restore", folder / "damaged.backup", "--workspace", folder / "third", status=2).stderr:
        sys.exit("a damaged backup is not named")


def copies_apart(folder, here):
    """A ledger and keys that were copied at different moments: whom they disagree about was erased, or the keys are too old."""
    run("backup", folder / "early", "--keys", folder / "early.keys", *here)
    run("ledger", "append", "--kind", "decision", "--person", "new@shop.example", *here, text='{"offer":"c"}\n')
    run("ledger", "append", "--kind", "decision", "--person", "gone@shop.example", *here, text='{"offer":"d"}\n')
    run("backup", folder / "late", *here)
    run("ledger", "erase", "--person", "gone@shop.example", *here)
    run("backup", "--keys", folder / "late.keys", *here)
    for keys, said, missing in (("late.keys", "erased between the two copies: 1", '"missing": 0'), ("early.keys", "older than the ledger: 2", '"missing": 2')):
        place = folder / f"with-{keys}"
        place.mkdir()
        run("restore", folder / "late", "--workspace", place)
        if said not in run("restore", "--keys", folder / keys, "--workspace", place).stdout:
            sys.exit(f"restore with {keys} does not say: {said}")
        run("ledger", "append", "--kind", "policy", "--workspace", place, text='{"version":5}\n')
        if missing not in run("ledger", "verify", "--format", "json", "--workspace", place, status=None).stdout:
            sys.exit(f"verify with {keys} does not say {missing}")


def command(folder):
    """The commands in a row, as a shop uses them."""
    public = folder / ".evenhand/ledger/public"
    here = ("--workspace", folder)
    run("keys", "make", "--name", "shop.example/ledger", *here)
    ids = run("ledger", "append", "--kind", "decision", "--person", "ann@shop.example", "--clear", '{"policy":"3f"}', *here,
              text='{"offer":"a"}\n{"offer":"b"}\n').stdout.split()
    ids += run("ledger", "append", "--kind", "policy", *here, text='{"version":3}\n').stdout.split()
    old_key = (public / "vkey").read_text()
    (folder / "old").write_bytes((public / "checkpoint").read_bytes())
    proofs = []
    for number, entry in enumerate(ids):
        proofs.append(folder / f"{number}.tlog-proof")
        run("ledger", "prove", entry, "--output", proofs[-1], *here)
        payload = check.proof_check(proofs[-1].read_bytes(), old_key)
        if payload.replace(" ", "") != ['{"offer":"a"}', '{"offer":"b"}', '{"version":3}'][number]:
            sys.exit(f"the proof of entry {number} holds {payload}")
        run("ledger", "verify-proof", proofs[-1], "--vkey", old_key.strip())
        run("ledger", "verify-proof", proofs[-1], "--vkey", public / "vkey")
    if run("ledger", "show", ids[0], *here).stdout.count("ann@") or '"clear":{"policy":"3f"}' not in run("ledger", "show", 0, *here).stdout:
        sys.exit("show does not show the entry")
    run("ledger", "erase", "--person", "ann@shop.example", *here)
    run("ledger", "verify-proof", proofs[0], "--vkey", old_key.strip())  # who has a proof keeps it
    if '"state":"erased"' not in run("ledger", "show", ids[0], *here).stdout:
        sys.exit("the entry is not erased")
    run("keys", "rotate", *here)
    run("keys", "rotate", *here, status=2)
    outside(public, folder, old_key)  # the old key still holds
    outside(public, folder)  # and the new one
    run("keys", "rotate", "--finish", *here)
    outside(public, folder)
    run("ledger", "verify", "--since", folder / "old", *here)
    run("ledger", "verify", "--public", *here)
    run("ledger", "prove", "--since", folder / "old", *here)
    (folder / "other").mkdir()
    run("keys", "make", "--name", "other.example/ledger", "--workspace", folder / "other")
    run("ledger", "verify", "--since", folder / "old", "--workspace", folder / "other", status=1)
    run("ledger", "verify", "--since", "nowhere", *here, status=2)
    backups(folder, here)
    stats = run("ledger", "stats", "--format", "json", *here).stdout
    if '"size": 6' not in stats or '"erased_people": 1' not in stats:
        sys.exit(f"stats: {stats}")
    copies_apart(folder, here)


def bend(proof, chance):
    """One way to bend a proof file so that it must not hold."""
    lines = proof.split(b"\n")
    way = chance.randrange(9)
    at = chance.randrange(3, lines.index(b""))
    if way == 0:
        position = chance.randrange(len(proof))
        return proof[:position] + bytes([proof[position] ^ 1 << chance.randrange(8)]) + proof[position + 1:]
    if way == 1:
        del lines[at]
    elif way == 2:
        lines.insert(at, lines[at])
    elif way == 3:
        lines.insert(at, base64.b64encode(chance.randbytes(32)))
    elif way == 4:
        lines[at], lines[3] = base64.b64encode(chance.randbytes(32)), lines[3]
    elif way == 5:
        lines[2] = b"index %d" % (int(lines[2][6:]) + chance.choice((-1, 1, 256, 1 << 63)))
    elif way == 6:
        extra = base64.b64decode(lines[1][6:])
        position = chance.randrange(12, len(extra) - 12)
        extra = extra[:position] + (b"B" if extra[position:position + 1] == b"A" else b"A") + extra[position + 1:]
        lines[1] = b"extra " + base64.b64encode(extra)
    elif way == 7:
        size = lines.index(b"") + 2
        lines[size] = b"%d" % (int(lines[size]) + chance.choice((-1, 1, 1000)))
    else:
        return proof[:chance.randrange(len(proof) - 1)]
    return b"\n".join(lines)


def hostile(folder, count, seed):
    """Bent proofs: none may hold, here or in Python, and none may end in anything but a refusal."""
    chance = random.Random(seed)
    workspace = folder / "workspace"
    subprocess.run([MAKE_LOG, "real", workspace, "700"], check=True)
    public = workspace / ".evenhand/ledger/public"
    vkey = (public / "vkey").read_text()
    good = [run("ledger", "prove", index, "--workspace", workspace).stdout.encode() for index in (1, 255, 256, 699)]
    tried = 0
    while tried < count:
        proof = chance.choice(good)
        bent = bend(proof, chance)
        if bent == proof:
            continue
        tried += 1
        (folder / "bent").write_bytes(bent)
        done = run("ledger", "verify-proof", folder / "bent", "--vkey", vkey.strip(), status=None)
        if done.returncode not in (1, 2) or done.stdout or not done.stderr.startswith("evenhand ledger verify-proof: "):
            # only what changes nothing of what is proven may hold: a letter in a signature of somebody else, or spare bits
            sys.exit(f"a bent proof ended in status {done.returncode}: {done.stdout}{done.stderr}")
        held = False
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            check.proof_check(bent, vkey)
            held = True
        if held:
            sys.exit(f"a bent proof holds in Python: {bent!r}, was {proof!r}, here: {done.stderr}")
    print(f"  {tried} bent proofs refused")


def flips(folder, count, seed):
    """One bit anywhere below the ledger and its keys: found and its file named, or (dead bytes of a database) without any effect."""
    chance = random.Random(seed)
    workspace = folder / "workspace"
    subprocess.run([MAKE_LOG, "real", workspace, "900"], check=True)
    run("ledger", "erase", "--person", "customer 3", "--workspace", workspace)
    state = workspace / ".evenhand"
    files = sorted(path for path in state.rglob("*") if path.is_file() and path.stat().st_size > 0 and path.suffix != ".db-shm")
    well = run("ledger", "verify", "--format", "json", "--workspace", workspace).stdout
    named = dead = 0
    for _ in range(count):
        path = chance.choice(files)
        before = path.read_bytes()
        position = chance.randrange(len(before))
        path.write_bytes(before[:position] + bytes([before[position] ^ 1 << chance.randrange(8)]) + before[position + 1:])
        done = run("ledger", "verify", "--format", "json", "--workspace", workspace, status=None)
        path.write_bytes(before)
        for side in ("-wal", "-shm"):
            pathlib.Path(f"{path}{side}").unlink(missing_ok=True)
        if done.returncode == 0 and path.suffix == ".db" and done.stdout == well:
            dead += 1
            continue
        name = path.name if path.parent == state / "keys" else str(path.relative_to(state / "ledger")).removeprefix("public/")
        if done.returncode not in (1, 2) or name not in done.stdout + done.stderr:
            # entries are found by the root when a bit in a bundle changes: then the tile or the bundle is named
            if done.returncode == 1 and name.startswith("tile/entries/") and re.search(r"tile/0/|checkpoint|entries", done.stdout):
                named += 1
                continue
            if done.returncode in (1, 2) and name in ("vkey", "vkeys", "checkpoint"):
                named += 1  # a wrong key shows as a wrong signature, and the other way round
                continue
            sys.exit(f"a bit of byte {position} of {path}: status {done.returncode}\n{done.stdout}{done.stderr}")
        named += 1
    print(f"  {named} flipped bits found and named, {dead} in dead bytes of a database, without effect")


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    name, numbers = words[0], [int(word) for word in words[1:]]
    with tempfile.TemporaryDirectory(prefix="evenhand-ledger-") as folder:
        if name in ("hostile", "flips"):
            count, seed = (numbers + [200 if name == "hostile" else 60, 1][len(numbers):])[:2]
            {"hostile": hostile, "flips": flips}[name](pathlib.Path(folder), count, seed)
        else:
            {"leaves": leaves, "command": command}[name](pathlib.Path(folder))
    print(f"ledger {name}: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
