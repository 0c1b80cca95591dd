package writers

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSavedPlan(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	dir := w.path("state/plans")
	must(t, os.MkdirAll(dir, 0o755))
	path, err := SavePlan(dir, p, secrets)
	must(t, err)
	for name, want := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	got, gotSecrets, owner, err := LoadPlan(path)
	must(t, err)
	if diff := cmp.Diff(p, got); diff != "" || owner.UID != os.Geteuid() {
		t.Errorf("owner %d, %s", owner.UID, diff)
	}
	if diff := cmp.Diff(secrets, gotSecrets); diff != "" {
		t.Error(diff)
	}
}

func TestLoadPlanRefuses(t *testing.T) {
	w := newWorld(t)
	p, secrets := w.plan()
	refused := is(func(*RefusedError) bool { return true })
	untrusted := is(func(*UntrustedError) bool { return true })
	for name, row := range map[string]struct {
		spoil func(path string) string
		cause func(error) bool
	}{
		"writable by the group": {func(path string) string { must(t, os.Chmod(path, 0o620)); return path }, untrusted},
		"writable by all":       {func(path string) string { must(t, os.Chmod(path, 0o602)); return path }, untrusted},
		"readable by all":       {func(path string) string { must(t, os.Chmod(path, 0o644)); return path }, untrusted},
		"a second name":         {func(path string) string { must(t, os.Link(path, path+"2")); return path }, untrusted},
		"a directory":           {func(path string) string { return filepath.Dir(path) }, untrusted},
		"a link": {func(path string) string { must(t, os.Symlink(path, path+"3")); return path + "3" }, func(err error) bool {
			_, isPath := errors.AsType[*os.PathError](err)
			return isPath
		}},
		"garbage": {func(path string) string { must(t, os.WriteFile(path, []byte(key), 0o600)); return path }, refused},
		"changed": {func(path string) string {
			b, err := os.ReadFile(path)
			must(t, err)
			b = []byte(replaceOnce(t, string(b), "Hide a node", "Do something"))
			must(t, os.WriteFile(path, b, 0o600))
			return path
		}, refused},
		"newer": {func(path string) string {
			b, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, []byte(replaceOnce(t, string(b), `"schema": 1`, `"schema": 9`)), 0o600))
			return path
		}, is(func(e *SchemaError) bool { return e.Schema == 9 })},
	} {
		path, err := SavePlan(filepath.Join(t.TempDir(), "plans"), p, secrets)
		must(t, err)
		_, _, _, err = LoadPlan(row.spoil(path))
		if err == nil || !row.cause(err) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		noSecrets(t, name, err.Error())
	}
}

// For turns the account's own steps, judges included, into steps as that account, and touches nothing else.
func TestPlanFor(t *testing.T) {
	w := newWorld(t)
	p, _ := w.plan()
	p.Steps[6].Write.Verify = &Verify{Argv: []string{"true"}, As: User}
	p.Seal()
	sum := p.Sum
	q := p.For(7)
	if !q.Sealed() || !p.Sealed() || p.Sum != sum || p.Steps[6].As != User || p.Steps[6].Write.Verify.As != User {
		t.Error("the plan itself was changed")
	}
	for i, s := range q.Steps {
		want := p.Steps[i].As
		if want == User {
			want = UID(7)
		}
		if s.As != want {
			t.Errorf("%s is done as %s", s.ID, s.As)
		}
	}
	if q.Steps[6].Write.Verify.As != UID(7) {
		t.Error("the judge is still the user")
	}
}
