package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// benchRequest moves bytes between Go and the plugin with nothing else on the way.
type benchRequest struct {
	// "put" or "get".
	Op     string `json:"op"`
	Name   string `json:"name"`
	Bucket string `json:"bucket"`
	// Object i has the key Key-i, and the size Size: get reads what put of the same request stored, and checks it.
	Key   string `json:"key"`
	Size  int64  `json:"size"`
	Count int    `json:"count"`
	// How many objects are under way at once.
	Parallel int `json:"parallel"`
	// Slows each reader down (get), or each body (put).
	Pace *pace `json:"pace"`
	// A line of progress is written this often. Default 1000.
	ProgressMilliseconds int `json:"progressMilliseconds"`
}

// pace makes a stream pause after every piece of a random length up to MaximumPiece bytes for a random time up to
// MaximumPauseMicroseconds. Stream i draws from Seed+i.
type pace struct {
	Seed                     uint64 `json:"seed"`
	MaximumPiece             int64  `json:"maximumPiece"`
	MaximumPauseMicroseconds int64  `json:"maximumPauseMicroseconds"`
}

type benchLine struct {
	// Bytes moved so far, one number an object.
	Progress []int64 `json:"progress,omitempty"`
	// The end: wall clock of the whole, and of each object.
	Seconds       float64   `json:"seconds,omitempty"`
	ObjectSeconds []float64 `json:"objectSeconds,omitempty"`
	// From the call until the object's first bytes are there (get only).
	FirstByteSeconds []float64    `json:"firstByteSeconds,omitempty"`
	Failure          *errorAnswer `json:"failure,omitempty"`
}

type bench struct {
	plugin    *plugin
	ask       benchRequest
	moved     []atomic.Int64
	seconds   []float64
	firstByte []float64
}

// serveBench answers lines of JSON: progress while it runs, then the result or a failure. A client that leaves
// cancels what runs.
func (p *plugin) serveBench(w http.ResponseWriter, r *http.Request) {
	b := &bench{plugin: p, ask: benchRequest{Name: defaultName, Count: 1, Parallel: 1, ProgressMilliseconds: 1000}}
	if err := json.NewDecoder(r.Body).Decode(&b.ask); err != nil {
		writeError(w, err)
		return
	}
	move, found := map[string]func(context.Context, int) error{"put": b.put, "get": b.get}[b.ask.Op]
	if !found {
		writeError(w, fmt.Errorf("no bench operation %q", b.ask.Op))
		return
	}
	b.moved = make([]atomic.Int64, b.ask.Count)
	b.seconds = make([]float64, b.ask.Count)
	b.firstByte = make([]float64, b.ask.Count)

	begun := time.Now()
	done := make(chan error, 1)
	go func() { done <- b.run(r.Context(), move) }()
	lines := json.NewEncoder(w)
	ticks := time.NewTicker(time.Duration(b.ask.ProgressMilliseconds) * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			_ = lines.Encode(benchLine{Progress: b.progress()})
			_ = http.NewResponseController(w).Flush()
		case err := <-done:
			last := benchLine{Seconds: time.Since(begun).Seconds(), ObjectSeconds: b.seconds, FirstByteSeconds: b.firstByte}
			if err != nil {
				described := describeError(err)
				last.Failure = &described
			}
			_ = lines.Encode(last)
			return
		}
	}
}

func (b *bench) progress() []int64 {
	moved := make([]int64, len(b.moved))
	for i := range b.moved {
		moved[i] = b.moved[i].Load()
	}
	return moved
}

func (b *bench) run(ctx context.Context, move func(context.Context, int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	var workers sync.WaitGroup
	failures := make(chan error, max(1, b.ask.Parallel))
	for range max(1, b.ask.Parallel) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < b.ask.Count; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				if err := move(ctx, i); err != nil {
					failures <- err
					cancel()
					return
				}
				b.seconds[i] = time.Since(begun).Seconds()
			}
		})
	}
	workers.Wait()
	select {
	case err := <-failures:
		return err
	default:
		return nil
	}
}

func (b *bench) key(i int) string { return fmt.Sprintf("%s-%d", b.ask.Key, i) }

func (b *bench) put(ctx context.Context, i int) error {
	store, err := b.plugin.objectStore(b.ask.Name)
	if err != nil {
		return err
	}
	body := &patternReader{size: b.ask.Size, moved: &b.moved[i], pacer: newPacer(b.ask.Pace, i)}
	b.plugin.contexts.with(ctx, func() { err = store.PutObject(b.ask.Bucket, b.key(i), body) })
	return err
}

func (b *bench) get(ctx context.Context, i int) error {
	begun := time.Now()
	reader, err := b.plugin.openObject(ctx, b.ask.Name, b.ask.Bucket, b.key(i))
	if err != nil {
		return err
	}
	defer reader.Close()
	pacer := newPacer(b.ask.Pace, i)
	chunk := make([]byte, 32*1024)
	for at := int64(0); ; {
		n, err := reader.Read(chunk)
		if at == 0 && n > 0 {
			b.firstByte[i] = time.Since(begun).Seconds()
		}
		if !matchesPattern(chunk[:n], at) {
			return fmt.Errorf("object %q differs after byte %d", b.key(i), at)
		}
		at += int64(n)
		b.moved[i].Store(at)
		if errors.Is(err, io.EOF) {
			if at != b.ask.Size {
				return fmt.Errorf("object %q has %d bytes, not %d", b.key(i), at, b.ask.Size)
			}
			return nil
		}
		if err != nil {
			return err
		}
		pacer.wait(int64(n))
	}
}

// pattern is what every object of a bench is made of, over and over. Its length is a prime, so that no block, chunk or
// message size divides it and bytes in the wrong place show.
var pattern = makePattern(1_048_573)

func makePattern(length int) []byte {
	made := make([]byte, length)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(made)
	return made
}

func matchesPattern(data []byte, at int64) bool {
	for len(data) > 0 {
		from := pattern[at%int64(len(pattern)):]
		n := min(len(from), len(data))
		if !bytes.Equal(data[:n], from[:n]) {
			return false
		}
		data, at = data[n:], at+int64(n)
	}
	return true
}

type patternReader struct {
	size  int64
	at    int64
	moved *atomic.Int64
	pacer *pacer
}

func (r *patternReader) Read(target []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	target = target[:min(int64(len(target)), r.size-r.at)]
	n := 0
	for n < len(target) {
		n += copy(target[n:], pattern[(r.at+int64(n))%int64(len(pattern)):])
	}
	r.at += int64(n)
	r.moved.Store(r.at)
	r.pacer.wait(int64(n))
	return n, nil
}

type pacer struct {
	pace   pace
	random *rand.Rand
	left   int64
}

func newPacer(p *pace, stream int) *pacer {
	if p == nil {
		return nil
	}
	return &pacer{pace: *p, random: rand.New(rand.NewPCG(p.Seed+uint64(stream), 1))}
}

func (p *pacer) wait(moved int64) {
	if p == nil {
		return
	}
	p.left -= moved
	if p.left > 0 {
		return
	}
	p.left = p.random.Int64N(p.pace.MaximumPiece) + 1
	time.Sleep(time.Duration(p.random.Int64N(p.pace.MaximumPauseMicroseconds+1)) * time.Microsecond)
}
