//go:build lab

package e2e

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab"
	"tahoe-anon/lab/term"
)

// fresh is a server on which alice may sudo without a password, so that runs need no terminal.
func fresh(t *testing.T) *lab.Box {
	t.Helper()
	b := lab.Up(t)
	b.TorNetwork(t)
	install(t, b)
	allowSudo(b)
	return b
}

// allowSudo lets alice open the root side without a password.
func allowSudo(b *lab.Box) {
	b.Put("/etc/sudoers.d/alice", []byte("alice ALL=(ALL) NOPASSWD: "+program+" root\n"), 0o440, "root:root")
}

// same says what differs between a snapshot and the host as it is now.
func same(t *testing.T, b *lab.Box, before map[string]lab.Entry) {
	t.Helper()
	after := b.Snapshot(touched...)
	maps.DeleteFunc(after, setAside)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something is left behind (-before +after):\n%s", diff)
	}
	if got := torServices(t, b); got != "" {
		t.Errorf("tor keeps %s", got)
	}
	lab.Do(t, b.Root("systemctl", "is-active", "tor@default.service"))
}

func TestFailuresLeaveNothing(t *testing.T) {
	t.Parallel()
	b := fresh(t)
	setup := func() *exec.Cmd { return b.As("alice", program, "setup", "--yes", node) }

	for _, c := range []struct {
		name   string
		breaks func()
		mends  func()
		status int
		says   string
	}{
		{
			"tor rejects the candidate",
			func() {
				lab.Do(t, b.Root("sh", "-c", "cp -a /etc/tor/torrc /srv/torrc && echo NoSuchOption 1 >>/etc/tor/torrc"))
			},
			func() { lab.Do(t, b.Root("cp", "-a", "/srv/torrc", "/etc/tor/torrc")) },
			5, "NoSuchOption",
		},
		{
			"the disk is full",
			func() {
				lab.Do(t, b.Root("sh", "-c", "cp -a /etc/tor /srv/tor && mount -t tmpfs -o size=12k,mode=755 tmpfs /etc/tor && cp -a /srv/tor/torrc /etc/tor/"))
			},
			func() { lab.Do(t, b.Root("umount", "/etc/tor")) },
			5, "the disk is full",
		},
		{
			"create-node fails",
			func() {
				lab.Do(t, b.Root("sh", "-c", "mv /usr/bin/tahoe /usr/bin/tahoe.real && printf '#!/usr/bin/python3\\nimport os, sys\\nos.mkdir(sys.argv[-1]); sys.exit(3)\\n' >/usr/bin/tahoe && chmod 755 /usr/bin/tahoe"))
			},
			func() { lab.Do(t, b.Root("mv", "/usr/bin/tahoe.real", "/usr/bin/tahoe")) },
			5, "create-node",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.breaks()
			mended := false
			mend := func() {
				if !mended {
					c.mends()
				}
				mended = true
			}
			defer mend()
			before := b.Snapshot(touched...)
			out, status := lab.Try(t, setup())
			if status != c.status || !strings.Contains(out, c.says) || !strings.Contains(out, "as it was before") {
				t.Errorf("setup ends with %d; want %d and %q:\n%s", status, c.status, c.says, out)
			}
			same(t, b, before)
		})
	}
}

// A file that changes between the review and the approval stops everything.
func TestChangedAfterReview(t *testing.T) {
	t.Parallel()
	b := fresh(t)
	tt := term.Start(t, term.Opt{Limit: 30 * time.Second}, b.SSH("alice", program, "setup", "--nickname=x", "--introducer=", "--start=service", node).Args...)
	tt.See("What is on this host", "enter")
	tt.Press("enter")
	tt.See("Review", "a apply")
	lab.Do(t, b.Root("sh", "-c", "echo '# a line of somebody else' >>/etc/tor/torrc"))
	before := b.Snapshot(touched...)
	tt.Press("a")
	tt.See("Type yes")
	tt.Press("yes", "enter")
	tt.See("/etc/tor/torrc changed after you reviewed the plan")
	tt.Press("enter")
	if code := tt.Exit(); code == 0 {
		t.Errorf("setup ended with 0")
	}
	same(t, b, before)
}

// Ctrl-C at each page, and at the password, changes nothing.
func TestAbortAtEachPage(t *testing.T) {
	t.Parallel()
	b := lab.Up(t)
	b.TorNetwork(t)
	install(t, b)
	before := b.Snapshot(touched...)
	pages := []struct{ see, press string }{
		{"What is on this host", "enter"},
		{"Which node directory?", "enter"},
		{"Introducer FURL", "enter"},
		{"Nickname of the node", "enter"},
		{"Who starts the node?", "enter"},
		{"a apply", "a"},
		{"Type yes", "yes\r"},
		{"Password", ""},
	}
	for last := range pages {
		t.Run(pages[last].see, func(t *testing.T) {
			tt := term.Start(t, term.Opt{Limit: 30 * time.Second}, b.SSH("alice", program).Args...)
			for i, p := range pages[:last+1] {
				tt.See(p.see)
				if i < last {
					tt.Press(p.press)
				}
			}
			if pages[last].see == "Password" {
				tt.Settle(300 * time.Millisecond) // sudo drops what is typed while it shows its prompt
			}
			tt.Press("ctrl+c")
			if pages[last].see == "Password" {
				tt.See("Nothing was changed", "Review")
				tt.Press("ctrl+c")
			}
			if code := tt.Exit(); code != 130 {
				t.Errorf("ended with %d:\n%s", code, tt.Screen())
			}
			same(t, b, before)
		})
	}
}

// The whole program, root's side too, is killed when its two journals have two more lines each time, which is a step
// further. The next start says so, and undo brings the host back, or finish brings it on. (What lies within a step is
// for the tests of package writers.)
func TestKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	b := fresh(t)
	before := b.Snapshot(touched...)
	kills := 0
	for lines := 2; killedAt(t, b, lines); lines += 2 {
		out, status := lab.Try(t, b.As("alice", program, "setup", "--yes", node))
		if status == 0 {
			break // it was killed while it proved what was done
		}
		kills++
		m := regexp.MustCompile(`tahoe-anon undo ([0-9a-f-]+)`).FindStringSubmatch(out)
		if m == nil || !strings.Contains(out, "was interrupted") {
			t.Fatalf("after a kill at line %d, setup ends with %d:\n%s", lines, status, out)
		}
		if kills%2 == 0 {
			lab.Do(t, b.As("alice", program, "finish", "--yes", m[1]))
			plansNothing(t, b)
		}
		if kills == 1 {
			offered(t, b)
		} else {
			lab.Do(t, b.As("alice", program, "undo", "--yes", m[1]))
		}
		same(t, b, before)
		if t.Failed() {
			t.Fatalf("killed at line %d of the journal", lines)
		}
		lab.Do(t, b.Root("sh", "-c", "rm -rf "+node+".undone-*"))
	}
	if kills < 4 { // on a busy machine a step or two pass before the kill
		t.Errorf("it was killed %d times only; there are 8 steps", kills)
	}
}

// offered logs in again: the wizard offers to take the interrupted change back, does so, and begins anew.
func offered(t *testing.T, b *lab.Box) {
	t.Helper()
	tt := term.Start(t, term.Opt{Limit: 30 * time.Second}, b.SSH("alice", program).Args...)
	tt.See("This host is between its old state and the new one", "Type finish")
	tt.Press("undo", "enter")
	tt.See("What is on this host", "enter next")
	tt.Press("ctrl+c")
	if code := tt.Exit(); code != 130 {
		t.Errorf("the wizard ended with %d", code)
	}
}

// killedAt starts setup and kills all of it when the journals have so many lines. It is false when setup ended first.
func killedAt(t *testing.T, b *lab.Box, lines int) bool {
	t.Helper()
	lab.Do(t, b.Root("rm", "-rf", "/home/alice/.local/state/tahoe-anon", "/var/lib/tahoe-anon"))
	b.Start("killed", "alice", program, "setup", "--yes", node)
	for {
		if journalLines(t, b) >= lines {
			lab.Try(t, b.Root("systemctl", "kill", "--kill-whom=all", "--signal=KILL", "killed.service"))
			lab.Try(t, b.Root("systemctl", "stop", "killed.service"))
			return true
		}
		if _, status := lab.Try(t, b.Root("systemctl", "is-active", "--quiet", "killed.service")); status != 0 {
			return false
		}
	}
}

func journalLines(t *testing.T, b *lab.Box) (n int) {
	t.Helper()
	for _, journal := range []string{"home/alice/.local/state/tahoe-anon/journal", "var/lib/tahoe-anon/journal"} {
		logs, err := filepath.Glob(filepath.Join(b.Dir, "root", journal, "*/log"))
		if err != nil {
			t.Fatal(err)
		}
		for _, log := range logs {
			if text, err := os.ReadFile(log); err == nil {
				n += bytes.Count(text, []byte("\n"))
			}
		}
	}
	return n
}

// Somebody without sudo gets a plan and the command for an administrator; after that, there is nothing left to plan.
func TestWithoutSudo(t *testing.T) {
	t.Parallel()
	b := lab.Up(t)
	b.TorNetwork(t)
	install(t, b)
	home := "/home/bob/.tahoe"
	before := b.Snapshot("/etc/tor", "/etc/systemd/system", home)
	out, status := lab.Try(t, b.As("bob", program, "setup", "--yes", home))
	m := regexp.MustCompile(`does it with: sudo (\S+) apply (\S+)`).FindStringSubmatch(out)
	if status != 4 || m == nil {
		t.Fatalf("setup ends with %d:\n%s", status, out)
	}
	if diff := cmp.Diff(before, b.Snapshot("/etc/tor", "/etc/systemd/system", home)); diff != "" {
		t.Errorf("something changed:\n%s", diff)
	}
	if out, status := lab.Try(t, b.Root(m[1], "apply", "--yes", m[2])); status != 7 || !strings.Contains(out, "doctor --prove") {
		t.Errorf("apply ends with %d; want 7, for nothing is proved yet:\n%s", status, out)
	}
	if _, status := lab.Try(t, b.Root("test", "-e", m[2])); status == 0 {
		t.Error("the plan that was carried out is still there, with the onion's key")
	}
	if owner := strings.TrimSpace(lab.Do(t, b.Root("stat", "-c", "%U", home+"/tahoe.cfg"))); owner != "bob" {
		t.Errorf("tahoe.cfg belongs to %s", owner)
	}
	if out, status := lab.Try(t, b.As("bob", program, "setup", "--yes", home)); status != 0 {
		t.Errorf("after the administrator, setup ends with %d:\n%s", status, out)
	}
	lab.Do(t, b.Root(program, "undo", "--yes"))
	after := b.Snapshot("/etc/tor", "/etc/systemd/system", home)
	maps.DeleteFunc(after, setAside)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("undo left a difference:\n%s", diff)
	}
}
