package ui_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tahoe-anon/lab/canned"
	"tahoe-anon/lab/term"
)

// bin holds the programs that the tests run on a pty: the canned session on the real screen, and an empty one.
var bin string

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "8") // the tests wait more than they work
	dir, err := os.MkdirTemp("", "screen")
	if err != nil {
		panic(err)
	}
	bin = dir
	args := []string{"build", "-o", dir}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./testdata/canned", "./testdata/empty")...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under testdata:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// wizard is the canned session on a terminal.
type wizard struct {
	*term.Term
	log, gate string
}

// run starts the script; the options' Env is added to a usual one. It stops at the places in hold.
func run(t testing.TB, s canned.Script, hold string, o term.Opt) *wizard {
	t.Helper()
	script, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w := &wizard{log: filepath.Join(dir, "log"), gate: filepath.Join(dir, "gate")}
	if err := syscall.Mkfifo(w.gate, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Env = append([]string{
		"PATH=/usr/bin:/bin", "HOME=" + dir, "TERM=xterm-256color", "LANG=C.UTF-8",
		"CANNED=" + string(script), "CANNED_HOLD=" + hold, "CANNED_GATE=" + w.gate, "CANNED_LOG=" + w.log,
	}, o.Env...)
	w.Term = term.Start(t, o, filepath.Join(bin, "canned"))
	return w
}

// open lets the program go on from where it is held.
func (w *wizard) open() {
	w.Helper()
	f, err := os.OpenFile(w.gate, os.O_WRONLY, 0)
	if err != nil {
		w.Fatal(err)
	}
	f.Close()
}

// did says whether the program did something, by its log.
func (w *wizard) did(event string) bool {
	b, err := os.ReadFile(w.log)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // there is none before the first event
		w.Fatal(err)
	}
	return strings.Contains("\n"+string(b), "\n"+event+"\n")
}

// toReview answers every question with its default.
func (w *wizard) toReview() {
	w.Helper()
	w.See("enter next", "Found on this host")
	for _, q := range []string{"Who may learn", "Which node", "Introducer FURL", "Nickname"} {
		w.Press("enter")
		w.See(q)
	}
	w.Press("enter")
	w.See("a apply")
}

// apply agrees, and gives a password.
func (w *wizard) apply() {
	w.Helper()
	w.Press("a")
	w.See("Type yes")
	w.Press("yes", "enter")
	w.See("[sudo] password for alice:")
	w.Press("secret", "enter")
	w.Gone("[sudo]")
}
