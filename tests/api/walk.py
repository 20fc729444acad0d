"""Goal: the commands of docs/api.md do what stands under them."""
import os
import re
import subprocess

from server import EVENHAND, SOURCE, Server


def blocks():
    """(command, expected lines) of every ```console block; the expected lines may hold ... for anything."""
    text = (SOURCE / "docs/api.md").read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            lines = part.splitlines()
            command = [lines.pop(0)]
            while command[-1].endswith("\\") or "\n".join(command).count("'") % 2 == 1:
                command.append(lines.pop(0))
            yield "\n".join(command), "\n".join(lines).strip()


def fits(expected, said):
    pattern = re.escape(expected).replace(re.escape("..."), ".*?")
    return re.fullmatch(pattern, said, re.S) is not None


def run():
    count = 0
    with Server(campaign=True) as server:
        environment = dict(os.environ, SERVER=f"http://127.0.0.1:{server.port}", KEY=server.token, PATH=os.path.dirname(EVENHAND) + ":" + os.environ["PATH"])
        for command, expected in blocks():
            done = subprocess.run(["bash", "-c", command], cwd=server.folder, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0 and fits(expected, done.stdout.strip()), f"$ {command}\n{done.stdout}{done.stderr}\nexpected:\n{expected}"
            count += 1
    assert count >= 8, count
