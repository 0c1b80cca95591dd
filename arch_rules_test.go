package tahoeanon_test

import (
	"go/parser"
	"go/token"
	"testing"
)

// The rules above see what they are meant to see.
func TestRules(t *testing.T) {
	for _, test := range []struct {
		file, code string
		problems   int
	}{
		{"detect/tor/a.go", `import "tahoe-anon/writers"`, 1},
		{"detect/check/a.go", `import "tahoe-anon/wizard/ui"`, 1},
		{"detect/tor/a.go", `import "tahoe-anon/detect/env"; import "os"; import "github.com/cretz/bine/control"`, 0},
		{"detect/env/a.go", `import "tahoe-anon/detect"`, 1},
		{"writers/edit/a.go", `import "tahoe-anon/writers"`, 1},
		{"writers/edit/a.go", `import "gopkg.in/ini.v1"`, 1},
		{"writers/a.go", `import "tahoe-anon/writers/edit"; import "os/exec"`, 0},
		{"writers/a.go", `import "tahoe-anon/detect/env"`, 1},
		{"detect/check/a.go", `import "os"`, 1},
		{"wizard/a.go", `import "golang.org/x/sys/unix"`, 1},
		{"wizard/a.go", `import "net/netip"; import "net/url"; import "tahoe-anon/detect"; import "tahoe-anon/writers"`, 0},
		{"wizard/a.go", `import "tahoe-anon/wizard/ui"`, 1},
		{"wizard/plain/a.go", `import "os"; import "tahoe-anon/wizard"`, 0},
		{"cmd/tahoe-anon/a.go", `import "charm.land/huh/v2"; import "github.com/cretz/bine/torutil"; import "tahoe-anon/lab"`, 3},
		{"wizard/ui/a.go", `import "charm.land/bubbletea/v2"; import "github.com/charmbracelet/colorprofile"`, 0},
		{"lab/term/a.go", `import "github.com/charmbracelet/x/vt"; import "tahoe-anon/lab"`, 0},
		{"wizard/a.go", `import "time"; var _ = time.Now; var _ = time.Second`, 1},
		{"writers/a.go", `var _ = exec.Command("sh", "-c", "true")`, 1},
		{"writers/a.go", `var _ = []string{"sudo", "/bin/bash", "-lc", "true"}`, 1},
		{"writers/a.go", `var _ = exec.Command("tor", "-f", "x"); var _ = []string{"sh"}`, 0},
	} {
		tree, err := parser.ParseFile(token.NewFileSet(), test.file, "package a; "+test.code, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s := source{file: test.file, ast: tree}
		problems := append(s.badImports(), s.shellCommands()...)
		if s.dir() == "wizard" || s.dir() == "detect/check" {
			problems = append(problems, s.impureCalls()...)
		}
		if len(problems) != test.problems {
			t.Errorf("%s with %s: %q; want %d problems", test.file, test.code, problems, test.problems)
		}
	}
}

func TestShipped(t *testing.T) {
	for constraint, want := range map[string]bool{
		"":                            true,
		"//go:build linux":            true,
		"//go:build !linux":           true,
		"//go:build lab":              false,
		"//go:build lab && linux":     false,
		"//go:build lab || something": true,
		"//go:build !lab":             true,
	} {
		tree, err := parser.ParseFile(token.NewFileSet(), "a.go", constraint+"\n\npackage a", parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if got := shipped(tree); got != want {
			t.Errorf("a file with %q is part of the program: %v; want %v", constraint, got, want)
		}
	}
}
