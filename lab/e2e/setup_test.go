//go:build lab

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab"
	"tahoe-anon/lab/term"
)

const node = "/home/alice/.tahoe"

var pictures = flag.String("pictures", "", "write the README's pictures, of the screens of TestFreshLogin, into this `directory`")

// picture keeps the screen as it is.
func picture(t *testing.T, tt *term.Term, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*pictures, name+".svg"), []byte(tt.SVG(term.Dark)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// touched are the places that a run may change. What the journal keeps is not among them.
var touched = []string{"/etc/tor", "/etc/systemd/system", node}

// The first whole run, as its user sees it: ssh, the wizard's screens at 80x24, a sudo password, the proof; then a
// client of somebody else's stores and fetches a file through the onion, doctor is content, and undo takes it all back.
func TestFreshLogin(t *testing.T) {
	for _, c := range []struct{ name, group string }{
		{"not in group debian-tor", ""},
		{"in group debian-tor", "debian-tor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := lab.Up(t)
			g := b.Grid(t)
			install(t, b)
			if c.group != "" {
				lab.Do(t, b.Root("adduser", "--quiet", "alice", c.group))
			}
			before := b.Snapshot(touched...)
			services := torServices(t, b)

			tt := term.Start(t, term.Opt{Limit: time.Minute}, b.SSH("alice", program).Args...)
			walk(t, tt, g.FURL)
			address := regexp.MustCompile(`[a-z2-7]{56}\.onion:[0-9]+`)
			tt.Until("the address", func(s string) bool { return address.MatchString(s) || strings.Contains(s, "Done.") })
			tt.Press("enter")
			if code := tt.Exit(); code != 0 {
				t.Fatalf("the wizard ended with %d:\n%s", code, tt.Screen())
			}
			if n := len(tt.Raw()); n >= 10_000 {
				t.Errorf("the wizard sent %d bytes", n)
			} else {
				lab.Record(t, fmt.Sprintf("%8d B  sent by the whole wizard at 80x24\n", n))
			}

			lab.Measure(t, "client of the grid connected to the new server", g.Connected(t, node, time.Minute))
			roundTrip(t, g)
			doctorContent(t, b)
			plansNothing(t, b)

			undo(t, b)
			after := b.Snapshot(touched...)
			maps.DeleteFunc(after, setAside)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("undo left a difference (-before +after):\n%s", diff)
			}
			if got := torServices(t, b); got != services {
				t.Errorf("tor keeps services: %s", got)
			}
			lab.Do(t, b.Root("systemctl", "is-active", "tor@default.service"))
			if out, status := lab.Try(t, b.Root("sh", "-c", "ls -d "+node+".undone-*/storage/shares")); status != 0 {
				t.Errorf("the stored shares were not set aside: %s", out)
			}
		})
	}
}

// walk goes through the wizard with its defaults, and a FURL.
func walk(t *testing.T, tt *term.Term, furl string) {
	t.Helper()
	tt.See("What is on this host", "Debian GNU/Linux 13", "tor", "tahoe", "1.20.0", "enter")
	picture(t, tt, "found")
	tt.Press("enter")
	tt.See("Which node directory?", node)
	tt.Press("enter")
	tt.See("Introducer FURL of your grid")
	tt.Paste(furl)
	tt.Press("enter")
	tt.See("Nickname of the node", "storage")
	tt.Press("enter")
	tt.See("Who starts the node?", "systemd")
	tt.Press("enter")
	tt.See("Review", "What others can see")
	tt.See("a apply")
	picture(t, tt, "review")
	tt.Press("a")
	tt.See("Type yes")
	tt.Press("yes", "enter")
	tt.See("Password")
	tt.Press("alice", "enter")
	tt.See("Done.", "enter finish")
	picture(t, tt, "done")
}

func doctorContent(t *testing.T, b *lab.Box) {
	t.Helper()
	for _, cmd := range [][]string{{program, "doctor", "--prove", node}, {program, "doctor", node}} {
		if out, status := lab.Try(t, b.As("alice", cmd...)); status != 0 {
			t.Errorf("%q ends with %d:\n%s", cmd, status, out)
		}
	}
	out := lab.Do(t, b.Root(program, "doctor", "--json", node))
	var report struct {
		Verdict string
		Nodes   []struct {
			Findings []struct{ ID, Level string }
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Verdict != "ok" || len(report.Nodes) != 1 {
		t.Errorf("for root, doctor says %s", out)
	}
	for _, f := range report.Nodes[0].Findings {
		if f.Level == "fail" || f.Level == "warn" || f.Level == "unknown" {
			t.Errorf("for root, doctor has %s %s", f.Level, f.ID)
		}
	}
}

// plansNothing runs setup again with the same answers.
func plansNothing(t *testing.T, b *lab.Box) {
	t.Helper()
	var got struct {
		Plan struct{ Steps []struct{ ID string } }
	}
	out := lab.Do(t, b.As("alice", program, "setup", "--dry-run", "--json", "--yes", node))
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got.Plan.Steps) != 0 {
		t.Errorf("a second run plans %+v", got.Plan.Steps)
	}
}

func undo(t *testing.T, b *lab.Box) {
	t.Helper()
	tt := term.Start(t, term.Opt{Limit: time.Minute}, b.SSH("alice", program, "undo").Args...)
	tt.See("Type yes")
	tt.Press("yes", "enter")
	tt.See("Password")
	tt.Press("alice", "enter")
	if code := tt.Exit(); code != 0 {
		t.Fatalf("undo ended with %d:\n%s", code, tt.Screen())
	}
}

// setAside are the nodes that undo keeps.
func setAside(name string, _ lab.Entry) bool { return strings.Contains(name, ".undone-") }

// torServices is what tor has below its directory that is an onion service's.
func torServices(t *testing.T, b *lab.Box) string {
	t.Helper()
	return lab.Do(t, b.Root("find", "/var/lib/tor", "-mindepth", "1", "-maxdepth", "1", "-type", "d", "-name", "tahoe*"))
}
