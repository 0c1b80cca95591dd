// Package tahoeanon_test holds the rules that bind the packages together. They are data, each with its reason.
package tahoeanon_test

import (
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rule forbids imports. A pattern "x/..." is x and everything below it.
type rule struct {
	in, notIn     []string // directories of the packages that it binds
	never, unless []string // import paths
	why           string
}

var rules = []rule{
	{
		in: []string{"detect/..."}, never: []string{"tahoe-anon/..."}, unless: []string{"tahoe-anon/detect/..."},
		why: "what is seen must not depend on what is wanted or written: no writers, no wizard",
	},
	{
		in: []string{"detect/env", "writers/edit"}, never: []string{"tahoe-anon/..."}, unless: []string{"tahoe-anon/detect/env"},
		why: "the outside and the editors are leaves: they are tested, and fuzzed, alone",
	},
	{
		in: []string{"writers/..."}, never: []string{"tahoe-anon/..."}, unless: []string{"tahoe-anon/writers/..."},
		why: "the only code that changes a host knows nothing of Tor or Tahoe: it can be read, and trusted, alone",
	},
	{
		in: []string{"wizard"}, never: []string{"tahoe-anon/..."},
		unless: []string{"tahoe-anon/detect/...", "tahoe-anon/writers", "tahoe-anon/writers/edit"},
		why:    "questions and plans know no screen",
	},
	{
		in:    []string{"detect/check", "wizard"},
		never: []string{"os/...", "net", "net/http/...", "net/textproto", "syscall", "io/ioutil", "log/...", "golang.org/x/sys/...", "golang.org/x/net/..."},
		why:   "rules and plans are pure: the same facts give the same findings and the same plan, which is what makes a review worth something",
	},
	{
		in: []string{"..."}, notIn: []string{"wizard/ui", "lab/..."}, never: []string{"charm.land/...", "github.com/charmbracelet/..."},
		why: "the screen can be replaced, and a command without a screen does not depend on its libraries' behaviour",
	},
	{
		in: []string{"..."}, notIn: []string{"detect/tor"}, never: []string{"github.com/cretz/bine/..."},
		why: "the control port has one door; bine flattens errors and knows no deadline, and that is cured there",
	},
	{
		in: []string{"..."}, notIn: []string{"lab/..."}, never: []string{"tahoe-anon/lab/..."},
		why: "the lab is for tests: what users run must not contain it",
	},
	{
		in: []string{"writers/..."}, never: []string{"gopkg.in/ini.v1"},
		why: "ini.v1 loses comments, joins sections and quotes continued values, which Python then reads with the quotes",
	},
}

// impure are functions that a pure package must not call, though their packages have pure ones too.
var impure = []string{
	"time.Now", "time.Since", "time.Until", "time.Sleep", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker", "time.Tick",
	"filepath.Abs", "filepath.EvalSymlinks", "filepath.Glob", "filepath.Walk", "filepath.WalkDir", "env.Real", "detect.Probe",
}

// vague are names that say nothing of what is in a package.
var vague = []string{"base", "common", "helper", "helpers", "misc", "shared", "util", "utils"}

var shells = []string{"sh", "bash", "dash", "zsh", "ksh"}

// source is one Go file of what users run, so neither a test nor of the lab.
type source struct {
	file string // relative to the module
	ast  *ast.File
}

func (s source) dir() string { return path.Dir(s.file) }

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		for _, problem := range s.badImports() {
			t.Error(problem)
		}
	}
}

func TestPurity(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir() == "detect/check" || s.dir() == "wizard" {
			for _, problem := range s.impureCalls() {
				t.Error(problem)
			}
		}
	}
}

// A command line that a shell takes apart is one that an odd file name can take over.
func TestNoShell(t *testing.T) {
	for _, s := range sources(t) {
		if !match("lab/...", s.dir()) {
			for _, problem := range s.shellCommands() {
				t.Error(problem)
			}
		}
	}
}

func TestPackageNames(t *testing.T) {
	for _, s := range sources(t) {
		if slices.Contains(vague, s.ast.Name.Name) || slices.Contains(vague, path.Base(s.dir())) {
			t.Errorf("%s: a package called %s may hold anything", s.file, s.ast.Name.Name)
		}
	}
}

func (s source) badImports() (problems []string) {
	for _, spec := range s.ast.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return []string{err.Error()}
		}
		for _, r := range rules {
			if matchAny(r.in, s.dir()) && !matchAny(r.notIn, s.dir()) && matchAny(r.never, name) && !matchAny(r.unless, name) {
				problems = append(problems, fmt.Sprintf("%s must not import %s: %s", s.file, name, r.why))
			}
		}
	}
	return problems
}

func (s source) impureCalls() (problems []string) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(impure, x.Name+"."+sel.Sel.Name) {
				problems = append(problems, fmt.Sprintf("%s must not use %s.%s: it belongs to a pure package", s.file, x.Name, sel.Sel.Name))
			}
		}
		return true
	})
	return problems
}

// shellCommands finds "sh", "-c" side by side, in a call or in a list.
func (s source) shellCommands() (problems []string) {
	ast.Inspect(s.ast, func(n ast.Node) bool {
		var items []ast.Expr
		switch n := n.(type) {
		case *ast.CallExpr:
			items = n.Args
		case *ast.CompositeLit:
			items = n.Elts
		}
		for i := range len(items) - 1 {
			if slices.Contains(shells, path.Base(literal(items[i]))) && strings.HasPrefix(literal(items[i+1]), "-") {
				problems = append(problems, fmt.Sprintf("%s runs %s %s: run the command itself, by its arguments", s.file, literal(items[i]), literal(items[i+1])))
			}
		}
		return true
	})
	return problems
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

func matchAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, name) })
}

func match(pattern, name string) bool {
	if pattern == "..." {
		return true
	}
	top, below := strings.CutSuffix(pattern, "/...")
	return name == top || below && strings.HasPrefix(name, top+"/")
}

// sources are the files that `go build ./...` would compile, and those for other systems.
func sources(t *testing.T) (found []source) {
	t.Helper()
	for _, file := range files(t) {
		if !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "testdata/") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		if shipped(tree) {
			found = append(found, source{file: file, ast: tree})
		}
	}
	if len(found) == 0 {
		t.Fatal("there is no Go file: these tests run in the module's directory")
	}
	return found
}

// shipped says whether a file can be in the program on any system: without the tags of tests.
func shipped(f *ast.File) bool {
	for _, group := range f.Comments {
		for _, c := range group.List {
			if expr, err := constraint.Parse(c.Text); err == nil && c.Pos() < f.Package {
				return !needs(expr, "lab") && !needs(expr, "hold")
			}
		}
	}
	return true
}

// needs says whether a file is left out as soon as tag is not given, and is in with every tag.
func needs(expr constraint.Expr, tag string) bool {
	every := expr.Eval(func(string) bool { return true })
	but := expr.Eval(func(t string) bool { return t != tag })
	return every && !but
}

// files are all files of the project, by names relative to the module.
func files(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		if d.Type().IsRegular() {
			names = append(names, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
