"""The table of bench/policy --peer from lines of "who, condition, ns, true" with tabs. Ends with 1 where two answer differently."""
import sys

WHO = ("here", "cel-js", "cel-go", "opa")


def main(path):
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            who, condition, nanoseconds, true = line.rstrip("\n").split("\t")
            found.setdefault(condition, {})[who] = (float(nanoseconds), int(true))
    print("| condition | here, ns | cel-js, ns | cel-go, ns | OPA, ns |\n|---|---:|---:|---:|---:|")
    for condition, by in found.items():
        if len({true for _, true in by.values()}) > 1:
            sys.exit(f"{condition}: not the same answers: {by}")
        shown = " | ".join(f"{by[who][0]:,.0f}" if who in by else "" for who in WHO)
        print("| " + condition.replace("|", "\\|") + f" | {shown} |")


main(sys.argv[1])
