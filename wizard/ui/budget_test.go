package ui_test

import (
	"path/filepath"
	"sort"
	"testing"
	"time"

	"tahoe-anon/lab/canned"
	"tahoe-anon/lab/term"
)

// walk is the whole way of somebody who reads: an arrow, a help page, an error, the review to its end.
func walk(w *wizard) {
	w.See("enter next")
	w.Press("enter")
	w.See("Who may learn")
	w.Press("down")
	w.See("Everybody in the grid learns")
	w.Press("up", "?")
	w.See("Help:")
	w.Press("esc")
	w.Gone("Help:")
	w.Press("enter")
	w.See("Which node")
	w.Press("backspace", "enter")
	w.See("Introducer FURL")
	w.Press("x", "enter")
	w.See("a FURL begins with")
	w.Press("backspace", "enter")
	w.See("Nickname")
	w.Press("enter")
	w.See("a apply")
	for range 3 {
		w.Press("pgdown")
		w.Settle(50 * time.Millisecond)
	}
	w.apply()
	w.See("enter finish")
}

// The whole wizard fits through a thin line and into a small machine.
func TestBudget(t *testing.T) {
	w := run(t, canned.Script{}, "", term.Opt{})
	walk(w)
	if kib := w.PeakKiB(); kib > 30<<10 && !race { // the race detector takes ten times as much
		t.Errorf("%d KiB at the peak; the limit is 30 MiB", kib)
	}
	w.Press("enter")
	if got := w.Exit(); got != 0 {
		t.Errorf("exit status %d", got)
	}
	if n := len(w.Raw()); n > 10_000 {
		t.Errorf("%d bytes for the walk; the limit is 10000", n)
	}
	if !w.Restored() {
		t.Error("the terminal is not as it was")
	}
}

// BenchmarkWalkBytes tells what the walk sends at 80x24, and the peak memory.
func BenchmarkWalkBytes(b *testing.B) {
	for b.Loop() {
		w := run(b, canned.Script{}, "", term.Opt{})
		walk(w)
		b.ReportMetric(float64(w.PeakKiB()), "peak-KiB")
		w.Press("enter")
		w.Exit()
		b.ReportMetric(float64(len(w.Raw())), "bytes/walk")
	}
}

// BenchmarkFirstFrame compares the time from typing the command to the first frame with that of an empty
// bubbletea program, side by side, on a fast line and on one with a round trip of 150 ms.
func BenchmarkFirstFrame(b *testing.B) {
	for _, rtt := range []time.Duration{0, 150 * time.Millisecond} {
		b.Run(rtt.String(), func(b *testing.B) {
			var ours, empty []time.Duration
			for b.Loop() {
				e := term.Start(b, term.Opt{RTT: rtt, Env: []string{"TERM=xterm-256color", "LANG=C.UTF-8"}}, filepath.Join(bin, "empty"))
				e.See("empty")
				empty = append(empty, e.Since())
				e.Kill()
				w := run(b, canned.Script{}, "", term.Opt{RTT: rtt})
				w.See("What is on this host")
				ours = append(ours, w.Since())
				w.Kill()
			}
			b.ReportMetric(median(ours).Seconds()*1000, "ms/ours")
			b.ReportMetric(median(empty).Seconds()*1000, "ms/empty")
			b.ReportMetric(float64(median(ours))/float64(median(empty)), "ours/empty")
		})
	}
}

func median(d []time.Duration) time.Duration {
	sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
	return d[len(d)/2]
}
