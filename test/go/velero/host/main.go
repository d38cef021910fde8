// Command velero-host stands where the Velero server stands: it starts a plugin executable with hashicorp/go-plugin
// and Velero's own framework client, configured as pkg/plugin/clientmgmt/process does, and lets a test drive it by
// HTTP over a unix socket. test/host/README.md lists the routes.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/vmware-tanzu/velero/pkg/plugin/framework/common"
	"google.golang.org/grpc/status"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: velero-host SOCKET")
		os.Exit(2)
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot listen:", err)
		os.Exit(1)
	}

	host := &host{plugins: map[string]*plugin{}}
	parentGone := watchParent()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		select {
		case <-stop:
		case <-parentGone:
		}
		host.killAll()
		os.Exit(0)
	}()

	fmt.Println("ready")
	fmt.Fprintln(os.Stderr, http.Serve(listener, host.routes()))
	os.Exit(1)
}

// watchParent answers a channel that closes when our standard input does, so that a test that dies leaves no process.
// go-plugin hands its own standard input to the plugin: the plugin gets an empty one, as it has in Velero's pod.
func watchParent() <-chan struct{} {
	gone := make(chan struct{})
	input := os.Stdin
	empty, err := os.Open(os.DevNull)
	if err != nil {
		panic(err)
	}
	os.Stdin = empty
	go func() {
		_, _ = io.Copy(io.Discard, input)
		close(gone)
	}()
	return gone
}

type host struct {
	mu      sync.Mutex
	next    int
	plugins map[string]*plugin
}

func (h *host) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /plugins", answer(h.start))
	mux.HandleFunc("DELETE /plugins/{id}", answer(h.end))
	mux.HandleFunc("GET /plugins/{id}/stderr", h.withPlugin((*plugin).serveStderr))
	mux.HandleFunc("GET /plugins/{id}/log", h.withPlugin((*plugin).serveLog))
	mux.HandleFunc("POST /plugins/{id}/init", h.answerWithPlugin((*plugin).init))
	mux.HandleFunc("GET /plugins/{id}/health", h.answerWithPlugin((*plugin).health))
	mux.HandleFunc("PUT /plugins/{id}/object", h.answerWithPlugin((*plugin).putObject))
	mux.HandleFunc("GET /plugins/{id}/object", h.withPlugin((*plugin).serveObject))
	mux.HandleFunc("DELETE /plugins/{id}/object", h.answerWithPlugin((*plugin).deleteObject))
	mux.HandleFunc("GET /plugins/{id}/exists", h.answerWithPlugin((*plugin).objectExists))
	mux.HandleFunc("GET /plugins/{id}/list", h.answerWithPlugin((*plugin).listObjects))
	mux.HandleFunc("GET /plugins/{id}/prefixes", h.answerWithPlugin((*plugin).listCommonPrefixes))
	mux.HandleFunc("GET /plugins/{id}/signed-url", h.answerWithPlugin((*plugin).createSignedURL))
	mux.HandleFunc("POST /plugins/{id}/volume/{call}", h.answerWithPlugin((*plugin).volumeCall))
	mux.HandleFunc("POST /plugins/{id}/bench", h.withPlugin((*plugin).serveBench))
	return mux
}

// start runs an executable as Velero does at discovery and keeps it under a new id.
func (h *host) start(r *http.Request) (any, error) {
	var ask startRequest
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, err
	}
	p, started, err := startPlugin(ask)
	if err != nil {
		// What the process said before it failed is the only clue there is.
		return nil, &startError{cause: err, stderr: p.stderr.String()}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	started.ID = fmt.Sprint(h.next)
	h.plugins[started.ID] = p
	return started, nil
}

func (h *host) end(r *http.Request) (any, error) {
	p, err := h.find(r)
	if err != nil {
		return nil, err
	}
	return p.kill(), nil
}

func (h *host) find(r *http.Request) (*plugin, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, found := h.plugins[r.PathValue("id")]
	if !found {
		return nil, fmt.Errorf("no plugin %q", r.PathValue("id"))
	}
	return p, nil
}

func (h *host) killAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.plugins {
		p.client.Kill()
	}
}

func (h *host) withPlugin(serve func(*plugin, http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := h.find(r)
		if err != nil {
			writeError(w, err)
			return
		}
		serve(p, w, r)
	}
}

func (h *host) answerWithPlugin(call func(*plugin, *http.Request) (any, error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		p, err := h.find(r)
		if err != nil {
			return nil, err
		}
		return call(p, r)
	})
}

func answer(call func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		result, err := call(r)
		if err != nil {
			writeError(w, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(result)
	}
}

type startError struct {
	cause  error
	stderr string
}

func (e *startError) Error() string { return e.cause.Error() }

type errorAnswer struct {
	// The text as Velero would print it, with gRPC's "rpc error: code = …" in front.
	Error string `json:"error"`
	// The status message alone, or the whole text when the error is none of gRPC's.
	Message string `json:"message"`
	Code    string `json:"code"`
	// Where the plugin says the error arose: the first frame of generated.Stack, when there is one.
	Stack  *frame `json:"stack,omitempty"`
	Stderr string `json:"stderr,omitempty"`
}

type frame struct {
	File     string `json:"file"`
	Line     int32  `json:"line"`
	Function string `json:"function"`
}

func describeError(err error) errorAnswer {
	described := errorAnswer{Error: err.Error(), Message: err.Error(), Code: "Host"}
	if located := (*common.ProtoStackError)(nil); errors.As(err, &located) {
		described.Stack = &frame{located.File(), located.Line(), located.Function()}
	}
	// The framework's own wrapper hides the status from errors.As, but its text is the status's: ask the recorder.
	if recorded, ok := statusOf(err); ok {
		described.Message, described.Code = recorded.Message(), recorded.Code().String()
	}
	if failed := (*startError)(nil); errors.As(err, &failed) {
		described.Stderr = failed.stderr
	}
	return described
}

// statusOf finds the gRPC status in an error of the framework's client. ProtoStackError embeds the status error
// without an Unwrap, but the embedded GRPCStatus is not promoted through the error interface; the fields of the
// message are all that is left of it there.
func statusOf(err error) (*status.Status, bool) {
	if found, ok := status.FromError(err); ok {
		return found, true
	}
	return parseStatusText(err.Error())
}

func writeError(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusUnprocessableEntity)
	_ = json.NewEncoder(w).Encode(describeError(err))
}
