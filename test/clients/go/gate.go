package main

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

const expired = `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","reason":"Expired","code":410,` +
	`"message":"too old resource version"}`

// gate stands between an informer and the cluster. Shut, it breaks the watch under way and holds back every request; opened
// again, it answers the first watch as a server does whose history does not reach so far back, so that the informer lists anew.
type gate struct {
	next  http.RoundTripper
	seen  *journal
	mutex sync.Mutex
	open  chan struct{}
	// The watch under way; nil while there is none.
	watch io.Closer
	// The next watch is to be told that its version is too old.
	stale bool
}

func newGate(seen *journal) *gate {
	open := make(chan struct{})
	close(open)
	return &gate{seen: seen, open: open}
}

func (g *gate) wrap(next http.RoundTripper) http.RoundTripper {
	g.next = next
	return g
}

func (g *gate) shut() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.open = make(chan struct{})
	g.stale = true
	if g.watch != nil {
		g.watch.Close()
		g.watch = nil
	}
}

func (g *gate) reopen() {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	close(g.open)
}

func (g *gate) isWatching() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.watch != nil
}

func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	g.mutex.Lock()
	open := g.open
	g.mutex.Unlock()
	select {
	case <-open:
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	query := request.URL.Query()
	if query.Get("watch") != "true" {
		g.seen.addOnce("asks for a list")
		return g.next.RoundTrip(request)
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.stale {
		g.stale = false
		return &http.Response{
			StatusCode: http.StatusGone, Request: request, ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   io.NopCloser(bytes.NewBufferString(expired)),
		}, nil
	}
	if query.Get("sendInitialEvents") == "true" {
		g.seen.addOnce("asks for a streaming list")
	}
	response, err := g.next.RoundTrip(request)
	if err == nil {
		g.watch = response.Body
	}
	return response, err
}
