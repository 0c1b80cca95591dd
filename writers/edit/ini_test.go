package edit

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab/oracle"
)

var update = flag.Bool("update", false, "write the golden files anew")

// hidden is what makes a server hidden behind an onion service.
var hidden = []Change{
	{Section: "node", Key: "reveal-IP-address", Value: "false"},
	{Section: "node", Key: "tub.port", Value: "tcp:2000:interface=127.0.0.1"},
	{Section: "node", Key: "tub.location", Value: "tor:bnkxz5yvp5vsbymfgvlkjg6ztqkowfvsqtlrb3ykbjlhr5twjsvzpdyd.onion:3000"},
	{Section: "connections", Key: "tcp", Value: "tor"},
	{Section: "storage", Key: "enabled", Value: "true"},
	{Section: "storage", Key: "force_foolscap", Value: "true"},
	{Section: "client", Key: "force_foolscap", Value: "true"},
	{Section: "tor", Key: "onion", Remove: true},
	{Section: "node", Key: "nickname", Value: "100% hidden"},
	{Section: "drop_upload", Key: "enabled", Remove: true},
	{Section: "node", Key: "web.port", Remove: true},
}

func TestINICorpus(t *testing.T) {
	python := oracle.NewConfigparser(t)
	for _, file := range corpus(t, "testdata/ini/*.cfg") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src := read(t, file)
			changes := hidden
			if strings.HasSuffix(file, "/default.cfg") { // there web.port may go, but enabled is inherited
				changes = slices.DeleteFunc(slices.Clone(hidden), func(c Change) bool { return c.Section == "drop_upload" })
			}
			out := checkINI(t, python, src, changes)
			golden(t, strings.TrimSuffix(file, ".cfg")+".golden", out)
			checkSmall(t, src, out, changes)
		})
	}
}

// checkINI makes changes and holds the result against Python: the planned keys have their values, all others theirs.
func checkINI(t testing.TB, python *oracle.Configparser, src []byte, changes []Change) []byte {
	t.Helper()
	before := python.Read(t, src)
	out, err := INI(src, changes)
	if !agree(t, before, changes, err) {
		return nil
	}
	after := python.Read(t, out)
	if after.Error != "" {
		t.Fatalf("Python refuses what was written: %s\n%q", after.Message, out)
	}
	want := before.Sections
	for _, c := range changes {
		key := strings.ToLower(c.Key)
		if c.Remove {
			delete(want[c.Section], key)
			if v, ok := after.Values[c.Section][key]; ok {
				t.Errorf("[%s] %s was removed and is still %q", c.Section, key, v)
			}
			continue
		}
		if want[c.Section] == nil {
			want[c.Section] = map[string]string{}
		}
		want[c.Section][key] = strings.ReplaceAll(c.Value, "%", "%%")
		if got := after.Values[c.Section][key]; got != c.Value {
			t.Errorf("[%s] %s is %q; want %q", c.Section, key, got, c.Value)
		}
	}
	if d := cmp.Diff(want, after.Sections); d != "" {
		t.Errorf("what Python reads (-want +got):\n%s\nfrom %q\nto   %q", d, src, out)
	}
	if d := cmp.Diff(before.Defaults, after.Defaults); d != "" {
		t.Errorf("[DEFAULT] (-before +after):\n%s", d)
	}
	checkShape(t, src, out, changes)
	return out
}

// agree says whether there is a result to judge; that there is none must be for Python's reasons or the change's.
func agree(t testing.TB, before oracle.Parsed, changes []Change, err error) bool {
	t.Helper()
	var syntax *SyntaxError
	switch {
	case err == nil:
		if before.Error != "" {
			t.Fatalf("edited a file that Python refuses: %s", before.Message)
		}
		return true
	case errors.As(err, &syntax):
		want := map[string]error{"UnicodeDecodeError": ErrEncoding, "MissingSectionHeaderError": ErrNoHeader, "ParsingError": ErrNoDelimiter}[before.Error]
		if want == nil || !errors.Is(err, want) || before.Line != 0 && syntax.Line != before.Line {
			t.Fatalf("refused with %q; Python says %q, line %d", err, before.Message, before.Line)
		}
	case errors.Is(err, ErrInherited):
		for _, c := range changes {
			if _, ok := before.Defaults[strings.ToLower(c.Key)]; ok {
				return false
			}
		}
		t.Fatalf("%v, but [DEFAULT] has only %v", err, before.Defaults)
	case !errors.Is(err, ErrName) && !errors.Is(err, ErrValue) && !errors.Is(err, ErrTwice):
		t.Fatal(err)
	}
	return false
}

// checkShape asserts what holds for every file: a second time changes nothing, the mark at the start and the
// missing line ending at the end stay, and so does every line that is a comment.
func checkShape(t testing.TB, src, out []byte, changes []Change) {
	t.Helper()
	again, err := INI(out, changes)
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("twice is not once: %q, then %q, %v", out, again, err)
	}
	if bytes.HasPrefix(src, []byte(utf8BOM)) != bytes.HasPrefix(out, []byte(utf8BOM)) {
		t.Error("the byte order mark changed")
	}
	body := bytes.TrimPrefix(src, []byte(utf8BOM))
	if len(body) > 0 && len(out) > 0 && bytes.HasSuffix(body, []byte("\n")) != bytes.HasSuffix(out, []byte("\n")) {
		t.Errorf("the final line ending changed: %q to %q", src, out)
	}
	if want, got := comments(src), comments(out); !slices.Equal(want, got) {
		t.Errorf("comments changed: %q to %q", want, got)
	}
}

func comments(b []byte) (found []string) {
	for line := range strings.Lines(string(bytes.TrimPrefix(b, []byte(utf8BOM)))) {
		if s := strings.TrimFunc(line, pySpace); strings.HasPrefix(s, "#") || strings.HasPrefix(s, ";") {
			found = append(found, strings.Trim(line, "\r\n"))
		}
	}
	return found
}

// checkSmall asserts the smallest diff: the lines that are no part of a planned key are all there, in their order,
// and what is new is one line for each key, and a blank one and a header for each section.
func checkSmall(t *testing.T, src, out []byte, changes []Change) {
	t.Helper()
	planned := map[[2]string]bool{}
	for _, c := range changes {
		planned[[2]string{c.Section, lowerKey(c.Key)}] = true
	}
	foreign := func(b []byte) (lines []string) {
		scanned, err := scanINI(strings.TrimPrefix(string(b), utf8BOM))
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range scanned {
			inside := l.kind == blank && insideValue(scanned, i) // of a value of several lines
			if l.key != "" && planned[[2]string{l.section, l.key}] || inside {
				continue
			}
			lines = append(lines, strings.Trim(l.text, "\r\n"))
		}
		return lines
	}
	before, after := foreign(src), foreign(out)
	added := 0
	for _, line := range after {
		if len(before) > 0 && line == before[0] {
			before = before[1:]
			continue
		}
		if added++; line != "" && line[0] != '[' {
			t.Errorf("unplanned line %q", line)
		}
	}
	if len(before) > 0 {
		t.Errorf("lost from line %q on", before[0])
	}
	sections := map[string]bool{}
	for _, c := range changes {
		sections[c.Section] = true
	}
	if added > 2*len(sections) {
		t.Errorf("%d lines beside the planned keys are new", added)
	}
}

func TestINIRefuses(t *testing.T) {
	set := func(section, key, value string) Change { return Change{Section: section, Key: key, Value: value} }
	remove := func(section, key string) Change { return Change{Section: section, Key: key, Remove: true} }
	for _, test := range []struct {
		name, src string
		change    Change
		want      error
		line      int
	}{
		{"no header", "\n# c\na = 1\n", set("node", "a", "1"), ErrNoHeader, 3},
		{"no delimiter", "[node]\na = 1\nb\n", set("node", "a", "1"), ErrNoDelimiter, 3},
		{"no key", "[node]\n= 1\n", set("node", "a", "1"), ErrNoDelimiter, 2},
		{"Latin-1", "[node]\nnickname = caf\xe9\n", set("node", "a", "1"), ErrEncoding, 2},
		{"UTF-16", "\xff\xfe[\x00", set("node", "a", "1"), ErrEncoding, 1},
		{"two marks", utf8BOM + utf8BOM + "[node]\n", set("node", "a", "1"), ErrNoHeader, 1},
		{"line break", "[node]\n", set("node", "a", "1\n2"), ErrValue, 0},
		{"carriage return", "[node]\n", set("node", "a", "1\r2"), ErrValue, 0},
		{"blank before", "[node]\n", set("node", "a", " 1"), ErrValue, 0},
		{"no-break space after", "[node]\n", set("node", "a", "1\u00a0"), ErrValue, 0},
		{"NUL", "[node]\n", set("node", "a", "1\x002"), ErrValue, 0},
		{"not UTF-8", "[node]\n", set("node", "a", "\xff"), ErrValue, 0},
		{"empty key", "[node]\n", set("node", "", "1"), ErrName, 0},
		{"key with delimiter", "[node]\n", set("node", "a:b", "1"), ErrName, 0},
		{"key like a comment", "[node]\n", set("node", "#a", "1"), ErrName, 0},
		{"key like a header", "[node]\n", set("node", "[a", "1"), ErrName, 0},
		{"section with bracket", "[node]\n", set("a]", "b", "1"), ErrName, 0},
		{"every section", "[node]\n", set("DEFAULT", "b", "1"), ErrName, 0},
		{"inherited", "[DEFAULT]\nA = 1\n[node]\na = 2\n", remove("node", "a"), ErrInherited, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := INI([]byte(test.src), []Change{test.change})
			if !errors.Is(err, test.want) || out != nil {
				t.Fatalf("got %q, %v; want %v", out, err, test.want)
			}
			var syntax *SyntaxError
			if test.line > 0 && (!errors.As(err, &syntax) || syntax.Line != test.line) {
				t.Errorf("%v; want line %d", err, test.line)
			}
		})
	}
	twice := []Change{set("node", "a", "1"), remove("node", "A")}
	if _, err := INI(nil, twice); !errors.Is(err, ErrTwice) {
		t.Errorf("two changes of one key: %v", err)
	}
}

func TestINI(t *testing.T) {
	python := oracle.NewConfigparser(t)
	for _, test := range []struct{ name, src, want string }{
		{"commented out within a value", "[node]\na = 1\n#tub.port = 2\n  3\nb = 4\n", "[node]\na = 1\n#tub.port = 2\n  3\nb = 4\ntub.port = x\n"},
		{"information separators are blanks", "[node]\n\x1ctub.port\x1d=\x1e1\x1f\n\x1c\x1c2\n", "[node]\n\x1ctub.port\x1d=\x1ex\x1f\n"},
		{"up to the last bracket", "[node] [x]\ntub.port = 1\n", "[node] [x]\ntub.port = 1\n\n[node]\ntub.port = x\n"},
		{"sections have case", "[Node]\ntub.port = 1\n", "[Node]\ntub.port = 1\n\n[node]\ntub.port = x\n"},
		{"a new key is no continuation", "[node]\n  a = 1\n [b]\n", "[node]\n  a = 1\n  tub.port = x\n [b]\n"},
		{"the only key's comment", "[node]\n#tub.port=1\n    a=1\n", "[node]\n#tub.port=1\n    tub.port=x\n    a=1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := checkINI(t, python, []byte(test.src), []Change{{Section: "node", Key: "tub.port", Value: "x"}})
			if string(out) != test.want {
				t.Errorf("got %q; want %q", out, test.want)
			}
		})
	}
}

func TestINIErrorsKeepSecrets(t *testing.T) {
	_, err := INI([]byte("[client]\n"), []Change{{Section: "client", Key: "helper.furl", Value: "pb://a@b/swissnum\n"}})
	if err == nil || strings.Contains(err.Error(), "swissnum") || !strings.Contains(err.Error(), "[client] helper.furl") {
		t.Errorf("got %v", err)
	}
}

func TestINIWithoutChange(t *testing.T) {
	for _, file := range corpus(t, "testdata/ini/*.cfg") {
		src := read(t, file)
		if out, err := INI(src, nil); err != nil || !bytes.Equal(src, out) {
			t.Errorf("%s: %v, %q", file, err, out)
		}
	}
}

// TestINIBackAgain: what was added to a file can be taken out of it again, byte for byte.
func TestINIBackAgain(t *testing.T) {
	add := []Change{{Section: "node", Key: "new", Value: "1"}, {Section: "node", Key: "newer", Value: "2"}}
	remove := []Change{{Section: "node", Key: "new", Remove: true}, {Section: "node", Key: "newer", Remove: true}}
	for _, file := range corpus(t, "testdata/ini/*.cfg") {
		src := read(t, file)
		if len(src) == 0 || bytes.HasSuffix(src, []byte("\r")) {
			continue // the new section's header stays; a last \r becomes half of a line ending
		}
		out, err := INI(src, add)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := INI(out, remove); err != nil || !bytes.Equal(src, back) {
			t.Errorf("%s: %v (-want +got):\n%s", file, err, cmp.Diff(string(src), string(back)))
		}
	}
}

func FuzzINI(f *testing.F) {
	python := oracle.NewConfigparser(f)
	for _, file := range corpus(f, "testdata/ini/*.cfg") {
		src := read(f, file)
		f.Add(src, "node", "tub.port", "disabled", false)
		f.Add(src, "storage", "Enabled", "", true)
	}
	f.Add([]byte("[a]\n b = 1\nc:2\n"), "a", "d", "100%", false)
	f.Add([]byte("[a]\nb = 1\n  # c\n  2\n#d = 1\n"), "a", "d", "%(b)s", false)
	f.Fuzz(func(t *testing.T, src []byte, section, key, value string, remove bool) {
		c := Change{Section: section, Key: key, Value: value, Remove: remove}
		checkINI(t, python, src, []Change{c, {Section: "node", Key: "tub.location", Value: "tor:x.onion:1"}})
	})
}

func BenchmarkINI(b *testing.B) {
	src := read(b, "testdata/ini/create-node-1.20.cfg")
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := INI(src, hidden); err != nil {
			b.Fatal(err)
		}
	}
}

func corpus(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	return files
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(read(t, file)), string(got)); d != "" {
		t.Errorf("%s (-want +got, -update writes it anew):\n%s", file, d)
	}
}
