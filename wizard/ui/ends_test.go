package ui_test

import (
	"syscall"
	"testing"

	"tahoe-anon/lab/canned"
	"tahoe-anon/lab/term"
)

// end is a way in which a wizard is left, and the exit status that tells it.
type end struct {
	name   string
	do     func(w *wizard)
	status int
}

var ends = []end{
	{"ctrl+c", func(w *wizard) { w.Press("ctrl+c") }, 130},
	{"SIGINT", func(w *wizard) { w.Signal(syscall.SIGINT) }, 130},
	{"SIGTERM", func(w *wizard) { w.Signal(syscall.SIGTERM) }, 143},
	{"SIGHUP", func(w *wizard) { w.Signal(syscall.SIGHUP) }, 129},
	{"hang-up", func(w *wizard) { w.Hangup() }, 129},
}

// However a page is left before the changes, the program ends at once, nothing was begun, and the terminal is
// as it was.
func TestLeave(t *testing.T) {
	for _, p := range before {
		for _, e := range ends {
			t.Run(p.name+"/"+e.name, func(t *testing.T) {
				t.Parallel()
				w := p.open(t, term.Opt{})
				e.do(w)
				if got := w.Exit(); got != e.status {
					t.Errorf("exit status %d; want %d", got, e.status)
				}
				if w.did("apply") || w.did("prove") {
					t.Error("something was begun")
				}
				if e.name != "hang-up" && !w.Restored() {
					t.Errorf("the terminal is not as it was; it shows:\n%s", w.Screen())
				}
			})
		}
	}
}

// While a password is asked for, the terminal is the prompt's; a signal ends both.
func TestLeavePassword(t *testing.T) {
	for _, e := range ends[2:] {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "", term.Opt{})
			w.toReview()
			w.Press("a", "yes", "enter")
			w.See("[sudo] password for alice:")
			e.do(w)
			if got := w.Exit(); got != e.status {
				t.Errorf("exit status %d; want %d", got, e.status)
			}
			if w.did("apply") {
				t.Error("it was applied")
			}
			if e.name != "hang-up" && !w.Restored() {
				t.Error("the terminal is not as it was")
			}
		})
	}
}

// Ctrl-C at the password is the prompt's. A password that is not given leads back to the review.
func TestNoPassword(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	w.toReview()
	w.Press("a", "yes", "enter")
	w.See("[sudo] password for alice:")
	if w.Alternate() {
		t.Error("the prompt is on the alternate screen")
	}
	w.Signal(syscall.SIGINT)
	w.Press("enter")
	w.See("Nothing was changed. sudo did not accept", "a apply")
	w.apply()
	w.See("enter finish")
	w.Press("enter")
	if got := w.Exit(); got != 0 {
		t.Errorf("exit status %d", got)
	}
}

// What was agreed to is brought to an end, whatever happens to the screen.
func TestLeaveWhileApplying(t *testing.T) {
	for _, e := range []struct {
		end
		applied bool
	}{
		{end{"SIGTERM", ends[2].do, 143}, false},
		{end{"SIGHUP", ends[3].do, 129}, true},
		{end{"hang-up", ends[4].do, 129}, true},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "apply prove", term.Opt{})
			toApply(w)
			w.See("> Add the onion service")
			e.do(w)
			if e.applied {
				w.open() // the gate has a reader only while the program is still there
			}
			if got := w.Exit(); got != e.status {
				t.Errorf("exit status %d; want %d", got, e.status)
			}
			if w.did("applied") != e.applied || w.did("taken back") == e.applied || w.did("proved") {
				t.Errorf("applied %v, taken back %v, proved %v", w.did("applied"), w.did("taken back"), w.did("proved"))
			}
			if e.name != "hang-up" && !w.Restored() {
				t.Error("the terminal is not as it was")
			}
		})
	}
}

// Ctrl-C asks once while something may be half done.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, key := range []struct {
		name string
		do   func(w *wizard)
	}{{"ctrl+c", ends[0].do}, {"SIGINT", ends[1].do}} {
		t.Run(key.name, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "apply", term.Opt{})
			toApply(w)
			w.See("> Add the onion service")
			key.do(w)
			w.See("Stop, and take everything back? [y/N]")
			w.Press("enter")
			w.Gone("[y/N]")
			key.do(w)
			w.See("[y/N]")
			w.Press("y")
			w.See("Stopped.", "This host is as it was before.", "enter finish")
			w.Press("enter")
			if got := w.Exit(); got != 5 || !w.did("taken back") {
				t.Errorf("exit status %d; taken back: %v", got, w.did("taken back"))
			}
		})
	}
}

// The proof may be left: what was set up stays.
func TestStopProof(t *testing.T) {
	for _, e := range []end{
		{"ctrl+c", func(w *wizard) {
			w.Press("ctrl+c")
			w.See("What was set up stays. [y/N]")
			w.Press("y")
			w.See("The proof was stopped", "tahoe-anon undo", "enter finish")
			w.Press("enter")
		}, 1},
		ends[2], ends[3], ends[4],
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			w := run(t, canned.Script{}, "prove", term.Opt{})
			toApply(w)
			w.See("> A fresh circuit")
			e.do(w)
			if got := w.Exit(); got != e.status {
				t.Errorf("exit status %d; want %d", got, e.status)
			}
			if !w.did("applied") || w.did("taken back") || w.did("proved") {
				t.Error("it did not stay as it was set up")
			}
			if e.name != "hang-up" && !w.Restored() {
				t.Error("the terminal is not as it was")
			}
		})
	}
}

// In a session without a shell the kernel ignores SIGTSTP: Ctrl-Z must not wait for a SIGCONT that never comes.
func TestStopKeyWithoutShell(t *testing.T) {
	t.Parallel()
	w := run(t, canned.Script{}, "", term.Opt{})
	w.See("enter next")
	w.Press("ctrl+z", "enter")
	w.See("Who may learn")
}
