#!/usr/bin/env python3
"""A second outside verifier, from RFC 6962 and the C2SP texts alone: no code of Evenhand's, none of Go's.

usage: check.py FOLDER VKEY [--proof FILE]

Computes every tile and the root from the entry bundles, compares them with what is on the disk, checks key ids and the signature (by
openssl), and, with --proof, one proof file: inclusion, and the payload against the commitment in the entry.
"""
import base64
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile


def unbase64(text):
    """Strict: one text for every value."""
    data = base64.b64decode(text, validate=True)
    assert base64.b64encode(data).decode() == text, "base64"
    return data


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(entry):
    return sha(b"\0" + entry)


def node(left, right):
    return sha(b"\1" + left + right)


def subtree(hashes):
    """MTH over hashes of equal height; their number is a power of two or any for a root."""
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node(subtree(hashes[:k]), subtree(hashes[k:]))


def tile_path(level, number, width):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def key_parts(vkey):
    name, key_id, key = vkey.strip().split("+", 2)
    raw = unbase64(key)
    assert sha(name.encode() + b"\n" + raw)[:4].hex() == key_id, "key id"
    return name, bytes.fromhex(key_id), raw


def signature_holds(public_key, text, signature):
    """Ed25519 by openssl: the 12 bytes before the key are its SubjectPublicKeyInfo header (RFC 8410)."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + public_key)
        (path / "text").write_bytes(text)
        (path / "signature").write_bytes(signature)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", path / "key", "-rawin", "-in", path / "text",
                               "-sigfile", path / "signature"], capture_output=True, check=False)
        return done.returncode == 0


def checkpoint_read(data, vkey):
    name, key_id, raw = key_parts(vkey)
    text, _, signatures = data.rpartition(b"\n\n")
    text += b"\n"
    held = False
    for line in signatures.decode().splitlines():
        dash, signer, value = line.split(" ")
        assert dash == "\u2014", line
        value = unbase64(value)
        if signer == name and value[:4] == key_id:
            held = signature_holds(raw[1:], text, value[4:])
    assert held, "the signature"
    origin, size, root = text.decode().splitlines()
    assert origin == name
    return int(size), unbase64(root)


def entries_of(folder, size):
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        data = (folder / tile_path("entries", number, width)).read_bytes()
        for _ in range(width):
            length = int.from_bytes(data[:2], "big")
            entry, data = data[2:2 + length], data[2 + length:]
            assert len(entry) == length
            yield entry
        assert not data


def included(hash_, index, size, proof):
    """The root that a proof leads to (RFC 9162, 2.1.3.2)."""
    assert 0 <= index < size
    at, last = index, size - 1
    for sibling in proof:
        assert last > 0
        if at & 1 or at == last:
            hash_ = node(sibling, hash_)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hash_ = node(hash_, sibling)
        at, last = at >> 1, last >> 1
    assert last == 0
    return hash_


def proof_check(data, vkey):
    head, _, checkpoint = data.partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    extra = json.loads(unbase64(lines[1].removeprefix("extra ")))
    assert set(extra) in ({"leaf"}, {"leaf", "salt", "payload"}), "extra"
    index = int(lines[2].removeprefix("index "))
    size, root = checkpoint_read(checkpoint, vkey)
    entry = unbase64(extra["leaf"])
    assert included(leaf(entry), index, size, [unbase64(line) for line in lines[3:]]) == root, "inclusion"
    record = json.loads(entry)
    if "payload" in extra:
        salt, payload = (unbase64(extra[key]) for key in ("salt", "payload"))
        assert len(salt) == 32 and sha(b"ra/decision/v1" + salt + payload).hex() == record["commitment"], "commitment"
        return payload.decode()
    return json.dumps(record.get("payload"))


def folder_check(folder, vkey):
    size, root = checkpoint_read((folder / "checkpoint").read_bytes(), vkey)
    hashes = [leaf(entry) for entry in entries_of(folder, size)]
    assert subtree(hashes) == root, "root"
    level, tiles = 0, 0
    while hashes:
        full = []
        for number in range((len(hashes) + 255) // 256):
            tile = hashes[number * 256:number * 256 + 256]
            assert (folder / tile_path(level, number, len(tile))).read_bytes() == b"".join(tile), (level, number)
            tiles += 1
            if len(tile) == 256:
                full.append(subtree(tile))
        level, hashes = level + 1, full
    return f"{size} entries and {tiles} tiles of {level} levels agree, root {base64.b64encode(root).decode()}"


def main(arguments):
    vkey = arguments[1]
    if len(arguments) == 4 and arguments[2] == "--proof":
        print(proof_check(pathlib.Path(arguments[3]).read_bytes(), vkey))
    else:
        print(folder_check(pathlib.Path(arguments[0]), vkey))


if __name__ == "__main__":
    main(sys.argv[1:])
