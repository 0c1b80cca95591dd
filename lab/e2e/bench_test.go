//go:build lab

package e2e

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"tahoe-anon/lab"
)

// The times of whole commands, process start and all, on a server whose private Tor network is up:
//
//	go test -tags lab -run '^$' -bench . -benchtime 5x ./lab/e2e

// run runs a command that must end with want, and returns what it prints.
func run(b *testing.B, cmd *exec.Cmd, want int) string {
	b.Helper()
	out, status := lab.Try(b, cmd)
	if status != want {
		b.Fatalf("%q ends with %d:\n%s", cmd.Args, status, out)
	}
	return out
}

// takeBack undoes the last change, off the clock.
func takeBack(b *testing.B, box *lab.Box) {
	b.Helper()
	b.StopTimer()
	lab.Do(b, box.As("alice", program, "undo", "--yes"))
	b.StartTimer()
}

func benchBox(b *testing.B) *lab.Box {
	b.Helper()
	box := lab.Up(b)
	box.TorNetwork(b)
	install(b, box)
	allowSudo(box)
	lab.Do(b, box.Root("usermod", "-aG", "debian-tor", "alice"))
	lab.Do(b, box.As("alice", "tahoe", "create-node", "--hide-ip", "--listen=none", "existing"))
	return box
}

// BenchmarkProbe is what a probe of a healthy server takes.
func BenchmarkProbe(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		run(b, box.As("alice", program, "probe", "--json"), 0)
	}
}

// BenchmarkSetup is a node that exists until all is written, tor has read it and the address is the planned one.
func BenchmarkSetup(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		run(b, box.As("alice", program, "setup", "--yes", "--no-start-checks", "--start=none", "/home/alice/existing"), 7)
		takeBack(b, box)
	}
}

// BenchmarkSetupNew is the same for a node that Tahoe makes, which is mostly the start of Python.
func BenchmarkSetupNew(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		run(b, box.As("alice", program, "setup", "--yes", "--no-start-checks", "--start=none", node), 7)
		takeBack(b, box)
	}
}

// BenchmarkSetupProved is a new node until it has answered at its onion address, its own start in between.
func BenchmarkSetupProved(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		run(b, box.As("alice", program, "setup", "--yes", node), 0)
		takeBack(b, box)
	}
}

// BenchmarkProof is the proof alone, of a node that has been up for a while: the network's own time and ours.
func BenchmarkProof(b *testing.B) {
	box := benchBox(b)
	lab.Do(b, box.As("alice", program, "setup", "--yes", node))
	for b.Loop() {
		run(b, box.As("alice", program, "doctor", "--prove", node), 0)
	}
}

// BenchmarkTahoeListenTor is Tahoe's own way to an onion address, for comparison.
func BenchmarkTahoeListenTor(b *testing.B) {
	box := benchBox(b)
	for i := 0; b.Loop(); i++ {
		run(b, box.As("alice", "tahoe", "create-node", "--hide-ip", "--listen=tor", fmt.Sprintf("node%d", i)), 0)
	}
}

// BenchmarkMemory reports the peak of a whole setup, root's side too.
func BenchmarkMemory(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		out := run(b, box.As("alice", "python3", "-c", peak, program, "setup", "--yes", "--no-start-checks", "--start=none", "/home/alice/existing"), 7)
		var kib float64
		if _, err := fmt.Sscan(strings.TrimSpace(out[strings.LastIndex(out, "peak")+len("peak"):]), &kib); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(kib/1024, "MiB-peak")
		takeBack(b, box)
	}
}

// peak runs a command and prints the largest resident size of it and its children.
const peak = `
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, flush=True)
sys.exit(status)`
