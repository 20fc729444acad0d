"""Writes report_assets.h: where the embedded files are, and the SHA-256 of each as a content security policy wants it.

A file that could end the element it is written into, or whose bytes a browser would change before hashing them, is refused here.
"""
import base64
import hashlib
import sys

NAMES = ("ECHARTS", "PICO", "CSS", "JS")
FORBIDDEN = (b"</script", b"</style", b"<!--", b"\r", b"\0")


def main() -> int:
    output, paths = sys.argv[1], sys.argv[2:]
    lines = ["/* Made by describe.py; do not edit. */"]
    for name, path in zip(NAMES, paths, strict=True):
        with open(path, "rb") as file:
            content = file.read()
        content.decode("utf-8")
        for bytes_ in FORBIDDEN:
            if bytes_ in content.lower():
                print(f"{path}: contains {bytes_!r}, which cannot stand inside an HTML element", file=sys.stderr)
                return 1
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        lines += [f'#define EH_ASSET_{name}_PATH "{quoted}"', f'#define EH_ASSET_{name}_SHA256 "{digest}"']
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
