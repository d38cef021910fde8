package main

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A fault waits in a queue for the requests it is meant for. Kinds:
//
//	status          answer Status (default 503) with RetryAfter, the body read and dropped
//	reset           close the connection without an answer
//	hang            read the body, then never answer
//	delay           answer as usual, but after Milliseconds
//	flip-upload     change one bit of the body before it is verified and stored
//	cut-upload      close the connection after the first At bytes of the body
//	flip-download   change one bit of the answer's body
//	cut-download    close the connection after At bytes of the answer's body
//	short-download  answer half of what was asked for, with a Content-Length and Content-Range that say so
//	hang-download   stop sending after At bytes of the answer's body, connection left open
//	change          give the blob other bytes of the same number and a new ETag, then answer
type fault struct {
	Kind         string `json:"kind"`
	Operation    string `json:"operation,omitempty"` // as in stats; empty: any
	Key          string `json:"key,omitempty"`       // part of the key; empty: any
	Skip         int    `json:"skip,omitempty"`      // matching requests that pass first
	Times        int    `json:"times,omitempty"`     // how often it strikes; default 1
	Status       int    `json:"status,omitempty"`
	Code         string `json:"code,omitempty"` // x-ms-error-code of Kind status
	RetryAfter   string `json:"retryAfter,omitempty"`
	At           *int64 `json:"at,omitempty"` // byte of the body; default its middle
	Milliseconds int    `json:"milliseconds,omitempty"`
}

type faults struct {
	mu    sync.Mutex
	queue []*fault
}

func (f *faults) add(more []*fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range more {
		one.Times = max(one.Times, 1)
		f.queue = append(f.queue, one)
	}
}

// left are the faults that have not struck as often as they should.
func (f *faults) left() []fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	left := []fault{}
	for _, one := range f.queue {
		left = append(left, *one)
	}
	return left
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = nil
}

// take is the fault that strikes a request, if any: the first in the queue that fits and has nothing to skip.
func (f *faults) take(operation, key string) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.queue {
		if (one.Operation != "" && one.Operation != operation) || !strings.Contains(key, one.Key) {
			continue
		}
		if one.Skip > 0 {
			one.Skip--
			continue
		}
		one.Times--
		struck := *one
		if one.Times == 0 {
			f.queue = append(f.queue[:i:i], f.queue[i+1:]...)
		}
		return &struck
	}
	return nil
}

func (f *fault) is(kind string) bool { return f != nil && f.Kind == kind }

func (f *fault) offset(size int64) int64 {
	if f.At == nil {
		return size / 2
	}
	return min(*f.At, max(size-1, 0))
}

// before does what a fault does ahead of the operation; true means that the request is over.
func (f *fault) before(c *call) bool {
	if f == nil {
		return false
	}
	switch f.Kind {
	case "reset":
		c.cut()
	case "cut-upload":
		_, _ = io.CopyN(io.Discard, c.r.Body, f.offset(c.r.ContentLength))
		c.cut()
	case "hang":
		// The end of the connection is noticed only once the body has been read.
		_, _ = io.Copy(io.Discard, c.r.Body)
		<-c.r.Context().Done()
		c.cut()
	case "delay":
		select {
		case <-time.After(time.Duration(f.Milliseconds) * time.Millisecond):
		case <-c.r.Context().Done():
		}
	case "status":
		if f.RetryAfter != "" {
			c.w.Header().Set("Retry-After", f.RetryAfter)
		}
		c.fail(f.problem())
		return true
	}
	return false
}

func (f *fault) problem() *problem {
	p := &problem{f.Status, f.Code, "The server was told to answer this."}
	if p.status == 0 {
		p.status = http.StatusServiceUnavailable
	}
	if p.code == "" {
		p.code = map[int]string{
			403: "AuthorizationFailure", 408: "OperationTimedOut", 429: "TooManyRequests",
			500: "InternalError", 502: "BadGateway", 503: "ServerBusy", 504: "GatewayTimeout",
		}[p.status]
	}
	return p
}
