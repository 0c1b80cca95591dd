package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
)

// errNoSocks is a proof that cannot begin: tor takes no connections.
var errNoSocks = errors.New("no SOCKS port of tor answers")

// prove asks for the node at its onion address through tor, on a circuit of its own, until the handshake shows
// its TubID or ctx ends. A service that was just made is published meanwhile.
func (a *app) prove(ctx context.Context, f *detect.Facts, g detect.Goal, tubID string, report func(string)) error {
	socks := ""
	for _, s := range f.Tor.Socks {
		if s.Answers == env.Yes {
			socks = s.Address
			break
		}
	}
	if socks == "" {
		return errNoSocks
	}
	dial := func(ctx context.Context) (net.Conn, error) {
		return tor.DialOnion(ctx, a.env, socks, g.Onion, g.VirtualPort)
	}
	return tahoe.Prove(ctx, dial, tubID, report)
}

// errNoTubID is a node that did not come up far enough to have an identity.
var errNoTubID = errors.New("the node did not come up")

// errStale is a node whose process has read older settings than tahoe.cfg has: its answer would prove nothing.
var errStale = errors.New("the node runs with older settings than tahoe.cfg has")

// awaitNode waits until a process runs that has read tahoe.cfg as it is now, and returns the node's identity. There is
// no event to wait for across files that Tahoe replaces, so it looks ten times a second.
func (a *app) awaitNode(ctx context.Context, dir string) (string, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		n := tahoe.ProbeNode(a.env, dir)
		if n.Running == env.Yes && n.TubID != "" && !n.Stale() {
			return n.TubID, nil
		}
		select {
		case <-ctx.Done():
			if n.Stale() {
				return "", errStale
			}
			return "", errNoTubID
		case <-tick.C:
		}
	}
}

// notConnectedError is a tor that does not reach its network, in its own words.
type notConnectedError struct{ tor.Bootstrap }

func (e *notConnectedError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("tor is %d%% connected to its network: %s %s", e.Progress, e.Summary, e.Warning))
}

// awaitBootstrap waits for tor to be connected, as its control port says. Without a network a request would hang for
// minutes, without a word.
func (a *app) awaitBootstrap(ctx context.Context, f *detect.Facts, note func(string)) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for b := f.Tor.Control.Bootstrap; ; b = tor.Probe(ctx, a.env, f.Host).Control.Bootstrap {
		if b.Progress == 100 {
			return ctx.Err()
		}
		err := &notConnectedError{b}
		note(err.Error())
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
