package tor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/lab/oracle"
)

// freeForm are options whose values tor prints as they were given, so that they can be compared.
var freeForm = []string{"ContactInfo", "Nickname", "SocksPort", "ControlPort", "MapAddress", "DataDirectory"}

// dumpOf is the configuration in effect as tor itself tells it, of those options and the onion services.
func dumpOf(t testing.TB, tor *oracle.Tor, defaults, torrc []byte) (options []string, ok bool) {
	t.Helper()
	lines, ok := tor.Dump(t, defaults, torrc)
	for _, line := range lines {
		key, value, _ := strings.Cut(line, " ")
		if strings.HasPrefix(value, `"`) {
			value, _, _ = unescape(value)
		}
		if isServiceOption(key) || slices.Contains(freeForm, key) {
			options = append(options, strings.ToLower(key)+" "+value)
		}
	}
	slices.Sort(options[:unordered(options)])
	return options, ok
}

// unordered parts the options whose order tor's dump does not keep from those of the services; tor sorts by name.
func unordered(options []string) int {
	slices.SortStableFunc(options, func(a, b string) int {
		return btoi(strings.HasPrefix(a, "hiddenservice")) - btoi(strings.HasPrefix(b, "hiddenservice"))
	})
	for i, o := range options {
		if strings.HasPrefix(o, "hiddenservice") {
			return i
		}
	}
	return len(options)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readAsOurs is the same as dumpOf, by our reader.
func readAsOurs(lines []Line) (options []string) {
	for _, key := range freeForm {
		switch key {
		case "ContactInfo", "Nickname":
			if l, ok := Option(lines, key); ok {
				options = append(options, strings.ToLower(key)+" "+l.Value)
			}
		case "DataDirectory": // the oracle's command line sets it
		default:
			for _, l := range inEffect(lines, func(k string) bool { return strings.EqualFold(k, key) }) {
				options = append(options, strings.ToLower(key)+" "+l.Value)
			}
		}
	}
	slices.Sort(options)
	for _, s := range Services(lines) {
		options = append(options, "hiddenservicedir "+s.Dir)
		lines := s.Options
		for _, l := range lines {
			options = append(options, strings.ToLower(l.Key)+" "+l.Value)
		}
	}
	return options
}

// withoutPorts takes the ports out of a dump, whose place among the other options Service does not keep, and returns
// them in order.
func withoutPorts(options []string) (rest, ports []string) {
	for _, o := range options {
		if value, ok := strings.CutPrefix(o, "hiddenserviceport "); ok {
			ports = append(ports, value)
		} else {
			rest = append(rest, o)
		}
	}
	return rest, ports
}

// asTorReads holds the reader against tor.
func asTorReads(t testing.TB, tor *oracle.Tor, defaults, torrc []byte) {
	t.Helper()
	want, valid := dumpOf(t, tor, defaults, torrc)
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "defaults"), filepath.Join(dir, "torrc")}
	for i, b := range [][]byte{defaults, torrc} {
		if err := os.WriteFile(paths[i], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines, _, err := ReadTorrc(os.ReadFile, readDir, paths[0], paths[1])
	if err != nil {
		if valid {
			t.Fatalf("%v, but tor takes %q after %q", err, torrc, defaults)
		}
		return
	}
	if !valid {
		return
	}
	wantRest, wantPorts := withoutPorts(want)
	if d := cmp.Diff(wantRest, readAsOurs(lines)); d != "" {
		t.Errorf("(-tor +ours):\n%s\nof %q after %q", d, torrc, defaults)
	}
	var ports []Port
	for _, s := range Services(lines) {
		ports = append(ports, s.Ports...)
	}
	if len(ports) != len(wantPorts) {
		t.Fatalf("ports %v; tor has %q", ports, wantPorts)
	}
	for i, p := range ports {
		if p.Virtual == 0 {
			t.Errorf("tor takes %q", wantPorts[i])
		}
	}
}

func readDir(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

func TestReadTorrcCorpus(t *testing.T) {
	tor := oracle.NewTor(t)
	files, err := filepath.Glob("testdata/torrc/*.torrc")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Base(file)
			wrong := strings.HasPrefix(name, "bad-") || name == "bom.torrc"
			if _, valid := tor.Dump(t, nil, b); valid == wrong {
				t.Fatalf("tor takes it: %v", valid)
			}
			asTorReads(t, tor, nil, b)
			asTorReads(t, tor, b, nil)
		})
	}
}

// TestReadTorrcQuoted: C strings, right and wrong.
func TestReadTorrcQuoted(t *testing.T) {
	tor := oracle.NewTor(t)
	for _, text := range quoted {
		t.Run(text, func(t *testing.T) {
			torrc := "MapAddress \"" + text + "\"\nContactInfo \"" + text + "\"\n"
			asTorReads(t, tor, nil, []byte(torrc))
			_, valid := tor.Dump(t, nil, []byte("MapAddress \""+text+"\"\n"))
			s := newTorrcScanner([]byte("MapAddress \"" + text + "\"\n"))
			for s.next() {
			}
			if s.err != nil && valid {
				t.Errorf("%v, but tor takes it", s.err)
			}
			if s.err == nil && !valid && !strings.ContainsAny(text, "\n") { // then what follows is an unknown option
				t.Error("tor refuses it")
			}
		})
	}
}

var quoted = []string{
	`a\777`, `a\400`, `a\377b`, `a\18`, `a\8`, `a\x4`, `a\x41b`, `a\X4g`, `a\xaFb`, `a\q`, `a\?`, `a\'b`, `a\"b`, `a\\b`, `a\tb`, `a\nb`, `a\rb`,
	`a\0b`, `a\x00b`, `a\`, `a" b`, `a"#b`, `a" #b`, "a\nb", "a\\\nb", "a\"\tb", "a\tb", "é",
}

// TestReadTorrcDefaults: what the torrc replaces of the defaults file, and what it adds to it.
func TestReadTorrcDefaults(t *testing.T) {
	tor := oracle.NewTor(t)
	const defaults = "SocksPort 9050\nSocksPort 9052\nNickname a\nContactInfo a\nHiddenServiceDir /x/a\nHiddenServicePort 1\n"
	for _, torrc := range []string{
		"",
		"SocksPort 9060\n",
		"+SocksPort 9060\nSocksPort 9070\n",
		"SocksPort 9060\n+SocksPort 9070\n",
		"/SocksPort\n",
		"/SocksPort ignored\nSocksPort 9070\n",
		"SocksPort 9060\n/SocksPort\nSocksPort 9070\n",
		"SocksPort\n",
		"SocksPort\nSocksPort 9060\n",
		"SocksPort \"\"\n",
		"Nickname b\nNickname c\n",
		"Nickname\n",
		"/Nickname\n",
		"Nickname b\n/Nickname c\n",
		"+Nickname b\n",
		"HiddenServiceDir /x/b\nHiddenServicePort 2\n",
		"+HiddenServiceDir /x/b\nHiddenServicePort 2\nHiddenServiceDir /x/c\nHiddenServicePort 3\n",
		"+HiddenServicePort 2\n",
		"/HiddenServiceDir\n",
		"/HiddenServiceDir\nHiddenServiceDir /x/b\nHiddenServicePort 2\n",
		"HiddenServiceDir /x/b\nHiddenServicePort 2\n/HiddenServicePort\nHiddenServiceDir /x/c\nHiddenServicePort 3\n",
		"HiddenServiceStatistics 0\n",
		"HiddenServiceSingleHopMode 0\n",
		"hiddenserviced /x/b\nHiddenservicePOR 2\nHiddenServiceVersion 3\nhiddenservicemaxstreams 3\n",
	} {
		t.Run(torrc, func(t *testing.T) { asTorReads(t, tor, []byte(defaults), []byte(torrc)) })
	}
}

// tree is a directory for tests of %include; DIR in a file stands for it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadTorrcInclude(t *testing.T) {
	tor := oracle.NewTor(t)
	chain := func(n int) string {
		if n == 0 {
			return "MapAddress a deep\n"
		}
		return fmt.Sprintf("%%include DIR/chain/%d\nMapAddress a %d\n", n-1, n)
	}
	files := map[string]string{
		"one":           "MapAddress a one\n",
		"empty":         "",
		"d/2.conf":      "MapAddress a d2\n",
		"d/10.conf":     "MapAddress a d10\n%include DIR/one\n",
		"d/.hidden":     "MapAddress a hidden\n",
		"d/empty.conf":  "",
		"d/sub/x.conf":  "MapAddress a sub\n",
		"e/x.conf":      "MapAddress a e\n",
		"e/[y].conf":    "MapAddress a brackets\n",
		"open":          "MapAddress a b\\\n",
		"bad":           "Nickname \"x\n",
		"loop":          "%include DIR/loop\n",
		"a*b":           "MapAddress a star\n",
		"sp ace/x.conf": "MapAddress a blank\n",
	}
	for n := range 40 {
		files[fmt.Sprintf("chain/%d", n)] = chain(n)
	}
	dir := tree(t, files)
	for _, line := range []string{
		"DIR/one", "DIR/one\nMapAddress a after\n%include DIR/one", `"DIR/one"`, "DIR/one # comment", "DIR/d", "DIR/d/", "DIR/d/*", "DIR/d/*.conf",
		"DIR/*/x.conf", "DIR/?/*.conf", "DIR/d*", "DIR/*/", "DIR/d//*.conf", "DIR/none/*.conf", "DIR/none*", "DIR/missing", "DIR/empty",
		"DIR/sp ace/*", "DIR/[d]/*", "DIR/[!d]/*.conf", "DIR/e/[[]y].conf", "DIR/e/?y?.conf", "DIR/d/.*", "DIR/a\\*b", "DIR/a\\*b*", "DIR/a*b",
		"DIR/open\nMapAddress a after", "DIR/bad", "DIR/loop", "DIR/chain/29", "DIR/chain/30", "DIR/chain/31", "DIR/./one", "DIR/./on*", "DIR/d/../on?", "", "DIR", "DIR/one\\\n",
	} {
		t.Run(line, func(t *testing.T) {
			torrc := strings.ReplaceAll("MapAddress a first\n%include "+line+"\nMapAddress a last\n", "DIR", dir)
			asTorReads(t, tor, nil, []byte(torrc))
			asTorReads(t, tor, []byte(torrc), []byte("+MapAddress a more\n"))
			agrees(t, tor, torrc)
		})
	}
	for _, torrc := range []string{"+%include DIR/one\n", "/%include DIR/one\n", "%INCLUDE DIR/one\n", "%include\\\n DIR/one\n", "%include \\\n DIR/one\n"} {
		t.Run(torrc, func(t *testing.T) { agrees(t, tor, strings.ReplaceAll(torrc, "DIR", dir)) })
	}
}

// agrees asserts that the reader fails exactly where tor does, for files whose options are all fine.
func agrees(t *testing.T, tor *oracle.Tor, torrc string) {
	t.Helper()
	_, valid := tor.Dump(t, nil, []byte(torrc))
	path := filepath.Join(t.TempDir(), "torrc")
	if err := os.WriteFile(path, []byte(torrc), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, _, err := ReadTorrc(os.ReadFile, readDir, "", path)
	unknown := slices.ContainsFunc(lines, func(l Line) bool { return strings.HasPrefix(strings.ToLower(l.Key), "%") })
	if valid != (err == nil && !unknown) {
		t.Errorf("tor says %v, we say %v for %q", valid, err, torrc)
	}
}

func TestReadTorrcErrors(t *testing.T) {
	dir := tree(t, map[string]string{
		"torrc": "SocksPort 1\n\n%include DIR/one\nSocksPort 2\n",
		"one":   "# c\nNickname \"x\" y\n",
	})
	torrc := filepath.Join(dir, "torrc")
	lines, files, err := ReadTorrc(os.ReadFile, readDir, "", torrc)
	var typed *TorrcError
	if !errors.As(err, &typed) || typed.File != filepath.Join(dir, "one") || typed.Line != 2 || !errors.Is(err, ErrExcess) {
		t.Errorf("got %v", err)
	}
	if len(lines) != 1 || len(files) != 2 || files[1].Path != filepath.Join(dir, "one") {
		t.Errorf("got %v and files %v", lines, files)
	}

	_, files, err = ReadTorrc(os.ReadFile, readDir, "", dir+"/none")
	if !errors.Is(err, fs.ErrNotExist) || len(files) != 1 || files[0].Err == "" {
		t.Errorf("missing torrc: %v, files %v", err, files)
	}
}

// TestReadTorrcHidden: an included file that only tor may read is passed over, and told.
func TestReadTorrcHidden(t *testing.T) {
	dir := tree(t, map[string]string{
		"torrc":    "SocksPort 1\n%include DIR/d\nSocksPort 2\n",
		"d/1.conf": "SocksPort 3\n",
	})
	read := func(path string) ([]byte, error) {
		if strings.HasSuffix(path, "1.conf") {
			return nil, fs.ErrPermission
		}
		return os.ReadFile(path)
	}
	lines, files, err := ReadTorrc(read, readDir, "", filepath.Join(dir, "torrc"))
	var typed *TorrcError
	if !errors.Is(err, fs.ErrPermission) || !errors.As(err, &typed) || typed.Line != 2 {
		t.Errorf("got %v", err)
	}
	if len(lines) != 2 || len(files) != 2 || files[1].Err == "" {
		t.Errorf("got %v and files %v", lines, files)
	}
}

func TestLineNumbers(t *testing.T) {
	dir := tree(t, map[string]string{"torrc": "\n# c\r\nA 1\r\n  B \\\n # c\n 2\nC \"3\" # c\n\n\nD\nE"})
	lines, _, err := ReadTorrc(os.ReadFile, readDir, "", dir+"/torrc")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range lines {
		got = append(got, fmt.Sprintf("%d %s=%s", l.Number, l.Key, l.Value))
	}
	if d := cmp.Diff([]string{"3 A=1", "4 B=  2", "7 C=3", "10 D=", "11 E="}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestServices(t *testing.T) {
	lines := []Line{
		{Key: "HiddenServicePort", Value: "1", File: "f", Number: 1}, // without a directory: tor refuses it
		{Key: "HiddenServiceDir", Value: "/a/", File: "f", Number: 2},
		{Key: "HiddenServicePort", Value: "80", File: "f", Number: 3},
		{Key: "SocksPort", Value: "9050", File: "f", Number: 4},
		{Key: "hiddenserviceversion", Value: "3", File: "f", Number: 5},
		{Key: "HiddenServiceDir", Value: "/b", File: "g", Number: 1},
	}
	want := []Service{
		{Dir: "/a/", File: "f", Number: 2, Ports: []Port{{80, "127.0.0.1:80"}}, Options: lines[4:5]},
		{Dir: "/b", File: "g", Number: 1},
	}
	if d := cmp.Diff(want, Services(lines)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestPorts: the targets are those of hs_parse_port_config; that tor takes or refuses the value is asked of tor.
func TestPorts(t *testing.T) {
	tor := oracle.NewTor(t)
	for _, test := range []struct{ value, target string }{
		{"3000", "127.0.0.1:3000"}, // onion-target-defaulted
		{"80 2000", "127.0.0.1:2000"},
		{"80 127.0.0.1:2000", "127.0.0.1:2000"},
		{"80 127.0.0.1", "127.0.0.1:80"},
		{"80   127.0.0.1:1", "127.0.0.1:1"},
		{"080 1", "127.0.0.1:1"},
		{"80 [::1]:2000", "[::1]:2000"},
		{"80 [::1]", "[::1]:80"},
		{"80 8.8.8.8:2000", "8.8.8.8:2000"},
		{"80 localhost:2000", "localhost:2000"},
		{"80 unix:/run/x", "unix:/run/x"},
		{`80 unix:"/run/a b"`, "unix:/run/a b"},
		{"80 localhost", ""},
		{"0 127.0.0.1:1", ""}, // hs-port-zero
		{"99999", ""},
		{"80 99999", ""},
		{"80 foo", ""},
		{"80\t127.0.0.1:1", ""}, // tor parts at blanks alone
		{"80 127.0.0.1:1 more", ""},
		{"80 2000:interface=127.0.0.1", ""}, // hs-port-endpoint-syntax
		{"80 127.0.0.1:99999", ""},
		{`80 unix:"/run/a`, ""},
		{"x", ""},
	} {
		t.Run(test.value, func(t *testing.T) {
			want := Port{Target: test.value}
			if virtual := 80; test.target != "" {
				if test.value == "3000" {
					virtual = 3000
				}
				want = Port{virtual, test.target}
			}
			if got := parsePort(test.value); got != want {
				t.Errorf("got %v; want %v", got, want)
			}
			_, ok := tor.Dump(t, nil, []byte("HiddenServiceDir /x/y\nHiddenServicePort "+test.value+"\n"))
			if ok != (test.target != "") {
				t.Errorf("tor takes it: %v", ok)
			}
		})
	}
}

func FuzzReadTorrc(f *testing.F) {
	tor := oracle.NewTor(f)
	files, err := filepath.Glob("testdata/torrc/*.torrc")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte("SocksPort 9050\nHiddenServiceDir /x\nHiddenServicePort 1\n"), b)
	}
	f.Add([]byte("ContactInfo a\\\n"), []byte("MapAddress \"\\x41\\101\\n\" # c\nMapAddress a \\\n# c\n b\n"))
	f.Fuzz(func(t *testing.T, defaults, torrc []byte) { asTorReads(t, tor, defaults, torrc) })
}

func BenchmarkReadTorrc(b *testing.B) {
	for b.Loop() {
		if _, _, err := ReadTorrc(os.ReadFile, readDir, "", "testdata/torrc/debian-13.torrc"); err != nil {
			b.Fatal(err)
		}
	}
}
