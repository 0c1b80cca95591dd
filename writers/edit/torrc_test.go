package edit

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tahoe-anon/lab/oracle"
)

const (
	newDir  = "/nonexistent/tahoe-bnkxz5yv"
	newPort = "3000 127.0.0.1:2000"
)

func TestTorrcCorpus(t *testing.T) {
	tor := oracle.NewTor(t)
	for _, file := range corpus(t, "testdata/torrc/*.torrc") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src := read(t, file)
			name := filepath.Base(file)
			wrong := strings.HasPrefix(name, "bad-") || name == "bom.torrc"
			if _, _, valid := dump(t, tor, src); valid == wrong {
				t.Fatalf("tor takes it: %v", valid)
			}
			out := checkAdd(t, tor, src, "Tahoe-LAFS node /home/alice/.tahoe", newDir, newPort)
			if out == nil {
				out = []byte("refused\n")
			}
			golden(t, strings.TrimSuffix(file, ".torrc")+".golden", out)
		})
	}
}

// option is one line of what tor says is in effect.
type torOption struct{ Key, Value string }

func dump(t testing.TB, tor *oracle.Tor, torrc []byte) (services, others []torOption, ok bool) {
	t.Helper()
	lines, ok := tor.Dump(t, nil, torrc)
	if !ok {
		return nil, nil, false
	}
	for _, line := range lines {
		o := undump(t, line)
		if isServiceOption(o.Key) {
			services = append(services, o)
		} else {
			others = append(others, o)
		}
	}
	return services, others, true
}

// undump reads a line of --dump-config: values that need it are quoted, but a backslash at the end is not.
func undump(t testing.TB, line string) torOption {
	t.Helper()
	key, value, _ := strings.Cut(line, " ")
	if strings.HasPrefix(value, `"`) {
		parsed, err := scanTorrc([]byte(line))
		if err != nil || len(parsed.entries) != 1 {
			t.Fatalf("tor's dump has %q: %v", line, err)
		}
		value = parsed.entries[0].value
	}
	return torOption{strings.ToLower(key), value}
}

// checkAdd adds a service and holds the result against tor: the service is there, nothing else changed, and taking
// it out again leaves the very bytes there were.
func checkAdd(t testing.TB, tor *oracle.Tor, src []byte, comment, dir, port string) []byte {
	t.Helper()
	services, others, valid := dump(t, tor, src)
	out, err := AddService(src, comment, dir, []string{port})
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		if valid && !errors.Is(err, ErrNUL) { // tor reads up to the NUL; what we add would be behind it
			t.Fatalf("refused with %v a file that tor takes: %q", err, src)
		}
		return nil
	}
	if errors.Is(err, ErrExists) || errors.Is(err, ErrPath) || errors.Is(err, ErrComment) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if back, err := RemoveService(out, dir); err != nil || !bytes.Equal(src, back) {
		t.Fatalf("removing what was added: %v (-want +got):\n%s", err, cmp.Diff(string(src), string(back)))
	}
	if !bytes.HasPrefix(out, src) {
		t.Errorf("more changed than was added: %q to %q", src, out)
	}
	if !valid { // then tor's view tells nothing
		return out
	}
	gotServices, gotOthers, ok := dump(t, tor, out)
	if !ok {
		t.Fatalf("tor refuses %q", out)
	}
	want := append(slices.Clone(services), torOption{"hiddenservicedir", dir}, torOption{"hiddenserviceport", port})
	if d := cmp.Diff(want, gotServices); d != "" {
		t.Errorf("services (-want +got):\n%s\nof %q", d, out)
	}
	if d := cmp.Diff(others, gotOthers); d != "" {
		t.Errorf("other options (-before +after):\n%s\nof %q", d, out)
	}
	return out
}

// TestTorrcFollowedBy: other text below the stanza stays, and keeps its meaning when the stanza goes.
func TestTorrcFollowedBy(t *testing.T) {
	tor := oracle.NewTor(t)
	const after = "Nickname foo\nNumCPUs 7\n\n# another\nHiddenServiceDir /nonexistent/z\nHiddenServicePort 1\n"
	for _, file := range corpus(t, "testdata/torrc/*.torrc") {
		src := read(t, file)
		services, others, valid := dump(t, tor, src)
		if !valid || bytes.IndexByte(src, 0) >= 0 || slices.Contains(others, torOption{"nickname", "foo"}) {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			out, err := AddService(src, "comment", newDir, []string{newPort, "80"})
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasSuffix(out, []byte("\n")) {
				out = append(out, '\n')
			}
			out, err = RemoveService(append(out, after...), newDir)
			if err != nil {
				t.Fatal(err)
			}
			gotServices, gotOthers, ok := dump(t, tor, out)
			if !ok || bytes.Contains(out, []byte(newDir)) {
				t.Fatalf("left %q", out)
			}
			want := append(slices.Clone(services), torOption{"hiddenservicedir", "/nonexistent/z"}, torOption{"hiddenserviceport", "1"})
			if d := cmp.Diff(want, gotServices); d != "" {
				t.Errorf("services (-want +got):\n%s\nof %q", d, out)
			}
			wantOthers := slices.DeleteFunc(others, func(o torOption) bool { return o.Key == "numcpus" })
			wantOthers = append(wantOthers, torOption{"nickname", "foo"}, torOption{"numcpus", "7"})
			if d := cmp.Diff(wantOthers, gotOthers, cmpopts.SortSlices(func(a, b torOption) bool { return a.Key+a.Value < b.Key+b.Value })); d != "" {
				t.Errorf("other options (-want +got):\n%s", d)
			}
		})
	}
}

// TestTorrcQuoted: C strings, right and wrong, are what tor makes of them.
func TestTorrcQuoted(t *testing.T) {
	tor := oracle.NewTor(t)
	for _, text := range []string{
		`a\777`, `a\400`, `a\377b`, `a\18`, `a\8`, `a\x4`, `a\x41b`, `a\X4g`, `a\xaFb`, `a\q`, `a\?`, `a\'b`, `a\"b`, `a\\b`, `a\tb`, `a\nb`, `a\rb`,
		`a\0b`, `a\x00b`, `a\`, `a" b`, `a"#b`, `a" #b`, "a\nb", "a\\\nb", "a\"\tb", "a\tb", "é",
	} {
		t.Run(text, func(t *testing.T) {
			src := []byte("MapAddress \"" + text + "\"\n")
			_, others, valid := dump(t, tor, src)
			parsed, err := scanTorrc(src)
			if err != nil || !valid {
				if valid || err == nil && !strings.Contains(text, "\n") { // a second line is an unknown option
					t.Errorf("tor takes it: %v; we say %v", valid, err)
				}
				return
			}
			if value := parsed.entries[0].value; value != "" && !slices.Contains(others, torOption{"mapaddress", value}) {
				t.Errorf("we read %q, tor does not", value)
			}
		})
	}
}

func TestRemoveService(t *testing.T) {
	for _, test := range []struct{ name, src, want string }{
		{"alone", "HiddenServiceDir /a\nHiddenServicePort 1\n", ""},
		{"between", "X 1\n\n# a\nHiddenServiceDir /a\nHiddenServicePort 1\n\n# b\nY 2\n", "X 1\n\n# b\nY 2\n"},
		{"trailing slash", "X 1\nHiddenServiceDir /a/\nHiddenServicePort 1\n", "X 1\n"},
		{"quoted, any case", "hiddenservicedir \"/\\x61\" # c\nHIDDENSERVICEPORT 1\nX 1\n", "X 1\n"},
		{"its options", "HiddenServiceDir /a\nHiddenServiceVersion 3\nHiddenServicePort 1\nHiddenServiceMaxStreams 2\nHiddenServiceStatistics 0\n", "HiddenServiceStatistics 0\n"},
		{"options of others between", "HiddenServiceDir /a\nSocksPort 9\n# c\nHiddenServicePort 1\nX 1\n", "SocksPort 9\n# c\nX 1\n"},
		{"the next service stays", "HiddenServiceDir /a\nHiddenServicePort 1\nHiddenServiceDir /b\nHiddenServicePort 2\n", "HiddenServiceDir /b\nHiddenServicePort 2\n"},
		{"a paragraph above stays", "# one\n# two\nHiddenServiceDir /a\nHiddenServicePort 1\n", "# one\n# two\n"},
		{"continued", "X 1\nHiddenServiceDir \\\n# c\n  /a\nHiddenServicePort \\\n 1\nY 1\n", "X 1\nHiddenServiceDir \\\n# c\n  /a\nHiddenServicePort \\\n 1\nY 1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := RemoveService([]byte(test.src), "/a")
			if test.name == "continued" { // the value is "  /a", blanks and all: tor takes it for a relative path
				if !errors.Is(err, ErrNotThere) {
					t.Errorf("got %q, %v", got, err)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestSetPorts(t *testing.T) {
	tor := oracle.NewTor(t)
	for _, test := range []struct {
		name, src string
		ports     []string
		want      string
	}{
		{"the same", "HiddenServiceDir /a\n HiddenServicePort  80 # c\n", []string{"80"}, "HiddenServiceDir /a\n HiddenServicePort  80 # c\n"},
		{"another", "HiddenServiceDir /a\n HiddenServicePort  80 # c\nNickname x\n", []string{"81 127.0.0.1:1"}, "HiddenServiceDir /a\n HiddenServicePort  81 127.0.0.1:1 # c\nNickname x\n"},
		{"fewer", "HiddenServiceDir /a\nHiddenServicePort 1\nHiddenServicePort 2\n# c\nHiddenServicePort 3\n", []string{"1"}, "HiddenServiceDir /a\nHiddenServicePort 1\n# c\n"},
		{"more", "HiddenServiceDir /a\n\tHiddenServicePort 1\nNickname x\nHiddenServiceDir /b\nHiddenServicePort 2\n", []string{"1", "2", "3"}, "HiddenServiceDir /a\n\tHiddenServicePort 1\n\tHiddenServicePort 2\n\tHiddenServicePort 3\nNickname x\nHiddenServiceDir /b\nHiddenServicePort 2\n"},
		{"none before", "HiddenServiceDir /a\r\nNickname x\r\n", []string{"1"}, "HiddenServiceDir /a\r\nHiddenServicePort 1\r\nNickname x\r\n"},
		{"no line ending at the end", "HiddenServiceDir /a\nHiddenServicePort 1", []string{"1", "2"}, "HiddenServiceDir /a\nHiddenServicePort 1\nHiddenServicePort 2"},
		{"the last goes", "HiddenServiceDir /a\nHiddenServicePort 1\nHiddenServicePort 2", []string{"1"}, "HiddenServiceDir /a\nHiddenServicePort 1"},
		{"quoted", "HiddenServiceDir /a\nHiddenServicePort \"1\"#c\n", []string{"2"}, "HiddenServiceDir /a\nHiddenServicePort 2#c\n"},
		{"no blank before", "HiddenServiceDir /a\nHiddenServicePort\\\n1\n", []string{"2"}, "HiddenServiceDir /a\nHiddenServicePort 2\n"},
		{"continued", "HiddenServiceDir /a\nHiddenServicePort 1 \\\n # c\n 127.0.0.1:1\nNickname x\n", []string{"2"}, "HiddenServiceDir /a\nHiddenServicePort 2\nNickname x\n"},
		{"no value", "HiddenServiceDir /a\nHiddenServicePort\nNickname x\n", []string{"2"}, "HiddenServiceDir /a\nHiddenServicePort 2\nNickname x\n"},
		{"carriage returns in it", "HiddenServiceDir /a\r\nHidden\rServicePort 1\r2 \r\n", []string{"2"}, "HiddenServiceDir /a\r\nHidden\rServicePort 2 \r\n"},
		{"left open", "HiddenServiceDir /a\nHiddenServicePort 1\\\n", []string{"1\\"}, ""},
		{"left open and right", "HiddenServiceDir /a\nHiddenServicePort 1\\\n#c\n", []string{"1", "2"}, "HiddenServiceDir /a\nHiddenServicePort 1\\\n#c\n\nHiddenServicePort 2\n"},
		{"left open, more", "HiddenServiceDir /a\nHiddenServicePort 1 \\\n#c\n", []string{"1", "2"}, "HiddenServiceDir /a\nHiddenServicePort 1\nHiddenServicePort 2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := SetPorts([]byte(test.src), "/a", test.ports)
			if test.want == "" {
				if !errors.Is(err, ErrPort) {
					t.Errorf("got %q, %v; want %v", got, err, ErrPort)
				}
				return
			}
			if err != nil || string(got) != test.want {
				t.Fatalf("got %q, %v; want %q", got, err, test.want)
			}
			services, _, ok := dump(t, tor, got)
			want := []torOption{{"hiddenservicedir", "/a"}}
			for _, p := range test.ports {
				want = append(want, torOption{"hiddenserviceport", p})
			}
			if !ok || !cmp.Equal(want, services[:min(len(want), len(services))]) {
				t.Errorf("tor reads %v, %v of %q", services, ok, got)
			}
		})
	}
}

func TestTorrcRefuses(t *testing.T) {
	add := func(src, comment, dir string, ports ...string) error {
		out, err := AddService([]byte(src), comment, dir, ports)
		if out != nil {
			t.Errorf("got %q beside %v", out, err)
		}
		return err
	}
	for _, test := range []struct {
		name string
		err  error
		want error
	}{
		{"byte order mark", add(utf8BOM+"SocksPort 1\n", "c", "/a", "1"), ErrBOM},
		{"NUL", add("SocksPort 1\n\x00", "c", "/a", "1"), ErrNUL},
		{"no closing quote", add("Nickname \"x\n", "c", "/a", "1"), ErrEscape},
		{"excess", add("Nickname \"x\" y\n", "c", "/a", "1"), ErrExcess},
		{"relative", add("", "c", "a", "1"), ErrPath},
		{"line break in path", add("", "c", "/a\nSocksPort 1", "1"), ErrPath},
		{"line break in comment", add("", "c\nSocksPort 1", "/a", "1"), ErrComment},
		{"line break in port", add("", "c", "/a", "1\nSocksPort 1"), ErrPort},
		{"continued port", add("", "c", "/a", "1\\"), ErrPort},
		{"comment in port", add("", "c", "/a", "1 #"), ErrPort},
		{"port 0", add("", "c", "/a", "0 127.0.0.1:1"), ErrPort},
		{"port 65536", add("", "c", "/a", "65536"), ErrPort},
		{"Tahoe's endpoint", add("", "c", "/a", "2000:interface=127.0.0.1"), ErrPort},
		{"no port", add("", "c", "/a"), ErrPort},
		{"there already", add("HiddenServiceDir \"/a/\"\nHiddenServicePort 1\n", "c", "/a", "1"), ErrExists},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: got %v; want %v", test.name, test.err, test.want)
		}
	}
	if _, err := RemoveService([]byte("HiddenServiceDir /b\n"), "/a"); !errors.Is(err, ErrNotThere) {
		t.Error(err)
	}
	if _, err := SetPorts([]byte("HiddenServiceDir /a\nHiddenServiceDir /a/\n"), "/a", []string{"1"}); !errors.Is(err, ErrAmbiguous) {
		t.Error(err)
	}
	var syntax *SyntaxError
	if err := add("\n\nNickname \"x\n", "c", "/a", "1"); !errors.As(err, &syntax) || syntax.Line != 3 {
		t.Error(err)
	}
}

func FuzzTorrc(f *testing.F) {
	tor := oracle.NewTor(f)
	for _, file := range corpus(f, "testdata/torrc/*.torrc") {
		f.Add(read(f, file), "comment", "tahoe-x")
	}
	f.Add([]byte("HiddenServiceDir /a\nHiddenServicePort \\\n#\n80 1"), "", `x "quoted" \# y`)
	f.Fuzz(func(t *testing.T, src []byte, comment, name string) {
		checkAdd(t, tor, src, comment, "/nonexistent/"+name, newPort)
	})
}

func BenchmarkAddService(b *testing.B) {
	src := read(b, "testdata/torrc/debian-13.torrc")
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := AddService(src, "comment", newDir, []string{newPort}); err != nil {
			b.Fatal(err)
		}
	}
}
