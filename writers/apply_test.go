package writers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApplyThenUndo(t *testing.T) {
	for _, who := range []string{"two sides", "root alone"} {
		t.Run(who, func(t *testing.T) {
			w := newWorld(t)
			before := w.snapshot()
			a := w.applier()
			if who == "root alone" {
				a = w.root()
			}
			var events []Event
			a.Report = func(e Event) { events = append(events, e) }
			p, secrets := w.plan()
			if who == "root alone" { // root follows no link that others made, as this test may be one of them
				p.Steps[6].Write.Path = w.path("node-old/tahoe.cfg")
				p.Seal()
			}
			r, err := a.Apply(t.Context(), p, secrets)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Done) != len(p.Steps) {
				t.Errorf("done %v", r.Done)
			}
			for name, want := range map[string]string{
				"etc/torrc": newTorrc, "daemon": newTorrc, "data/tahoe/key": key, "node/tahoe.cfg": "[node]\nreveal-IP-address = false\n",
				"node-old/tahoe.cfg": "# yours\n",
			} {
				if got := w.read(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if got := w.was("node-old/tahoe.cfg").Mode; got != 0o640 {
				t.Errorf("mode %v was not kept", got)
			}
			if to, _ := os.Readlink(w.path("etc/link.cfg")); to != "../node-old/tahoe.cfg" {
				t.Errorf("the link is gone: %q", to)
			}
			noSecrets(t, "events", events)
			noSecrets(t, "receipt", r)
			w.journalIsPrivate()

			h, err := a.History()
			must(t, err)
			if len(h) != 1 || h[0].Phase != Applied || h[0].Unfinished() {
				t.Errorf("history %+v", h)
			}
			for range 2 { // twice is safe
				if _, err := a.Undo(t.Context(), p.ID); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, w.snapshot()); diff != "" {
					t.Fatal(diff)
				}
			}
			w.journalIsPrivate()
			w.keyIsKept()

			// The very same plan can be applied again, and undone again.
			if _, err := a.Apply(t.Context(), p, secrets); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Undo(t.Context(), p.ID); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// journalIsPrivate checks modes, and that what all may read has no secret and no file's content.
func (w *world) journalIsPrivate() {
	w.t.Helper()
	for _, journal := range []string{"journal", "journal-root"} {
		must(w.t, filepath.WalkDir(w.path(journal), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			must(w.t, err)
			info, err := d.Info()
			must(w.t, err)
			private := journal == "journal" || strings.Contains(path, "/private") || d.Name() == "lock"
			if private && info.Mode().Perm()&0o077 != 0 {
				w.t.Errorf("%s has mode %v", path, info.Mode())
			}
			if d.Name() == "log" {
				b, err := os.ReadFile(path)
				must(w.t, err)
				noSecrets(w.t, path, string(b))
				if strings.Contains(string(b), "HiddenService") || strings.Contains(string(b), "onion") {
					w.t.Errorf("%s has content: %s", path, b)
				}
			}
			return nil
		}))
	}
}

// keyIsKept: a key that undo removed can be had back, from exactly one journal.
func (w *world) keyIsKept() {
	w.t.Helper()
	found, err := filepath.Glob(w.path("journal*/*/private/secret." + SumOf([]byte(key))))
	must(w.t, err)
	if len(found) != 1 || !strings.Contains(found[0], "journal-root") && len(w.bytes("journal/change-1/log")) > 0 {
		w.t.Errorf("the key is in %v", found)
	}
}

// Each row breaks one thing; the plan must fail with that cause, and leave everything as it was before.
func TestFailureLeavesNothing(t *testing.T) {
	for _, row := range []struct {
		name    string
		break_  func(w *world, p *Plan)
		cause   func(error) bool
		nothing bool // refused before anything was begun
	}{
		{"judge rejects", func(w *world, p *Plan) {
			p.Steps[2].Write.Verify.Argv = []string{"sh", "-c", "echo no such option >&2; exit 1"}
		}, is(func(e *RejectedError) bool { return e.Step == "torrc" && e.Output == "no such option" }), false},
		{"judge is missing", func(w *world, p *Plan) {
			p.Steps[2].Write.Verify.Argv = []string{"no-such-command"}
		}, is(func(e *CommandError) bool { return e.Step == "torrc" }), false},
		{"file changed after the review", func(w *world, p *Plan) {
			must(w.t, os.WriteFile(w.path("etc/torrc"), []byte("SocksPort 1\n"), 0o644))
		}, is(func(e *ChangedError) bool { return e.Path == w0(e.Path, "etc/torrc") }), true},
		{"mode changed after the review", func(w *world, p *Plan) {
			must(w.t, os.Chmod(w.path("etc/torrc"), 0o600))
		}, is(func(e *ChangedError) bool { return strings.Contains(e.Why, "mode") }), true},
		{"file appeared", func(w *world, p *Plan) {
			must(w.t, os.WriteFile(w.path("units/tahoe.service"), nil, 0o644))
		}, is(func(e *ChangedError) bool { return e.Step == "unit" }), true},
		{"made path appeared", func(w *world, p *Plan) {
			must(w.t, os.Mkdir(w.path("node"), 0o755))
		}, is(func(e *ChangedError) bool { return e.Step == "node" }), true},
		{"last command fails", func(w *world, p *Plan) {
			p.Steps[8].Run.Argv = []string{"false"}
		}, is(func(e *CommandError) bool { return e.Status == 1 && e.Step == "start" }), false},
		{"no such watcher", func(w *world, p *Plan) {
			p.Steps[2].Write.Notify.Watch = "nobody"
		}, is(func(e *RefusedError) bool { return e.Step == "torrc" }), true},
		{"daemon cannot be told", func(w *world, p *Plan) {
			p.Steps[2].Write.Notify.Argv = []string{"sh", "-c", "echo unit not loaded >&2; exit 5"}
		}, is(func(e *DaemonError) bool { return strings.Contains(e.Words, "unit not loaded") }), false},
		{"a directory stands where a file goes", func(w *world, p *Plan) {
			p.Steps[7].Write.Path = w.path("units")
		}, func(err error) bool { return strings.Contains(err.Error(), "not a regular file") }, true},
		{"dangling link", func(w *world, p *Plan) {
			must(w.t, os.Symlink("nowhere", w.path("units/tahoe.service")))
		}, func(err error) bool { return strings.Contains(err.Error(), "symbolic link") }, true},
		{"directory missing", func(w *world, p *Plan) {
			p.Steps[7].Write.Path = w.path("units/no/tahoe.service")
		}, func(err error) bool { return errors.Is(err, fs.ErrNotExist) }, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			p, secrets := w.plan()
			row.break_(w, &p)
			p.Seal()
			before := w.snapshot()
			_, err := w.applier().Apply(t.Context(), p, secrets)
			if err == nil || !row.cause(err) {
				t.Fatalf("got %v (%T)", err, err)
			}
			_, rolledBack := errors.AsType[*RolledBackError](err)
			if rolledBack == row.nothing {
				t.Errorf("rolled back: %v, for %v", rolledBack, err)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Error(diff)
			}
			noSecrets(t, "error", err.Error())
			w.journalIsPrivate()
			left, err := w.applier().Unfinished()
			if err != nil || len(left) > 0 {
				t.Errorf("unfinished: %v, %v", left, err)
			}
		})
	}
}

func is[E error](ok func(E) bool) func(error) bool {
	return func(err error) bool {
		e, found := errors.AsType[E](err)
		return found && ok(e)
	}
}

// w0 is path if it ends in name.
func w0(path, name string) string {
	if strings.HasSuffix(path, "/"+name) {
		return path
	}
	return name
}

func TestCancelBeforeEachStep(t *testing.T) {
	p, _ := newWorld(t).plan()
	for n := range p.Steps {
		t.Run(p.Steps[n].ID, func(t *testing.T) {
			w := newWorld(t)
			before := w.snapshot()
			p, secrets := w.plan()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			a := w.applier()
			a.Report = func(e Event) { // while step n is in hand: it is finished, and the next one not begun
				if e.Step == p.Steps[n].ID && e.State == Doing {
					cancel()
				}
				if e.State == Doing && n+1 < len(p.Steps) && e.Step == p.Steps[n+1].ID {
					t.Errorf("step %s began", e.Step)
				}
			}
			_, err := a.Apply(ctx, p, secrets)
			last := n == len(p.Steps)-1
			if last && err != nil {
				t.Fatalf("all was done, and then %v", err)
			}
			if last {
				_, err = a.Undo(t.Context(), p.ID)
				must(t, err)
			} else if e, ok := errors.AsType[*RolledBackError](err); !ok || !errors.Is(e, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A daemon that dies of its new file is started again with the old one, and its last words are in the error.
func TestDaemonDies(t *testing.T) {
	w := newWorld(t)
	before := w.snapshot()
	p, secrets := w.plan()
	dead := w.path("dead")
	p.Steps[2].Write.Notify = &Notify{
		// A reload fails where there is no daemon, and kills it when it reads what it does not like.
		Argv:  []string{"sh", "-c", `test ! -e "$1" && if grep -q Hidden "$2"; then touch "$1"; else cp "$2" "$3"; fi`, "sh", dead, w.path("etc/torrc"), w.path("daemon")},
		Watch: "tor", Revive: []string{"rm", dead},
	}
	p.Seal()
	watches := Watches{"tor": func(context.Context) (func() error, error) {
		if _, err := os.Stat(dead); err == nil {
			return nil, fmt.Errorf("nobody answers")
		}
		return func() error {
			if _, err := os.Stat(dead); err == nil {
				return fmt.Errorf("[err] set_options(): Dying")
			}
			return nil
		}, nil
	}}
	root := w.root()
	root.Watches = watches
	a := w.applier()
	a.Open = func(ctx context.Context) (*Remote, error) { return connect(ctx, root, allowAll) }
	_, err := a.Apply(t.Context(), p, secrets)
	if _, ok := errors.AsType[*RolledBackError](err); !ok {
		t.Fatalf("got %v", err)
	}
	if e, ok := errors.AsType[*DaemonError](err); !ok || !strings.Contains(e.Words, "Dying") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// What cannot be taken back is named, with the command; once the cause is cured, that command works.
func TestRollbackIncomplete(t *testing.T) {
	w := newWorld(t)
	before := w.snapshot()
	p, secrets := w.plan()
	stubborn := w.path("stubborn")
	must(t, os.WriteFile(stubborn, nil, 0o644))
	p.Steps[3].Run.Abort = []string{"sh", "-c", `test ! -e "$1" && rm -r "$2"`, "sh", stubborn, w.path("node")}
	p.Steps[5].Write.Path = w.path("node/no-such/introducers.yaml") // fails
	p.Seal()
	a := w.applier()
	_, err := a.Apply(t.Context(), p, secrets)
	e, ok := errors.AsType[*IncompleteError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var left []string
	for _, l := range e.Left {
		left = append(left, l.Step)
	}
	if diff := cmp.Diff([]string{"node", "torrc", "hostname", "secret-key"}, left); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, fs.ErrNotExist) || e.Command() != "tahoe-anon undo change-1" || !strings.Contains(err.Error(), e.Command()) {
		t.Errorf("got %v", err)
	}
	if w.read("etc/torrc") != newTorrc || w.read("data/tahoe/key") != key {
		t.Error("went on past a step that resists: tor would serve an address without its key")
	}
	other := p
	other.ID = "change-2"
	other.Seal()
	if _, err := a.Apply(t.Context(), other, secrets); !is(func(e *UnfinishedError) bool { return e.ID == p.ID })(err) {
		t.Errorf("a new plan on top of it: %v", err)
	}
	must(t, os.Remove(stubborn))
	if _, err := a.Undo(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	delete(before, "stubborn")
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
}

// Undo looks at all files of both sides before it touches the first one.
func TestUndoConflict(t *testing.T) {
	for _, name := range []string{"etc/torrc", "node-old/tahoe.cfg", "data/tahoe/hostname", "node/tahoe.cfg"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, secrets := w.plan()
			a := w.applier()
			if _, err := a.Apply(t.Context(), p, secrets); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(w.path(name), os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteString("# by hand\n")
			must(t, errors.Join(err, f.Close()))
			before := w.snapshot()
			_, err = a.Undo(t.Context(), p.ID)
			if e, ok := errors.AsType[*ConflictError](err); !ok || !strings.HasSuffix(e.Path, name) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Error(diff)
			}
			if h, _ := a.History(); h[0].Phase != Applied {
				t.Errorf("phase %s", h[0].Phase)
			}
		})
	}
}

// Of a directory that we made, undo removes what the daemon is known to leave, keeps a copy, and leaves the rest.
func TestDaemonsLeavings(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	a := w.applier()
	_, err := a.Apply(t.Context(), p, secrets)
	must(t, err)
	must(t, os.Mkdir(w.path("data/tahoe/authorized_clients"), 0o700))
	must(t, os.WriteFile(w.path("data/tahoe/left"), []byte("by tor"), 0o600))
	must(t, os.WriteFile(w.path("data/tahoe/mine"), nil, 0o600))
	r, err := a.Undo(t.Context(), p.ID)
	must(t, err)
	if len(r.Pending) != 1 || !strings.Contains(r.Pending[0], "mine") {
		t.Errorf("pending %q", r.Pending)
	}
	if w.read("data/tahoe/left") != "by tor" {
		t.Error("took part of it")
	}

	must(t, os.RemoveAll(w.path("data/tahoe")))
	_, err = a.Apply(t.Context(), p, secrets)
	must(t, err)
	must(t, os.Mkdir(w.path("data/tahoe/authorized_clients"), 0o700))
	must(t, os.WriteFile(w.path("data/tahoe/left"), []byte("by tor"), 0o600))
	r, err = a.Undo(t.Context(), p.ID)
	must(t, err)
	if _, err := os.Lstat(w.path("data/tahoe")); !errors.Is(err, fs.ErrNotExist) || len(r.Pending) > 0 {
		t.Errorf("%v, pending %q", err, r.Pending)
	}
	kept, _ := filepath.Glob(w.path("journal-root/change-1/private/secret-key.kept.*.left"))
	if len(kept) != 1 {
		t.Fatalf("kept %v", kept)
	}
	if b, _ := os.ReadFile(kept[0]); string(b) != "by tor" {
		t.Errorf("kept %q", b)
	}
}

func TestNeedsRoot(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	before := w.snapshot()
	a := w.applier()
	a.Open = nil
	if _, err := a.Apply(t.Context(), p, secrets); !is(func(e *NeedsRootError) bool { return e.Step == "secret-key" })(err) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
	p.Steps = p.Steps[6:7] // what the account does alone
	p.Seal()
	if _, err := a.Apply(t.Context(), p, secrets); err != nil {
		t.Error(err)
	}
	if _, err := a.Undo(t.Context(), p.ID); err != nil {
		t.Error(err)
	}
}

func TestLocked(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	for _, journal := range []journal{{dir: w.path("journal")}, {dir: w.path("journal-root"), open: true}} {
		must(t, journal.take())
		if _, err := w.applier().Apply(t.Context(), p, secrets); !is(func(e *LockedError) bool { return e.Journal == journal.dir })(err) {
			t.Errorf("got %v", err)
		}
		journal.free()
	}
	if h, err := w.applier().History(); err != nil || len(h) > 0 {
		t.Errorf("history %v, %v", h, err)
	}
}

func TestNotFound(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"nothing", "", "../journal-root", "a/b", "."} {
		for _, f := range []func(context.Context, string) (Receipt, error){w.applier().Undo, w.applier().Finish} {
			if _, err := f(t.Context(), id); !is(func(e *NotFoundError) bool { return e.ID == id })(err) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
}

func TestForeignJournal(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	_, err := w.applier().Apply(t.Context(), p, secrets)
	must(t, err)
	other := w.applier()
	uid := coordinator + 1
	other.uid, other.Journal = &uid, w.path("journal-other")
	if h, err := other.History(); err != nil || len(h) > 0 {
		t.Errorf("another account sees %v, %v", h, err)
	}
	s := w.root().side(uid, func(by Actor) bool { return by != User })
	defer s.close()
	if _, err := s.take(t.Context(), p.ID); !is(func(e *ForeignError) bool { return e.UID == coordinator })(err) {
		t.Errorf("got %v", err)
	}
	if _, err := w.root().Undo(t.Context(), p.ID); !is(func(e *ForeignError) bool { return e.UID == coordinator })(err) {
		t.Errorf("root alone took back half of it: %v", err)
	}
	must(t, os.Chmod(w.path("journal"), 0o777))
	if _, err := w.applier().Undo(t.Context(), p.ID); !is(func(e *UntrustedError) bool { return true })(err) {
		t.Errorf("got %v", err)
	}
}

func TestTamperedPlan(t *testing.T) {
	for name, tamper := range map[string]func(*Plan){
		"content":   func(p *Plan) { p.Steps[2].Write.Content = []byte("x") },
		"command":   func(p *Plan) { p.Steps[8].Run.Argv = []string{"true"} },
		"no sum":    func(p *Plan) { p.Sum = "" },
		"ID":        func(p *Plan) { p.ID = "../x"; p.Seal() },
		"step ID":   func(p *Plan) { p.Steps[1].ID = "a/b"; p.Seal() },
		"twice":     func(p *Plan) { p.Steps[1].ID = p.Steps[0].ID; p.Seal() },
		"nothing":   func(p *Plan) { p.Steps[1].Write = nil; p.Seal() },
		"both":      func(p *Plan) { p.Steps[1].Run = p.Steps[8].Run; p.Seal() },
		"actor":     func(p *Plan) { p.Steps[1].As = "uid:-1"; p.Seal() },
		"actor 2":   func(p *Plan) { p.Steps[1].As = "uid:007"; p.Seal() },
		"relative":  func(p *Plan) { p.Steps[1].Write.Path = "x/y"; p.Seal() },
		"unclean":   func(p *Plan) { p.Steps[1].Write.Path = "/x/../y"; p.Seal() },
		"empty":     func(p *Plan) { p.Steps[1].Write.Content = nil; p.Seal() },
		"wide key":  func(p *Plan) { p.Steps[0].Write.Mode = 0o640; p.Seal() },
		"setuid":    func(p *Plan) { p.Steps[7].Write.Mode = fs.ModeSetuid | 0o755; p.Seal() },
		"leaves":    func(p *Plan) { p.Steps[0].Write.Leaves = []string{"../x"}; p.Seal() },
		"no key":    func(p *Plan) { p.Steps[0].Write.Secret = SecretName([]byte("other")); p.Seal() },
		"no limit":  func(p *Plan) { p.Steps[8].Run.Limit = 1 << 60; p.Seal() },
		"too long":  func(p *Plan) { p.Steps = append(p.Steps, make([]Step, maxSteps)...); p.Seal() },
		"zero byte": func(p *Plan) { p.Steps[8].Run.Argv = []string{"a\x00b"}; p.Seal() },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p, secrets := w.plan()
			tamper(&p)
			before := w.snapshot()
			if _, err := w.applier().Apply(t.Context(), p, secrets); !is(func(*RefusedError) bool { return true })(err) {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, w.snapshot()); diff != "" {
				t.Error(diff)
			}
		})
	}
	w := newWorld(t)
	p, secrets := w.plan()
	p.Schema = 2
	p.Seal()
	if _, err := w.applier().Apply(t.Context(), p, secrets); !is(func(e *SchemaError) bool { return e.Schema == 2 })(err) {
		t.Errorf("got %v", err)
	}
}
