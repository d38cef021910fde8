package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
)

// control is the API of the one who runs the server, on an address of its own; bodies are JSON.
//
//	GET    /__control/stats        counts since the last reset
//	GET    /__control/requests     the first 20,000 requests since the last reset
//	DELETE /__control/stats        begin to count anew
//	GET    /__control/faults       faults that have not struck yet
//	POST   /__control/faults       queue faults: a list of what faults.go describes
//	DELETE /__control/faults       drop them
//	POST   /__control/mode         {"keep": "all" | "none" | "BYTES", "verify": bool}, each optional
//	POST   /__control/blobs        make blobs of pattern bytes: {"account", "container", "key", "size", "count"};
//	                               with count, the keys are key and a number of seven digits
//	DELETE /__control/blobs        drop every blob, keep the containers
func (s *server) control(w http.ResponseWriter, r *http.Request) {
	var err error
	var answer any = struct{}{}
	switch r.Method + " " + r.URL.Path {
	case "GET /__control/stats":
		s.stats.settle()
		s.stats.mu.Lock()
		defer s.stats.mu.Unlock()
		answer = s.stats.counts
	case "GET /__control/requests":
		s.stats.settle()
		s.stats.mu.Lock()
		defer s.stats.mu.Unlock()
		answer = append([]requestRecord{}, s.stats.records...)
	case "DELETE /__control/stats":
		s.stats.reset()
	case "GET /__control/faults":
		answer = s.faults.left()
	case "POST /__control/faults":
		var more []*fault
		if err = json.NewDecoder(r.Body).Decode(&more); err == nil {
			s.faults.add(more)
		}
	case "DELETE /__control/faults":
		s.faults.clear()
	case "POST /__control/mode":
		err = s.setMode(r)
	case "POST /__control/blobs":
		err = s.makeBlobs(r)
	case "DELETE /__control/blobs":
		s.dropBlobs()
	default:
		err = fmt.Errorf("no such control: %s %s", r.Method, r.URL.Path)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) setMode(r *http.Request) error {
	var mode struct {
		Keep   *string `json:"keep"`
		Verify *bool   `json:"verify"`
	}
	if err := json.NewDecoder(r.Body).Decode(&mode); err != nil {
		return err
	}
	if mode.Keep != nil {
		keepUpTo, err := parseKeep(*mode.Keep)
		if err != nil {
			return err
		}
		s.keepUpTo.Store(keepUpTo)
	}
	if mode.Verify != nil {
		s.verify.Store(*mode.Verify)
	}
	return nil
}

func (s *server) makeBlobs(r *http.Request) error {
	var wanted struct {
		Account, Container, Key string
		Size                    int64
		Count                   int
	}
	if err := json.NewDecoder(r.Body).Decode(&wanted); err != nil {
		return err
	}
	for i := range max(wanted.Count, 1) {
		key := wanted.Key
		if wanted.Count > 0 {
			key = fmt.Sprintf("%s%07d", wanted.Key, i)
		}
		b := &blob{size: wanted.Size, headers: map[string]string{"Content-Type": "application/octet-stream"}}
		if wanted.Size > 0 {
			b.pieces = []piece{{size: wanted.Size}}
		}
		if p := s.store.put(wanted.Account+"/"+wanted.Container, key, b, conditions{}); p != nil {
			return fmt.Errorf("cannot make blob %q: %s", key, p.code)
		}
	}
	return nil
}

func (s *server) dropBlobs() {
	s.store.mu.Lock()
	for _, c := range s.store.containers {
		c.blobs, c.blocks, c.names, c.unsorted = map[string]*blob{}, map[string]map[string]piece{}, nil, false
	}
	s.store.mu.Unlock()
	debug.FreeOSMemory()
}
