package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/vmware-tanzu/velero/pkg/plugin/framework/common"
	"github.com/vmware-tanzu/velero/pkg/plugin/velero"
	vsv1 "github.com/vmware-tanzu/velero/pkg/plugin/velero/volumesnapshotter/v1"
)

const defaultName = "velero.io/azure"

func nameOf(r *http.Request) string {
	if name := r.URL.Query().Get("name"); name != "" {
		return name
	}
	return defaultName
}

func (p *plugin) objectStore(name string) (velero.ObjectStore, error) {
	client, err := p.clientFor(common.PluginKindObjectStore, name)
	if err != nil {
		return nil, err
	}
	return client.(velero.ObjectStore), nil
}

func (p *plugin) init(r *http.Request) (any, error) {
	var ask struct {
		Kind   string            `json:"kind"`
		Name   string            `json:"name"`
		Config map[string]string `json:"config"`
	}
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
		return nil, err
	}
	if ask.Kind == "" {
		ask.Kind = string(common.PluginKindObjectStore)
	}
	client, err := p.clientFor(common.PluginKind(ask.Kind), ask.Name)
	if err != nil {
		return nil, err
	}
	p.contexts.with(r.Context(), func() {
		switch target := client.(type) {
		case velero.ObjectStore:
			err = target.Init(ask.Config)
		case vsv1.VolumeSnapshotter:
			err = target.Init(ask.Config)
		}
	})
	return struct{}{}, err
}

// call runs one framework call of an object store with what the query names, under the HTTP request's context.
func (p *plugin) call(r *http.Request, do func(store velero.ObjectStore, query url.Values) error) error {
	store, err := p.objectStore(nameOf(r))
	if err != nil {
		return err
	}
	p.contexts.with(r.Context(), func() { err = do(store, r.URL.Query()) })
	return err
}

var errBroken = errors.New("the body broke off, as the test asked")

// putObject gives the request's body to the framework's PutObject. A body that ends because the HTTP client left, or
// after cancelAfter bytes, cancels the call; one that ends after breakAfter bytes fails as a reader of Velero's would.
func (p *plugin) putObject(r *http.Request) (any, error) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	body := &putBody{source: r.Body, cancel: cancel, cancelAfter: -1, breakAfter: -1}
	for name, field := range map[string]*int64{"cancelAfter": &body.cancelAfter, "breakAfter": &body.breakAfter} {
		if text := r.URL.Query().Get(name); text != "" {
			number, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, err
			}
			*field = number
		}
	}
	store, err := p.objectStore(nameOf(r))
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	p.contexts.with(ctx, func() { err = store.PutObject(query.Get("bucket"), query.Get("key"), body) })
	// Heard out: an HTTP client that is still sending would not see the answer.
	_, _ = io.Copy(io.Discard, r.Body)
	return map[string]int64{"sent": body.sent}, err
}

type putBody struct {
	source      io.Reader
	cancel      context.CancelFunc
	cancelAfter int64
	breakAfter  int64
	sent        int64
	err         error
}

func (b *putBody) Read(target []byte) (int, error) {
	if b.cancelAfter >= 0 {
		if b.sent >= b.cancelAfter {
			b.cancel()
			return 0, context.Canceled
		}
		target = target[:min(int64(len(target)), b.cancelAfter-b.sent)]
	}
	if b.breakAfter >= 0 {
		if b.sent >= b.breakAfter {
			return 0, errBroken
		}
		target = target[:min(int64(len(target)), b.breakAfter-b.sent)]
	}
	// Whole messages of 16 KiB, as a file gives them to Velero; only the body's end may be short.
	n := 0
	for n < len(target) && b.err == nil {
		var read int
		read, b.err = b.source.Read(target[n:])
		n += read
	}
	b.sent += int64(n)
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		// The HTTP client left. Cancelled first: the framework takes a reader's error for the body's end.
		b.cancel()
		return 0, b.err
	}
	if n > 0 {
		return n, nil
	}
	return 0, b.err
}

func (p *plugin) objectExists(r *http.Request) (any, error) {
	var exists bool
	err := p.call(r, func(store velero.ObjectStore, query url.Values) (err error) {
		exists, err = store.ObjectExists(query.Get("bucket"), query.Get("key"))
		return err
	})
	return map[string]bool{"exists": exists}, err
}

func (p *plugin) listObjects(r *http.Request) (any, error) {
	keys := []string{}
	err := p.call(r, func(store velero.ObjectStore, query url.Values) error {
		found, err := store.ListObjects(query.Get("bucket"), query.Get("prefix"))
		keys = append(keys, found...)
		return err
	})
	return map[string][]string{"keys": keys}, err
}

func (p *plugin) listCommonPrefixes(r *http.Request) (any, error) {
	prefixes := []string{}
	err := p.call(r, func(store velero.ObjectStore, query url.Values) error {
		found, err := store.ListCommonPrefixes(query.Get("bucket"), query.Get("prefix"), query.Get("delimiter"))
		prefixes = append(prefixes, found...)
		return err
	})
	return map[string][]string{"prefixes": prefixes}, err
}

func (p *plugin) deleteObject(r *http.Request) (any, error) {
	return struct{}{}, p.call(r, func(store velero.ObjectStore, query url.Values) error {
		return store.DeleteObject(query.Get("bucket"), query.Get("key"))
	})
}

func (p *plugin) createSignedURL(r *http.Request) (any, error) {
	var signed string
	err := p.call(r, func(store velero.ObjectStore, query url.Values) error {
		seconds, err := strconv.ParseFloat(query.Get("ttlSeconds"), 64)
		if err != nil {
			return err
		}
		signed, err = store.CreateSignedURL(query.Get("bucket"), query.Get("key"), time.Duration(seconds*float64(time.Second)))
		return err
	})
	return map[string]string{"url": signed}, err
}

// serveObject streams GetObject. An error in the middle arrives as the trailer Plugin-Error (JSON, percent-encoded).
// A client that leaves cancels the call; with leave=close it is only closed, which is all that Velero ever does.
func (p *plugin) serveObject(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if r.URL.Query().Get("leave") == "close" {
		ctx = context.WithoutCancel(ctx)
	}
	reader, err := p.openObject(ctx, nameOf(r), r.URL.Query().Get("bucket"), r.URL.Query().Get("key"))
	if err != nil {
		writeError(w, err)
		return
	}
	defer reader.Close()
	chunk := make([]byte, 64*1024)
	n, err := reader.Read(chunk)
	if err != nil && !errors.Is(err, io.EOF) {
		writeError(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", "Plugin-Error")
	for {
		if _, failed := w.Write(chunk[:n]); failed != nil || errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			text, _ := json.Marshal(describeError(err))
			w.Header().Set("Plugin-Error", url.QueryEscape(string(text)))
			return
		}
		n, err = reader.Read(chunk)
	}
}

func (p *plugin) openObject(ctx context.Context, name, bucket, key string) (reader io.ReadCloser, err error) {
	store, err := p.objectStore(name)
	if err != nil {
		return nil, err
	}
	p.contexts.with(ctx, func() { reader, err = store.GetObject(bucket, key) })
	return reader, err
}
