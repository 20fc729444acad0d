"""Writes a header that says where files to be embedded are, and the SHA-256 of each as a content security policy wants it.

    describe.py OUTPUT PREFIX NAME=FILE...

A file that could end the element it is written into, or whose bytes a browser would change before hashing them, is refused here.
"""
import base64
import hashlib
import sys

FORBIDDEN = (b"</script", b"</style", b"<!--", b"\r", b"\0")


def main() -> int:
    output, prefix, named = sys.argv[1], sys.argv[2], [word.split("=", 1) for word in sys.argv[3:]]
    lines = ["/* Made by describe.py; do not edit. */"]
    for name, path in named:
        with open(path, "rb") as file:
            content = file.read()
        content.decode("utf-8")
        for bytes_ in FORBIDDEN:
            if bytes_ in content.lower():
                print(f"{path}: contains {bytes_!r}, which cannot stand inside an HTML element", file=sys.stderr)
                return 1
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        lines += [f'#define {prefix}_{name}_PATH "{quoted}"', f'#define {prefix}_{name}_SHA256 "{digest}"']
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
