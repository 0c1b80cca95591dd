//go:build lab

package e2e

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"tahoe-anon/lab"
)

// A hidden grid, set up by hand after the upstream document, works in the lab: where a run of the program fails,
// it is not the lab's fault.
func TestHiddenGridByHand(t *testing.T) {
	t.Parallel()
	b := lab.Up(t)
	g := b.Grid(t)
	torrc := b.Read("/etc/tor/torrc") + "HiddenServiceDir /var/lib/tor/server\nHiddenServicePort 30000 127.0.0.1:20000\n"
	b.Put("/etc/tor/torrc", []byte(torrc), 0o644, "root:root")
	lab.Do(t, b.Root("systemctl", "reload", "tor@default"))
	onion := b.WaitFile(t, "/var/lib/tor/server/hostname", 10*time.Second)

	lab.Do(t, b.As("alice", "tahoe", "create-node", "--hide-ip", "--port=tcp:20000:interface=127.0.0.1",
		fmt.Sprintf("--location=tor:%s:30000", onion), "--introducer="+g.FURL,
		"--shares-needed=1", "--shares-happy=1", "--shares-total=1", "server"))
	b.StartNode(t, "alice-server", "alice", "/home/alice/server")
	lab.Measure(t, "client of the grid connected to a new server", g.Connected(t, "/home/alice/server", time.Minute))

	roundTrip(t, g)
	if shares := lab.Do(t, b.Root("find", "/home/alice/server/storage/shares", "-type", "f")); strings.Count(shares, "\n") != 1 {
		t.Errorf("want the one share of the file on the server; found:\n%s", shares)
	}
}

// roundTrip uploads a file of some size through the onion and gets the same bytes back.
func roundTrip(t *testing.T, g *lab.Grid) {
	t.Helper()
	data := make([]byte, 300_000) // three segments of Tahoe's
	rand.Read(data)
	start := time.Now()
	capability := g.Upload(t, data)
	if got := g.Download(t, capability); !bytes.Equal(got, data) {
		t.Errorf("downloaded %d bytes that are not the %d uploaded", len(got), len(data))
	}
	lab.Measure(t, "300 kB uploaded and downloaded through the onion", time.Since(start))
}
