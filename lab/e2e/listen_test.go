//go:build lab

package e2e

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tahoe-anon/lab"
)

const (
	patience = 60  // seconds, longer than Tahoe itself says that it takes; then a command is ended
	timedOut = 124 // what timeout(1) then exits with
	nodeDir  = "/home/alice/node"
)

// situation is a server on which somebody wants a hidden node. Of what the commands do there, only the fields that are
// given are asserted.
type situation struct {
	name    string
	prepare func(*testing.T, *lab.Box)
	tahoe   outcome // `tahoe create-node --hide-ip --listen=tor`
	ours    outcome // `tahoe-anon setup --yes`
}

// outcome is what a command did there.
type outcome struct {
	status int
	took   time.Duration
	words  string   // everything that it printed
	left   []string // files of the node directory, relative to it
}

var situations = []situation{
	{
		name: "tor is down", prepare: torDown,
		tahoe: outcome{status: 1, words: "ValueError: unable to reach any default Tor control port", left: []string{"tahoe.cfg"}},
		ours:  outcome{status: 1, words: "tor does not run"},
	},
	{
		name: "not in group debian-tor", prepare: func(t *testing.T, b *lab.Box) { b.TorNetwork(t) },
		tahoe: outcome{status: 1, words: "Permission denied", left: []string{"tahoe.cfg"}},
		ours:  outcome{status: 0, words: "It answered with its own identity", left: []string{"tahoe.cfg"}},
	},
	{
		name: "tor has not bootstrapped", prepare: member(bootstrapping),
		tahoe: outcome{status: timedOut, words: "allocating .onion address (takes ~40s)", left: []string{"tahoe.cfg"}},
		ours:  outcome{status: 7, words: "connected to its network", left: []string{"tahoe.cfg"}},
	},
	{
		name: "all is well", prepare: member(func(t *testing.T, b *lab.Box) { b.TorNetwork(t) }),
		tahoe: outcome{status: 0, words: "Node created in", left: []string{"tahoe.cfg", "private/tor_onion.privkey"}},
		ours:  outcome{status: 0, words: "It answered with its own identity", left: []string{"tahoe.cfg"}},
	},
}

func torDown(t *testing.T, b *lab.Box) { b.Stop("tor.service"); b.Stop("tor@default.service") }

// bootstrapping is how a box comes up: its tor listens, and reaches nobody.
func bootstrapping(*testing.T, *lab.Box) {}

func member(then func(*testing.T, *lab.Box)) func(*testing.T, *lab.Box) {
	return func(t *testing.T, b *lab.Box) {
		lab.Do(t, b.Root("usermod", "-aG", "debian-tor", "alice"))
		then(t, b)
	}
}

// The real `tahoe create-node --hide-ip --listen=tor` and ours, side by side on servers of their own, told by running
// them. Ours does more in its time: it starts the node and asks for it through Tor. The table goes to the end of ./test.
func TestBesideListenTor(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	rows := map[string]string{}
	t.Run("each", func(t *testing.T) {
		for _, s := range situations {
			for _, c := range []struct {
				argv []string
				want outcome
			}{
				{[]string{"tahoe", "create-node", "--hide-ip", "--listen=tor", nodeDir}, s.tahoe},
				{[]string{program, "setup", "--yes", nodeDir}, s.ours},
			} {
				t.Run(s.name+"/"+path.Base(c.argv[0]), func(t *testing.T) {
					t.Parallel()
					b := lab.Up(t)
					install(t, b)
					s.prepare(t, b)
					allowSudo(b)
					got := try(t, b, c.argv...)
					check(t, got, c.want)
					mu.Lock()
					defer mu.Unlock()
					rows[s.name+c.argv[0]] = row(s.name, strings.Join(c.argv[:len(c.argv)-1], " "), got)
				})
			}
		}
	})
	for _, s := range situations {
		lab.Record(t, rows[s.name+"tahoe"]+rows[s.name+program])
	}
}

// try runs argv as alice with limited patience.
func try(t *testing.T, b *lab.Box, argv ...string) outcome {
	t.Helper()
	limited := append([]string{"env", "PYTHONUNBUFFERED=1", "timeout", "--kill-after=5", fmt.Sprint(patience)}, argv...)
	start := time.Now()
	out, status := lab.Try(t, b.As("alice", limited...))
	o := outcome{status: status, took: time.Since(start), words: out}
	files := b.Snapshot(nodeDir)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if files[name].Mode.IsRegular() {
			o.left = append(o.left, strings.TrimPrefix(name, nodeDir+"/"))
		}
	}
	return o
}

func check(t *testing.T, got, want outcome) {
	t.Helper()
	if got.status != want.status || !strings.Contains(got.words, want.words) {
		t.Errorf("exit status %d, and it said:\n%s\nwant %d and %q", got.status, got.words, want.status, want.words)
	}
	if want.left == nil && len(got.left) > 0 {
		t.Errorf("it left %q", got.left)
	}
	for _, file := range want.left {
		if !slices.Contains(got.left, file) {
			t.Errorf("it left %q; want %s among them", got.left, file)
		}
	}
}

// row is some lines of the table: the situation and the command, what came of it, its last words.
func row(situation, command string, o outcome) string {
	ended := fmt.Sprintf("exit %d after %.1f s", o.status, o.took.Seconds())
	if o.status == timedOut {
		ended = fmt.Sprintf("had not ended after %d s", patience)
	}
	lines := strings.Split(strings.TrimSpace(o.words), "\n")
	left := "nothing"
	if len(o.left) > 0 {
		left = fmt.Sprintf("%s: %s", path.Base(nodeDir), strings.Join(o.left, " "))
	}
	return fmt.Sprintf("%s: %s\n    %s, %d lines, the last: %s\n    left behind: %s\n",
		situation, command, ended, len(lines), strings.TrimSpace(lines[len(lines)-1]), left)
}
