package writers

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// testdata/journal-1 was written by the first release, and is never to be written again: whoever applied a change
// then can undo it now.

func TestOldPlanIsSealed(t *testing.T) {
	b, err := os.ReadFile("testdata/journal-1/private/plan.json")
	must(t, err)
	var p Plan
	must(t, json.Unmarshal(b, &p))
	if !p.Sealed() || p.valid() != nil {
		t.Error("the sum of a plan is reckoned in another way now: old changes cannot be undone")
	}
}

func TestUndoOldChange(t *testing.T) {
	w := &world{t: t, dir: t.TempDir()}
	w.unpack("testdata/journal-1", "journal/20261123-abc")
	for name, f := range map[string]struct {
		text string
		mode fs.FileMode
	}{
		"data/tahoe/key": {"a secret of schema 1\n", 0o600}, "data/tahoe/hostname": {"from tor", 0o600}, "started": {"", 0o644},
		"etc/torrc": {"SocksPort 9050\nHiddenServiceDir /x\n", 0o644}, "etc/tahoe.cfg": {"[node]\nreveal-IP-address = false\n", 0o640},
	} {
		must(t, os.MkdirAll(filepath.Dir(w.path(name)), 0o700))
		must(t, os.WriteFile(w.path(name), []byte(f.text), f.mode))
	}
	zero := 0
	a := &Applier{Journal: w.path("journal"), uid: &zero}
	r, err := a.Undo(t.Context(), "20261123-abc")
	must(t, err)
	if diff := cmp.Diff([]string{"start", "tahoe.cfg", "torrc", "key"}, r.Done); diff != "" || len(r.Pending) > 0 {
		t.Errorf("pending %q, %s", r.Pending, diff)
	}
	if got, want := w.read("etc/torrc"), "SocksPort 9050\n"; got != want {
		t.Errorf("torrc is %q", got)
	}
	if got, want := w.read("etc/tahoe.cfg"), "[node]\nnickname = x\n"; got != want {
		t.Errorf("tahoe.cfg is %q", got)
	}
	for _, name := range []string{"data/tahoe", "started"} {
		if _, err := os.Lstat(w.path(name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there", name)
		}
	}
}

// unpack copies a change's directory, with this world's paths and owner for the ones that it was made with.
func (w *world) unpack(from, to string) {
	w.t.Helper()
	owner := func(s string) string {
		s = strings.ReplaceAll(s, "/fixture", w.dir)
		s = strings.ReplaceAll(s, `"uid":0,"gid":0`, w.owner(`"uid":U,"gid":G`))
		return s
	}
	must(w.t, filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		must(w.t, err)
		name, _ := filepath.Rel(from, path)
		if d.IsDir() {
			return os.MkdirAll(w.path(filepath.Join(to, name)), 0o700)
		}
		b, err := os.ReadFile(path)
		must(w.t, err)
		if strings.HasSuffix(name, ".json") {
			b = []byte(owner(string(b)))
		}
		if name == "private/plan.json" { // other paths make another sum
			var p Plan
			must(w.t, json.Unmarshal(b, &p))
			p.Seal()
			b, err = json.Marshal(p)
			must(w.t, err)
		}
		return os.WriteFile(w.path(filepath.Join(to, name)), b, 0o600)
	}))
}

func (w *world) owner(s string) string {
	info, err := os.Stat(w.dir)
	must(w.t, err)
	b, err := json.Marshal(map[string]int{"U": uidOf(info), "G": gidOf(info)})
	must(w.t, err)
	var ids map[string]json.Number
	must(w.t, json.Unmarshal(b, &ids))
	return strings.NewReplacer("U", ids["U"].String(), "G", ids["G"].String()).Replace(s)
}

// A line that a crash tore was never acted on; a log that is damaged elsewhere is not guessed at.
func TestTornLog(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	before := w.snapshot()
	a := w.applier()
	_, err := a.Apply(t.Context(), p, secrets)
	must(t, err)
	log := w.path("journal/change-1/log")
	whole := w.read("journal/change-1/log")
	must(t, os.WriteFile(log, []byte(whole+`{"step":"furl","sta`), 0o600))
	if h, err := a.History(); err != nil || h[0].Phase != Applied {
		t.Errorf("%v, %v", h, err)
	}
	_, err = a.Undo(t.Context(), p.ID)
	must(t, err)
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		t.Error(diff)
	}
	if text := w.read("journal/change-1/log"); !strings.HasPrefix(text, whole) || strings.Contains(text, `"sta{`) {
		t.Errorf("the log is %s", text)
	}
	must(t, os.WriteFile(log, []byte(strings.Replace(whole, "{", "(", 2)), 0o600))
	if _, err := a.History(); err == nil || !strings.Contains(err.Error(), "line 1 is damaged") {
		t.Errorf("got %v", err)
	}
}

func TestNewerJournal(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	a := w.applier()
	_, err := a.Apply(t.Context(), p, secrets)
	must(t, err)
	text := replaceOnce(t, w.read("journal/change-1/log"), `"schema":1`, `"schema":2`)
	must(t, os.WriteFile(w.path("journal/change-1/log"), []byte(text), 0o600))
	if _, err := a.Undo(t.Context(), p.ID); !is(func(e *SchemaError) bool { return e.Schema == 2 })(err) {
		t.Errorf("got %v", err)
	}
}

// A before-image or plan that was tampered with is not put anywhere.
func TestDamagedJournal(t *testing.T) {
	for _, name := range []string{"journal-root/change-1/private/torrc.before", "journal-root/change-1/private/plan.json", "journal/change-1/private/tahoe.cfg.json"} {
		w := newWorld(t)
		p, secrets := w.plan()
		a := w.applier()
		_, err := a.Apply(t.Context(), p, secrets)
		must(t, err)
		must(t, os.WriteFile(w.path(name), []byte("{}"), 0o600))
		if _, err := a.Undo(t.Context(), p.ID); err == nil {
			t.Errorf("undone with a damaged %s", name)
		}
		if got := w.read("etc/torrc"); got != newTorrc {
			t.Errorf("%s damaged, and torrc is %q", name, got)
		}
	}
}
