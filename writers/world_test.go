package writers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tahoe-anon/writers/edit"
)

// world is a small host in a directory: a torrc and the daemon that reads it, tor's data, a node, a unit.
type world struct {
	t   *testing.T
	dir string
}

const (
	oldTorrc = "SocksPort 9050\n# the end\n"
	newTorrc = oldTorrc + "HiddenServiceDir /var/lib/tor/tahoe\nHiddenServicePort 3000 127.0.0.1:2000\n"
	key      = "the private key that must not be seen anywhere"
	furl     = "pb://the-introducer's-secret"
	// coordinator is the account that the coordinator is taken for, where the tests have no root to become.
	coordinator = 4242
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{
		"etc/torrc": oldTorrc, "daemon": oldTorrc, "data/": "", "units/": "",
		"skeleton/tahoe.cfg": "[node]\nreveal-IP-address = true\n", "skeleton/private/": "",
		"node-old/tahoe.cfg": "# mine\r\n[node]\r\nnickname = x\r\n",
	} {
		path := w.path(name)
		if strings.HasSuffix(name, "/") {
			must(t, os.MkdirAll(path, 0o755))
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	must(t, os.Chmod(w.path("node-old/tahoe.cfg"), 0o640))
	must(t, os.Symlink("../node-old/tahoe.cfg", w.path("etc/link.cfg")))
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) read(name string) string {
	w.t.Helper()
	b, err := os.ReadFile(w.path(name))
	must(w.t, err)
	return string(b)
}

// was pins a file as it is. Helper processes call it, which have no *testing.T.
func (w *world) was(name string) *Was {
	info, err := os.Stat(w.path(name))
	if err != nil {
		panic(err)
	}
	return &Was{Sum: SumOf(w.bytes(name)), Mode: info.Mode().Perm(), UID: uidOf(info), GID: gidOf(info)}
}

// plan has every kind of step, on both sides, in the order of a real one.
func (w *world) plan() (Plan, Secrets) {
	uid, gid := os.Geteuid(), os.Getegid()
	secrets := Secrets{SecretName([]byte(key)): []byte(key), SecretName([]byte(furl)): []byte(furl)}
	keyFile := func(name string) *Write {
		return &Write{
			Path: w.path("data/tahoe/" + name), Mode: 0o600, UID: uid, GID: gid, MakeDir: 0o700,
			Leaves: []string{"authorized_clients", "left"},
		}
	}
	secret, hostname := keyFile("key"), keyFile("hostname")
	secret.Secret = SecretName([]byte(key))
	hostname.Content = []byte("abc.onion\n")
	copied := []string{"cp", w.path("etc/torrc"), w.path("daemon")}
	node := w.path("node")
	p := Plan{
		Schema: Schema, ID: "change-1", Title: "Hide a node", Made: time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC),
		Steps: []Step{
			{ID: "secret-key", As: Root, Write: secret},
			{ID: "hostname", As: Root, Write: hostname},
			{ID: "torrc", As: Root, Write: &Write{
				Path: w.path("etc/torrc"), Was: w.was("etc/torrc"), Content: []byte(newTorrc),
				Verify: &Verify{Argv: []string{"grep", "-q", "SocksPort", Candidate}, As: Root},
				Notify: &Notify{Argv: copied, Watch: "daemon", Revive: copied},
			}},
			{ID: "node", As: User, Run: &Run{
				Argv: []string{"cp", "-r", w.path("skeleton"), node}, Absent: node,
				Undo: []string{"rm", "-r", "--", node}, Abort: []string{"rm", "-rf", "--", node},
			}},
			{ID: "tahoe.cfg", As: User, Write: &Write{Path: node + "/tahoe.cfg", Changes: []edit.Change{
				{Section: "node", Key: "reveal-IP-address", Value: "false"},
			}}},
			{ID: "furl", As: User, Write: &Write{
				Path: node + "/private/introducers.yaml", Secret: SecretName([]byte(furl)), Mode: 0o600, UID: uid, GID: gid,
			}},
			{ID: "linked", As: User, Write: &Write{
				Path: w.path("etc/link.cfg"), Was: w.was("node-old/tahoe.cfg"), Content: []byte("# yours\n"),
			}},
			{ID: "unit", As: Root, Write: &Write{
				Path: w.path("units/tahoe.service"), Content: []byte("[Service]\n"), Mode: 0o644, UID: uid, GID: gid,
			}},
			{ID: "start", As: Root, Run: &Run{
				Argv: []string{"touch", w.path("units/enabled")}, Undo: []string{"rm", "-f", w.path("units/enabled")},
			}},
		},
	}
	p.Seal()
	return p, secrets
}

// watches has a daemon that confirms what it has read.
func (w *world) watches() Watches {
	return Watches{"daemon": func(context.Context) (func() error, error) {
		return func() error {
			if torrc, daemon := w.bytes("etc/torrc"), w.bytes("daemon"); !bytes.Equal(torrc, daemon) {
				return fmt.Errorf("I have read something else")
			}
			return nil
		}, nil
	}}
}

// bytes is read for helpers that run in other processes.
func (w *world) bytes(name string) []byte {
	b, _ := os.ReadFile(w.path(name))
	return b
}

// root is root's side, as far as tests without root can have it.
func (w *world) root() *Applier {
	zero := 0
	return &Applier{Journal: w.path("journal-root"), Watches: w.watches(), uid: &zero}
}

// applier is the coordinator, whose root's side runs in this process too, at the other end of two pipes.
func (w *world) applier() *Applier {
	uid := coordinator
	return &Applier{
		Journal: w.path("journal"), RootJournal: w.path("journal-root"), Watches: w.watches(), uid: &uid,
		Open: func(ctx context.Context) (*Remote, error) { return connect(ctx, w.root(), allowAll) },
	}
}

func allowAll(Plan, Secrets, Caller) error { return nil }

// wires are two pipes as one connection.
type wires struct {
	io.Reader
	io.WriteCloser
}

func connect(ctx context.Context, root *Applier, allowed allows) (*Remote, error) {
	in, toRoot := io.Pipe()
	fromRoot, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		out.CloseWithError(serve(context.WithoutCancel(ctx), in, out, root, allowed, Caller{UID: coordinator}))
		in.Close()
	}()
	return NewRemote(ctx, awaited{wires{fromRoot, toRoot}, ended})
}

// awaited is root's side in this process; its end is waited for.
type awaited struct {
	wires
	ended chan struct{}
}

func (a awaited) Close() error {
	err := a.wires.Close()
	<-a.ended
	return err
}

// snapshot is everything of the world but the journals: bytes, modes, owners, links.
func (w *world) snapshot() map[string]string {
	w.t.Helper()
	seen := map[string]string{}
	must(w.t, filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(w.dir, path)
		if name == "journal" || name == "journal-root" {
			return filepath.SkipDir
		}
		seen[name] = describe(w.t, path)
		return nil
	}))
	return seen
}

func describe(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	text := fmt.Sprintf("%v %d:%d ", info.Mode(), uidOf(info), gidOf(info))
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		to, err := os.Readlink(path)
		must(t, err)
		text += to
	case info.Mode().IsRegular():
		b, err := os.ReadFile(path)
		must(t, err)
		text += fmt.Sprintf("%q", b)
	}
	return text
}

// applied is the world after the plan.
func applied(t *testing.T) map[string]string {
	t.Helper()
	w := newWorld(t)
	p, secrets := w.plan()
	if _, err := w.applier().Apply(t.Context(), p, secrets); err != nil {
		t.Fatal(err)
	}
	return w.snapshot()
}

// noSecrets looks for the key and the FURL in places that others may read, or that are shown.
func noSecrets(t *testing.T, where string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	text := string(b) + fmt.Sprint(v)
	for _, s := range []string{key, furl} {
		if strings.Contains(text, s) {
			t.Errorf("%s has a secret: %s", where, text)
		}
	}
}
