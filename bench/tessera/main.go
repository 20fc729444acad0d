// What Tessera's POSIX storage (github.com/transparency-dev/tessera) takes for the work of bench/ledger.c without its openings: entries of
// the same size, added in batches, each batch answered before the next one begins. bench/ledger builds and runs it.
//
//	tessera FOLDER SECONDS ENTRY_BYTES BATCH...
//
// Prints a line of JSON per batch size.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func processor() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// add hands a batch over and returns when every entry of it has its durable place.
func add(ctx context.Context, appender *tessera.Appender, batch, bytes int, from uint64) {
	futures := make([]tessera.IndexFuture, batch)
	for i := range futures {
		entry := make([]byte, bytes)
		copy(entry, fmt.Sprintf(`{"n":%d,"why":"`, from+uint64(i)))
		futures[i] = appender.Add(ctx, tessera.NewEntry(entry))
	}
	for _, future := range futures {
		must(future())
	}
}

func measure(folder string, seconds float64, bytes, batch int) {
	ctx := context.Background()
	private, _, err := note.GenerateKey(rand.Reader, "bench.example/tessera")
	if err != nil {
		log.Fatal(err)
	}
	driver := must(posix.New(ctx, posix.Config{Path: filepath.Join(folder, fmt.Sprintf("tessera-%d", batch))}))
	// a full batch goes at once; checkpoints as often as our publisher makes them
	options := tessera.NewAppendOptions().WithCheckpointSigner(must(note.NewSigner(private))).
		WithBatching(uint(batch), time.Second).WithCheckpointInterval(100 * time.Millisecond)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		log.Fatal(err)
	}
	add(ctx, appender, batch, bytes, 0)
	begun, busy, count := time.Now(), processor(), uint64(0)
	for time.Since(begun).Seconds() < seconds {
		add(ctx, appender, batch, bytes, count+uint64(batch))
		count += uint64(batch)
	}
	wall := time.Since(begun).Seconds()
	fmt.Printf("{\"batch\":%d,\"entries\":%d,\"seconds\":%.3f,\"processor_seconds\":%.3f}\n", batch, count, wall, (processor() - busy).Seconds())
	if err := shutdown(ctx); err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: tessera FOLDER SECONDS ENTRY_BYTES BATCH...")
	}
	seconds, bytes := must(strconv.ParseFloat(os.Args[2], 64)), must(strconv.Atoi(os.Args[3]))
	for _, text := range os.Args[4:] {
		measure(os.Args[1], seconds, bytes, must(strconv.Atoi(text)))
	}
}
