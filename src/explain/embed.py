"""Writes explain_messages.h: the message files of every language as texts of the program."""
import pathlib
import sys


def main() -> int:
    output, paths = sys.argv[1], [pathlib.Path(path) for path in sys.argv[2:]]
    lines = ["/* Made by embed.py; do not edit. */"]
    for path in paths:
        content = path.read_bytes()
        content.decode("utf-8")
        lines.append(f"static const unsigned char messages_{path.stem}[] = {{")
        lines += ["    " + ",".join(str(byte) for byte in content[at:at + 32]) + "," for at in range(0, len(content), 32)]
        lines.append("};")
    pathlib.Path(output).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
