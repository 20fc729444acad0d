// An outside verifier: golang.org/x/mod/sumdb/{note,tlog}, and no code of Evenhand's.
//
//	check FOLDER VKEY [SEED]
//
// FOLDER is a public folder. Checks the signature of the checkpoint, every entry against the level-0 tiles, an inclusion proof of every
// entry and 1,000 consistency proofs (chosen by SEED), all from the tiles on the disk, and prints what it did.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder struct {
	path  string
	tiles map[string][]byte
}

func (f *folder) Height() int { return 8 }

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

// x/mod says tile/8/<L>/..., the C2SP formats tile/<L>/...
func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, ok := f.tiles[name]
		if !ok {
			var err error
			if data, err = os.ReadFile(filepath.Join(f.path, name)); err != nil {
				return nil, err
			}
			f.tiles[name] = data
		}
		all = append(all, data)
	}
	return all, nil
}

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
	os.Exit(1)
}

func must[T any](value T, err error) T {
	if err != nil {
		fail("%v", err)
	}
	return value
}

func bundles(path string, size int64) [][]byte {
	var entries [][]byte
	for n := int64(0); int64(len(entries)) < size; n++ {
		width := int(size - n*256)
		if width > 256 {
			width = 256
		}
		tile := tlog.Tile{H: 8, L: 0, N: n, W: width}
		name := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		data := must(os.ReadFile(filepath.Join(path, name)))
		for i := 0; i < width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				fail("%s: entry %d is cut", name, i)
			}
			length := int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) > 0 {
			fail("%s: %d bytes too many", name, len(data))
		}
	}
	return entries
}

func main() {
	path, vkey := os.Args[1], strings.TrimSpace(os.Args[2])
	seed := int64(1)
	if len(os.Args) > 3 {
		seed = must(strconv.ParseInt(os.Args[3], 10, 64))
	}
	verifier := must(note.NewVerifier(vkey))
	signed := must(note.Open(must(os.ReadFile(filepath.Join(path, "checkpoint"))), note.VerifierList(verifier)))
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("the checkpoint is not three lines of %s", verifier.Name())
	}
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
	reader := tlog.TileHashReader(tree, &folder{path, map[string][]byte{}})

	entries := bundles(path, tree.N)
	for i, entry := range entries {
		leaf := tlog.RecordHash(entry)
		proof := must(tlog.ProveRecord(tree.N, int64(i), reader))
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), leaf); err != nil {
			fail("entry %d: %v", i, err)
		}
	}
	random := rand.New(rand.NewSource(seed))
	growths := 0
	for ; growths < 1000 && tree.N > 0; growths++ {
		old := 1 + random.Int63n(tree.N)
		hash := must(tlog.TreeHash(old, reader))
		proof := must(tlog.ProveTree(tree.N, old, reader))
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, hash); err != nil {
			fail("growth from %d: %v", old, err)
		}
	}
	fmt.Printf("%d entries included, %d growths consistent, root %s, signed by %s\n", len(entries), growths, lines[2], verifier.Name())
}
