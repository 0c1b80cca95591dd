//go:build lab

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
)

const (
	introducerVirt = 31000 // the port that others see
	introducerPort = 21000
	clientWebPort  = 34560
	gridHome       = "/home/grid"
	introducerUnit = "grid-introducer"
	clientUnit     = "grid-client"
	nodeLimit      = 60 * time.Second
)

// Grid is the part of a hidden grid that belongs to others: an introducer on an onion of its own, and a client that
// reaches it, and whatever servers join, through a tor which is not the box's.
type Grid struct {
	// FURL is the introducer's, the one that a new server is given.
	FURL string
	box  *Box
	web  *http.Client
}

// Grid starts the grid's introducer and client, as the account grid, and returns when the client has met the introducer.
func (b *Box) Grid(t testing.TB) *Grid {
	t.Helper()
	n := b.TorNetwork(t)
	start := time.Now()
	// Python takes seconds to start: the client is made while the introducer is.
	client := b.As("grid", "tahoe", "create-client", "--hide-ip", fmt.Sprintf("--webport=tcp:%d:interface=127.0.0.1", clientWebPort),
		"--shares-needed=1", "--shares-happy=1", "--shares-total=1", "client")
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	g := &Grid{box: b, web: b.HTTP(), FURL: b.introducer(t, n)}
	if err := client.Wait(); err != nil {
		t.Fatalf("%q: %v", client.Args, err)
	}
	b.Put(gridHome+"/client/private/introducers.yaml", fmt.Appendf(nil, "introducers:\n  lab:\n    furl: %s\n", g.FURL), 0o600, "grid:grid")
	b.useTor(t, gridHome+"/client", n.Peer.SocksPort)
	b.StartNode(t, clientUnit, "grid", gridHome+"/client")
	g.wait(t, nodeLimit, "the client to meet the introducer", func(s status) bool {
		return len(s.Introducers.Statuses) == 1 && strings.HasPrefix(s.Introducers.Statuses[0], "Connected")
	})
	Measure(t, "introducer and client of the grid ready", time.Since(start))
	return g
}

// introducer starts one behind an onion service of the network's client, and returns its FURL.
func (b *Box) introducer(t testing.TB, n *Network) string {
	t.Helper()
	onion := n.Onion(t, introducerVirt, introducerPort)
	Do(t, b.As("grid", "tahoe", "create-introducer", "--hide-ip", fmt.Sprintf("--port=tcp:%d:interface=127.0.0.1", introducerPort),
		fmt.Sprintf("--location=tor:%s:%d", onion, introducerVirt), "introducer"))
	b.useTor(t, gridHome+"/introducer", n.Client.SocksPort)
	b.StartNode(t, introducerUnit, "grid", gridHome+"/introducer")
	return b.WaitFile(t, gridHome+"/introducer/private/introducer.furl", nodeLimit)
}

// useTor sends a node through another tor than the default 9050. Without force_foolscap a client of Tahoe 1.20 prefers
// storage over HTTP, which asks for tor's control port. A section that is there twice counts as one.
func (b *Box) useTor(t testing.TB, dir string, socks int) {
	t.Helper()
	cfg := b.Read(dir + "/tahoe.cfg")
	cfg += fmt.Sprintf("\n[tor]\nsocks.port = tcp:127.0.0.1:%d\n", socks)
	if strings.Contains(cfg, "[client]") { // in an introducer it is an error
		cfg += "[client]\nforce_foolscap = true\n"
	}
	b.Put(dir+"/tahoe.cfg", []byte(cfg), 0o600, "grid:grid")
}

// StartNode runs a node in a service unit of the box. The option is for systemd, which gives it no standard input.
func (b *Box) StartNode(t testing.TB, unit, user, dir string) {
	t.Helper()
	b.Start(unit, user, "tahoe", "run", "--allow-stdin-close", dir)
}

// status is what a client's web server tells programs: GET /?t=json.
type status struct {
	Introducers struct{ Statuses []string }
	Servers     []struct {
		NodeID string `json:"nodeid"`
		Status string `json:"connection_status"`
		// Version is there when the server has answered; "Connected" comes earlier, and an upload then still fails.
		Version *string `json:"version"`
	}
}

// Connected waits until the client is connected to the storage server whose node directory is dir, and says how long that took.
func (g *Grid) Connected(t testing.TB, dir string, limit time.Duration) time.Duration {
	t.Helper()
	// "pub-v0-…", made by the server's first start; the web server calls it "v0-…".
	id := strings.TrimPrefix(g.box.WaitFile(t, path.Join(dir, "node.pubkey"), nodeLimit), "pub-")
	start := time.Now()
	g.wait(t, limit, "the client to connect to server "+id, func(s status) bool {
		for _, server := range s.Servers {
			if server.NodeID == id && strings.HasPrefix(server.Status, "Connected") && server.Version != nil {
				return true
			}
		}
		return false
	})
	return time.Since(start)
}

// wait asks the client for its status until it is good. Tahoe's web server has no event for it.
func (g *Grid) wait(t testing.TB, limit time.Duration, what string, good func(status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var last []byte
	for {
		body, err := g.do(ctx, http.MethodGet, "/?t=json", nil)
		var s status
		if err == nil && json.Unmarshal(body, &s) == nil && good(s) {
			return
		}
		if err == nil {
			last = body
		}
		select {
		case <-ctx.Done():
			t.Fatalf("waited %v for %s: %v; the client's last word:\n%s", limit, what, err, last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Upload stores data on the grid's servers and returns its capability.
func (g *Grid) Upload(t testing.TB, data []byte) (capability string) {
	t.Helper()
	body, err := g.do(t.Context(), http.MethodPut, "/uri", data)
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	if strings.HasPrefix(string(body), "URI:LIT:") {
		t.Fatalf("%d bytes are so few that the capability holds them, and no server does", len(data))
	}
	return string(body)
}

// Download is the data that a capability stands for, fetched from the servers.
func (g *Grid) Download(t testing.TB, capability string) []byte {
	t.Helper()
	body, err := g.do(t.Context(), http.MethodGet, "/uri/"+capability, nil)
	if err != nil {
		t.Fatalf("download: %v", err)
	}
	return body
}

func (g *Grid) do(ctx context.Context, method, target string, data []byte) ([]byte, error) {
	url := fmt.Sprintf("http://127.0.0.1:%d%s", clientWebPort, target)
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain") // of an error, its words and not a page
	resp, err := g.web.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s: %s", resp.Status, body)
	}
	return body, nil
}
