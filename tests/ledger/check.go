// An outside verifier: golang.org/x/mod/sumdb/{note,tlog}, and no code of Evenhand's.
//
//	check FOLDER|ADDRESS VKEY [--every]
//
// A public folder, on the disk or as a web server gives it (http://...). Checks the signature of the checkpoint, every entry against the
// root through the tiles, proofs of about a thousand single entries (--every: of all) and 1,000 consistency proofs, and prints what it did.
package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand"
	"net/http"
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
			if data, err = get(f.path, name); err != nil {
				return nil, err
			}
			f.tiles[name] = data
		}
		all = append(all, data)
	}
	return all, nil
}

// A file of the log, by its path or by its address.
func get(place, name string) ([]byte, error) {
	if !strings.HasPrefix(place, "http://") {
		return os.ReadFile(filepath.Join(place, name))
	}
	answer, err := http.Get(strings.TrimSuffix(place, "/") + "/" + name)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(answer.Body)
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
		data := must(get(path, name))
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

// Every entry is the leaf that the signed root fixes: TileHashReader checks each tile up to the root before it gives a hash out of it.
func included(entries [][]byte, tree tlog.Tree, reader tlog.HashReader) {
	for first := 0; first < len(entries); first += 256 {
		block := entries[first:min(first+256, len(entries))]
		indexes := make([]int64, len(block))
		for i := range block {
			indexes[i] = tlog.StoredHashIndex(0, int64(first+i))
		}
		for i, hash := range must(reader.ReadHashes(indexes)) {
			if hash != tlog.RecordHash(block[i]) {
				fail("entry %d is not the leaf of the tree", first+i)
			}
		}
	}
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// Proofs of single entries are made and checked for about a thousand of them, spread evenly, or for all.
func step(count int, every bool) int {
	if every || count < 2000 {
		return 1
	}
	return count / 1000
}

func main() {
	path, vkey := os.Args[1], strings.TrimSpace(os.Args[2])
	every := len(os.Args) > 3 && os.Args[3] == "--every"
	verifier := must(note.NewVerifier(vkey))
	signed := must(note.Open(must(get(path, "checkpoint")), note.VerifierList(verifier)))
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("the checkpoint is not three lines of %s", verifier.Name())
	}
	tree := tlog.Tree{N: must(strconv.ParseInt(lines[1], 10, 64)), Hash: must(tlog.ParseHash(lines[2]))}
	reader := tlog.TileHashReader(tree, &folder{path, map[string][]byte{}})

	entries := bundles(path, tree.N)
	included(entries, tree, reader)
	proofs := 0
	for i := 0; i < len(entries); i += step(len(entries), every) {
		leaf := tlog.RecordHash(entries[i])
		proof := must(tlog.ProveRecord(tree.N, int64(i), reader))
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), leaf); err != nil {
			fail("entry %d: %v", i, err)
		}
		proofs++
	}
	random := rand.New(rand.NewSource(1))
	growths := 0
	for ; growths < 1000 && tree.N > 0; growths++ {
		old := 1 + random.Int63n(tree.N)
		hash := must(tlog.TreeHash(old, reader))
		proof := must(tlog.ProveTree(tree.N, old, reader))
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old, hash); err != nil {
			fail("growth from %d: %v", old, err)
		}
	}
	fmt.Printf("%d entries included, %d proofs of one and %d growths consistent, root %s, signed by %s\n", len(entries), proofs, growths, lines[2], verifier.Name())
}
