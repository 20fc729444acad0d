#!/usr/bin/env bash
# Holds a running server against its own document with Schemathesis (PyPI), in a private environment below build/. Needs the network the first time.
# usage: tests/api/schemathesis.sh [EVENHAND]      the figures of the last run stand in docs/benchmarks.md
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
evenhand=$(realpath "${1:-$root/build/meson/evenhand}")
venv=$root/build/schemathesis
[ -x "$venv/bin/schemathesis" ] || { python3 -m venv "$venv" && "$venv/bin/pip" install -q schemathesis==4.32.5; }
export EVENHAND=$evenhand EVENHAND_SOURCE=$root SCHEMATHESIS=$venv/bin/schemathesis
exec python3 - <<'PY'
import os, subprocess, sys
sys.path.insert(0, os.environ["EVENHAND_SOURCE"] + "/tests/api")
from server import Server
with Server(campaign=True) as server:
    sys.exit(subprocess.run([os.environ["SCHEMATHESIS"], "--config-file", os.environ["EVENHAND_SOURCE"] + "/tests/api/schemathesis.toml", "run",
                             f"http://127.0.0.1:{server.port}/v1/openapi.json", "-H", "Authorization: Bearer " + server.token, "--max-examples", "50",
                             "--seed", "1"], cwd=server.folder, check=False).returncode)
PY
