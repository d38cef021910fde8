package main

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// requestRecord is one request that ended; Status 0 means that the connection was cut without an answer.
type requestRecord struct {
	Operation string `json:"operation"`
	Container string `json:"container"`
	Key       string `json:"key"`
	Range     string `json:"range,omitempty"`
	Status    int    `json:"status"`
	BytesIn   int64  `json:"bytesIn"`
	BytesOut  int64  `json:"bytesOut"`
	// When it came, since the server's start.
	AtMilliseconds float64 `json:"atMilliseconds"`
	Milliseconds   float64 `json:"milliseconds"`
}

// counts are what the control API calls stats: all since the last reset, but for Open.
type counts struct {
	Requests    int            `json:"requests"`
	Operations  map[string]int `json:"operations"`
	Statuses    map[int]int    `json:"statuses"`
	BytesIn     int64          `json:"bytesIn"`
	BytesOut    int64          `json:"bytesOut"`
	Connections int            `json:"connections"`
	Open        int            `json:"openConnections"`
	MaxOpen     int            `json:"maxOpenConnections"`
	InFlight    int            `json:"inFlight"`
	MaxInFlight int            `json:"maxInFlight"`
}

const keptRecords = 20_000

type stats struct {
	mu      sync.Mutex
	counts  counts
	records []requestRecord
}

func newStats() *stats {
	s := &stats{}
	s.reset()
	return s
}

func (s *stats) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = counts{
		Operations: map[string]int{}, Statuses: map[int]int{},
		Open: s.counts.Open, MaxOpen: s.counts.Open, InFlight: s.counts.InFlight, MaxInFlight: s.counts.InFlight,
	}
	s.records = nil
}

// settle waits a moment for requests that are being answered: a client may ask for the counts of a request whose
// last byte it has, but which is not over here.
func (s *stats) settle() {
	for range 20 {
		s.mu.Lock()
		busy := s.counts.InFlight
		s.mu.Unlock()
		if busy == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *stats) connectionState(_ net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch state {
	case http.StateNew:
		s.counts.Connections++
		s.counts.Open++
		s.counts.MaxOpen = max(s.counts.MaxOpen, s.counts.Open)
	case http.StateClosed, http.StateHijacked:
		s.counts.Open--
	}
}

// begin counts a request; its bytes and its status are counted when it ends.
func (s *stats) begin(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Requests++
	s.counts.Operations[operation]++
	s.counts.InFlight++
	s.counts.MaxInFlight = max(s.counts.MaxInFlight, s.counts.InFlight)
}

func (s *stats) end(r requestRecord) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.InFlight--
	s.counts.Statuses[r.Status]++
	s.counts.BytesIn += r.BytesIn
	s.counts.BytesOut += r.BytesOut
	if len(s.records) < keptRecords {
		s.records = append(s.records, r)
	}
}
