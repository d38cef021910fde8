package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

type server struct {
	store    *store
	stats    *stats
	faults   *faults
	accounts map[string]bool
	started  time.Time
	keepUpTo atomic.Int64
	verify   atomic.Bool
	serial   atomic.Uint64
}

func newServer(accounts []string, keepUpTo int64, verify bool) *server {
	s := &server{store: newStore(), stats: newStats(), faults: &faults{}, accounts: map[string]bool{}, started: time.Now()}
	for _, a := range accounts {
		s.accounts[a] = true
	}
	s.keepUpTo.Store(keepUpTo)
	s.verify.Store(verify)
	return s
}

// A call is one request on its way through the server.
type call struct {
	*server
	w         *countingWriter
	r         *http.Request
	operation string
	container string // account/container, the store's name for it
	account   string
	bucket    string
	key       string
	fault     *fault
	bytesIn   int64
}

type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *countingWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{server: s, w: &countingWriter{ResponseWriter: w}, r: r}
	found := c.locate()
	c.operation = "Unknown"
	if found {
		c.operation = c.name()
	}
	started := time.Now()
	s.stats.begin(c.operation)
	// Deferred, as a handler that cuts the connection leaves by panic.
	defer func() {
		s.stats.end(requestRecord{
			Operation: c.operation, Container: c.bucket, Key: c.key, Range: rangeHeader(r), Status: c.w.status,
			BytesIn: c.bytesIn, BytesOut: c.w.bytes,
			AtMilliseconds: milliseconds(started.Sub(s.started)), Milliseconds: milliseconds(time.Since(started)),
		})
	}()
	h := c.w.Header()
	h.Set("x-ms-request-id", fmt.Sprintf("00000000-0000-0000-0000-%012x", s.serial.Add(1)))
	h.Set("x-ms-version", "2026-02-06")
	h.Set("Server", "velero-azure-bench")
	if id := r.Header.Get("x-ms-client-request-id"); id != "" {
		h.Set("x-ms-client-request-id", id)
	}
	if !found {
		c.fail(errInvalidURI)
		return
	}
	c.fault = s.faults.take(c.operation, c.key)
	if c.fault.before(c) {
		return
	}
	c.serve()
}

// locate reads account, container and key from /account/container/key, or from /container/key when the host name
// begins with the account's. The key is everything behind, as it was before percent-encoding.
func (c *call) locate() bool {
	path := strings.TrimPrefix(c.r.URL.Path, "/")
	if account, _, ok := strings.Cut(c.r.Host, "."); ok && c.accounts[account] {
		c.account = account
	} else {
		c.account, path, _ = strings.Cut(path, "/")
		if !c.accounts[c.account] {
			return false
		}
	}
	c.bucket, c.key, _ = strings.Cut(path, "/")
	c.container = c.account + "/" + c.bucket
	return true
}

// name is the operation in the words of Azure's REST reference, without blanks.
func (c *call) name() string {
	q := c.r.URL.Query()
	comp, method := q.Get("comp"), c.r.Method
	switch {
	case comp == "properties" && q.Get("restype") == "account", c.bucket == "":
		return "GetAccountInformation"
	case c.key == "" && comp == "list" && method == http.MethodGet:
		return "ListBlobs"
	case c.key == "":
		return map[string]string{
			http.MethodPut: "CreateContainer", http.MethodDelete: "DeleteContainer",
			http.MethodGet: "GetContainerProperties", http.MethodHead: "GetContainerProperties",
		}[method]
	case comp == "block" && method == http.MethodPut:
		return "PutBlock"
	case comp == "blocklist" && method == http.MethodPut:
		return "PutBlockList"
	case comp != "":
		return "Unknown"
	}
	return map[string]string{
		http.MethodPut: "PutBlob", http.MethodGet: "GetBlob", http.MethodHead: "GetBlobProperties", http.MethodDelete: "DeleteBlob",
	}[method]
}

func (c *call) serve() {
	switch c.operation {
	case "PutBlob":
		c.putBlob()
	case "PutBlock":
		c.putBlock()
	case "PutBlockList":
		c.putBlockList()
	case "GetBlob":
		c.getBlob()
	case "GetBlobProperties":
		c.blobProperties()
	case "DeleteBlob":
		c.reply(c.store.remove(c.container, c.key, c.conditions()), http.StatusAccepted)
	case "ListBlobs":
		c.listBlobs()
	case "CreateContainer":
		var p *problem
		if !c.store.createContainer(c.container) {
			p = errContainerExists
		}
		c.reply(p, http.StatusCreated)
	case "DeleteContainer":
		var p *problem
		if !c.store.deleteContainer(c.container) {
			p = errContainerNotFound
		}
		c.reply(p, http.StatusAccepted)
	case "GetContainerProperties":
		c.containerProperties()
	case "GetAccountInformation":
		c.w.Header().Set("x-ms-sku-name", "Standard_LRS")
		c.w.Header().Set("x-ms-account-kind", "StorageV2")
		c.reply(nil, http.StatusOK)
	default:
		c.fail(errUnsupported)
	}
}

func (c *call) containerProperties() {
	found := c.store.container(c.container)
	if found == nil {
		c.fail(errContainerNotFound)
		return
	}
	c.w.Header().Set("ETag", found.etag)
	c.w.Header().Set("Last-Modified", httpTime(found.modified))
	c.reply(nil, http.StatusOK)
}

func (c *call) conditions() conditions {
	return conditions{match: c.r.Header.Get("If-Match"), noneMatch: c.r.Header.Get("If-None-Match")}
}

func (c *call) reply(p *problem, status int) {
	if p != nil {
		c.fail(p)
		return
	}
	if status != http.StatusNotModified {
		c.w.Header().Set("Content-Length", "0")
	}
	c.w.WriteHeader(status)
}

// fail answers with a problem. What is left of the body is read first, or the client would see a broken
// connection in place of the answer.
func (c *call) fail(p *problem) {
	n, _ := io.Copy(io.Discard, c.r.Body)
	c.bytesIn += n
	if c.r.Method == http.MethodHead {
		c.w.Header().Set("x-ms-error-code", p.code)
		c.w.WriteHeader(p.status)
		return
	}
	p.write(c.w)
}

// cut ends the connection without another byte.
func (c *call) cut() { panic(http.ErrAbortHandler) }

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
