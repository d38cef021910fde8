package main

import (
	"context"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/vmware-tanzu/velero/pkg/plugin/generated"
)

// contextSlot hands a context of ours to a call of the framework's client, which always takes context.Background().
// Each such call opens exactly one RPC, at once and on the caller's goroutine: whoever calls puts the context here
// and holds the lock until the interceptor has taken it.
type contextSlot struct {
	mu   sync.Mutex
	next *offered
}

type offered struct {
	ctx   context.Context
	taken bool
}

// with runs one call of the framework's client under the context.
func (s *contextSlot) with(ctx context.Context, call func()) {
	s.mu.Lock()
	offer := &offered{ctx: ctx}
	s.next = offer
	call()
	if !offer.taken {
		s.mu.Unlock()
	}
}

func (s *contextSlot) take(method string, fallback context.Context) context.Context {
	if !strings.HasPrefix(method, "/generated.ObjectStore/") && !strings.HasPrefix(method, "/generated.VolumeSnapshotter/") {
		return fallback
	}
	offer := s.next
	offer.taken = true
	s.mu.Unlock()
	return offer.ctx
}

func (s *contextSlot) interceptUnary(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoke(s.take(method, ctx), method, req, reply, conn, opts...)
}

func (s *contextSlot) interceptStream(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	given := s.take(method, ctx)
	stream, err := open(given, desc, conn, method, opts...)
	if err != nil || !desc.ClientStreams {
		return stream, err
	}
	return &cancelBeforeEnd{stream, given}, nil
}

// cancelBeforeEnd makes a cancelled upload look cancelled: gRPC resets the stream some time after the context's end,
// and the framework ends it at once when its reader fails, so that the plugin might see the end alone.
type cancelBeforeEnd struct {
	grpc.ClientStream
	ctx context.Context
}

func (s *cancelBeforeEnd) CloseSend() error {
	if s.ctx.Err() != nil {
		// Returns when the stream is reset, with the status Canceled.
		return s.RecvMsg(&generated.Empty{})
	}
	return s.ClientStream.CloseSend()
}

// parseStatusText reads back what a gRPC status error prints.
func parseStatusText(text string) (*status.Status, bool) {
	rest, ok := strings.CutPrefix(text, "rpc error: code = ")
	if !ok {
		return nil, false
	}
	name, message, ok := strings.Cut(rest, " desc = ")
	if !ok {
		return nil, false
	}
	for code := codes.OK; code <= codes.Unauthenticated; code++ {
		if code.String() == name {
			return status.New(code, message), true
		}
	}
	return nil, false
}
