"""Goal: the example of a client in C compiles without a warning and does what it says."""
import os
import pathlib
import subprocess
import tempfile

from server import SOURCE, Server


def run():
    with tempfile.TemporaryDirectory() as folder, Server() as server:
        program = pathlib.Path(folder) / "client"
        compiler = os.environ.get("CC", "cc").split()
        subprocess.run([*compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE / "examples/client.c"], check=True)
        environment = dict(os.environ, EVENHAND_KEY=server.token)
        done = subprocess.run([program, "127.0.0.1", str(server.port), "c1"], env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == ["c1: AI is off for this person", "c1: it is recorded, and a second time changes nothing"], done.stdout
        wrong = subprocess.run([program, "127.0.0.1", str(server.port), "c1"], env=dict(environment, EVENHAND_KEY="eh_no"), capture_output=True, text=True, check=False)
        assert wrong.returncode == 1 and "401" in wrong.stderr, wrong.stderr
