//go:build lab

package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab"
)

// A public node that runs under somebody's own unit goes hidden: same identity, same shares, reachable at its onion
// alone; and undo makes it public again, byte for byte, and running.
func TestPublicNodeGoesHidden(t *testing.T) {
	t.Parallel()
	b := fresh(t)
	g := b.Grid(t)
	lab.Do(t, b.As("alice", "tahoe", "create-node", "--port=tcp:8098", "--location=tcp:127.0.0.1:8098", "--introducer="+g.FURL,
		"--nickname=shed", "--webport=tcp:3456", "--shares-needed=1", "--shares-happy=1", "--shares-total=1", node))
	unit := "[Service]\nUser=alice\nExecStart=/usr/bin/tahoe run --allow-stdin-close " + node + "\n"
	b.Put("/etc/systemd/system/shed.service", []byte(unit), 0o644, "root:root")
	lab.Do(t, b.Root("systemctl", "start", "shed.service"))
	tubID := b.WaitFile(t, node+"/my_nodeid", time.Minute)
	files := []string{"/etc/tor", "/etc/systemd/system", node + "/tahoe.cfg", node + "/my_nodeid", node + "/private/node.pem"}
	before := b.Snapshot(files...)

	out := lab.Do(t, b.As("alice", program, "setup", "--yes", node))
	if !strings.Contains(out, "It answered with its own identity") {
		t.Errorf("setup did not prove it:\n%s", out)
	}
	if got := strings.TrimSpace(b.Read(node + "/my_nodeid")); got != tubID {
		t.Errorf("the TubID changed from %s to %s", tubID, got)
	}
	if got := b.Read(node + "/tahoe.cfg"); !strings.Contains(got, "nickname = shed") {
		t.Errorf("the nickname is gone:\n%s", got)
	}
	listens := lab.Do(t, b.Root("ss", "-ltnHO", "sport", "=", "8098", "or", "sport", "=", "3456"))
	if strings.Contains(listens, "0.0.0.0:8098") || strings.Contains(listens, "0.0.0.0:3456") || !strings.Contains(listens, "127.0.0.1:8098") {
		t.Errorf("it listens so:\n%s", listens)
	}
	g.Connected(t, node, time.Minute)
	roundTrip(t, g)
	doctorContent(t, b)
	plansNothing(t, b)

	lab.Do(t, b.As("alice", program, "undo", "--yes"))
	if diff := cmp.Diff(before, b.Snapshot(files...)); diff != "" {
		t.Errorf("undo left a difference (-before +after):\n%s", diff)
	}
	lab.Do(t, b.Root("systemctl", "is-active", "shed.service", "tor@default.service"))
}

// Root, who works for alice, does alice's part as alice.
func TestAsRoot(t *testing.T) {
	t.Parallel()
	b := fresh(t)
	before := b.Snapshot(touched...)
	b.Put("/etc/sudoers.d/alice", []byte("alice ALL=(ALL) NOPASSWD: ALL\n"), 0o440, "root:root")
	lab.Do(t, b.As("alice", "sudo", "-n", program, "setup", "--yes", node))
	for name, e := range b.Snapshot(node) {
		if e.UID == 0 {
			t.Errorf("%s belongs to root", name)
		}
	}
	lab.Do(t, b.As("alice", "sudo", "-n", program, "undo", "--yes"))
	same(t, b, before)
}
