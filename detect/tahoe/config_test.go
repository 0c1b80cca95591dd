package tahoe

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/ini.v1"

	"tahoe-anon/lab/oracle"
)

// asPythonReads holds the reader against Python: the same errors in the same words, the same raw values and the same
// values of every key of every section.
func asPythonReads(t testing.TB, python *oracle.Configparser, src []byte) {
	t.Helper()
	want := python.Read(t, src)
	got, err := ParseConfig(src)
	if want.Error != "" || err != nil {
		checkConfigError(t, want, err)
		return
	}
	raw := map[string]map[string]string{}
	for name, keys := range got.sections {
		raw[name] = map[string]string{}
		for key, s := range keys {
			raw[name][key] = s.raw
		}
	}
	if d := cmp.Diff(want.Defaults, raw[defaultSection]); d != "" {
		t.Errorf("[DEFAULT] (-python +ours):\n%s\nof %q", d, src)
	}
	delete(raw, defaultSection)
	if d := cmp.Diff(want.Sections, raw); d != "" {
		t.Errorf("raw values (-python +ours):\n%s\nof %q", d, src)
	}
	for section, keys := range want.Values {
		for key, value := range keys {
			checkValue(t, got, section, key, value)
		}
		for key, message := range want.Failed[section] {
			_, ok, err := got.Get(section, key)
			var typed *ConfigError
			if !ok || !errors.Is(err, ErrInterpolation) || !errors.As(err, &typed) || !sameWords(typed.Message, redact(message)) {
				t.Errorf("[%s] %s: %v, %q; Python says %q", section, key, ok, err, message)
			}
		}
	}
}

func checkValue(t testing.TB, c *Config, section, key, want string) {
	t.Helper()
	got, ok, err := c.Get(section, key)
	if strings.HasSuffix(key, ".furl") && strings.Contains(want, "#") {
		if !errors.Is(err, ErrHash) {
			t.Errorf("[%s] %s = %q: %v; want %v", section, key, want, err, ErrHash)
		}
		return
	}
	if !ok || err != nil || got != want {
		t.Errorf("[%s] %s is %q, %v, %v; Python has %q", section, key, got, ok, err, want)
	}
}

func checkConfigError(t testing.TB, want oracle.Parsed, err error) {
	t.Helper()
	causes := map[string]error{"UnicodeDecodeError": ErrNotUTF8, "MissingSectionHeaderError": ErrNoHeader, "ParsingError": ErrNoDelimiter}
	var got *ConfigError
	if !errors.As(err, &got) || causes[want.Error] == nil || !errors.Is(err, causes[want.Error]) {
		t.Fatalf("got %v; Python says %s: %s", err, want.Error, want.Message)
	}
	if !sameWords(got.Message, redact(want.Message)) || want.Line != 0 && got.Line != want.Line {
		t.Errorf("got line %d, %q; Python says line %d, %q", got.Line, got.Message, want.Line, want.Message)
	}
}

// newer are characters that repr() escapes or not, by the version of Unicode that Python or Go knows.
var newer = regexp.MustCompile(`\\u[0-9a-f]{4}|\\U[0-9a-f]{8}|[^\x00-\x{2ff}]`)

func sameWords(a, b string) bool {
	return newer.ReplaceAllString(a, "?") == newer.ReplaceAllString(b, "?")
}

func configFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/config/*.cfg")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	found := map[string][]byte{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found[filepath.Base(file)] = b
	}
	return found
}

func TestConfigCorpus(t *testing.T) {
	python := oracle.NewConfigparser(t)
	for name, src := range configFiles(t) {
		t.Run(name, func(t *testing.T) { asPythonReads(t, python, src) })
	}
}

// odd are files that are wrong, or nearly.
var odd = []string{
	"a = 1\n", "\n\n# c\n  a\n", "[a]\nb\nc = 1\n d\ne\n", "[a]\n= 1\n : 2\n=\n", "[]\n", "[]=1\n", "[a]\n[]=1\n", "[]]\na=1\n", "[a", "[a]b]c\nd=1\n",
	"[a]\n'\n", "[a]\n'\"\n", "[a]\n\\\t\x00\u00ad\u2028\U000e0001é\n", "[a]\nb = 1\n\x1c\n", "[a]\n\x1cb = 1\n c\n", "\x0c[a]\nb=1\n",
	"[a]\nb = %\n", "[a]\nb = 1%\n", "[a]\nb = %(c)s\n", "[a]\nb = %(b)s\n", "[a]\nb = %(c)s\nc = %%%(D)s\nd = 100%%\n", "[a]\nb = %()s\n", "[a]\nb = %(c\n",
	"[a]\nb = %(c)d\nc = 1\n", "[a]\nb = 1\n  %(c)s\n\n  2\nc = x\n\n\n", "[DEFAULT]\nc = 1\n[a]\nb = %(c)s\n[DEFAULT]\nc = 2\n", "[a]\nb = %(C D)s\nc d = 1\n",
	"[default]\na = 1\n[b]\n", "[a]\nİ = 1\ni\u0307 = 2\n\u212a = 3\nK = 4\n", "[a]\nb = 1\n#\n 2\n ;\n3 = 4\n", "[a]\n   b = 1\n   c = 2\n  d = 3\n    e\n",
	"\xef\xbb\xbf\xef\xbb\xbf[a]\n", "\xff\xfe[\x00a\x00]\x00", "[a]\nb = caf\xe9\n", "\xe9", "[a]\n\xe2\x82", "[a]\n\xe2\x82A", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x90", "\xf0\x80\x80\x80",
	"\xf4\x90\x80\x80", "\xf5", "\xc0\x80", "\xc2", "\x80", "\xf1\x80\x80A", "\xef\xbb\xbf\n\xff",
	"[client]\nintroducer.furl = pb://2wavttstvzxny4x3habzn6m43uui3qgy@tcp:h:1/secret # main\n",
	"[client]\npb//x y z\nhelper.furl pb//2wavttstvzxny4x3habzn6m43uui3qgy@tcp\n", "x pb://2wavttstvzxny4x3habzn6m43uui3qgy@h/secret\n",
	"[client]\nhelper.furl = %pb://2wavttstvzxny4x3habzn6m43uui3qgy@tcp:h:1/secret\n",
}

func TestConfigOdd(t *testing.T) {
	python := oracle.NewConfigparser(t)
	for _, src := range odd {
		t.Run(src, func(t *testing.T) { asPythonReads(t, python, []byte(src)) })
	}
}

// TestConfigErrorsKeepSecrets: Python's messages quote the file, and the file has FURLs.
func TestConfigErrorsKeepSecrets(t *testing.T) {
	for _, src := range odd {
		c, err := ParseConfig([]byte(src))
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", src, err)
		}
		if err != nil {
			continue
		}
		for _, key := range []string{"introducer.furl", "helper.furl"} {
			if _, _, err := c.Get("client", key); err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", src, err)
			}
			if _, err := c.Bool("client", key, true); err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", src, err)
			}
		}
	}
	c, err := ParseConfig([]byte("[client]\nb = pb://2wavttstvzxny4x3habzn6m43uui3qgy@h/secret\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Bool("client", "b", true); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestConfigGet(t *testing.T) {
	c, err := ParseConfig([]byte("[DEFAULT]\nHome = /srv\n[node]\nTub.Port = tcp:1\nnickname = 100%%\n[storage]\nenabled = Yes\n[node]\ntub.port: tcp:2\n  ,tcp:3\nTUB.port = tcp:4\nbad = %x\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		section, key, value string
		ok                  bool
		line                int
	}{
		{"node", "tub.port", "tcp:4", true, 11},
		{"node", "TUB.PORT", "tcp:4", true, 11},
		{"Node", "tub.port", "", false, 0},
		{"node", "nickname", "100%", true, 5},
		{"storage", "home", "/srv", true, 2},
		{"client", "home", "", false, 0}, // no such section
		{"DEFAULT", "home", "/srv", true, 2},
		{"storage", "readonly", "", false, 0},
	} {
		value, ok, err := c.Get(test.section, test.key)
		if value != test.value || ok != test.ok || err != nil || c.Line(test.section, test.key) != test.line {
			t.Errorf("[%s] %s: %q, %v, %v, line %d; want %q, %v, line %d",
				test.section, test.key, value, ok, err, c.Line(test.section, test.key), test.value, test.ok, test.line)
		}
	}
	if raw, ok := c.Raw("node", "nickname"); raw != "100%%" || !ok {
		t.Errorf("raw %q, %v", raw, ok)
	}
	if d := cmp.Diff([]Duplicate{{"node", "tub.port", []int{4, 9, 11}}}, c.Duplicates()); d != "" {
		t.Errorf("duplicates (-want +got):\n%s", d)
	}
	var typed *ConfigError
	if _, ok, err := c.Get("node", "bad"); !ok || !errors.As(err, &typed) || typed.Line != 12 {
		t.Errorf("bad: %v, %v", ok, err)
	}
}

func TestConfigBool(t *testing.T) {
	for value, want := range map[string]bool{"1": true, "yes": true, "TRUE": true, "On": true, "0": false, "no": false, "False": false, "off": false} {
		c, err := ParseConfig([]byte("[s]\nb = " + value + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.Bool("s", "b", !want); got != want || err != nil {
			t.Errorf("%s: %v, %v", value, got, err)
		}
	}
	for _, value := range []string{"nope", "", "false # hide", `"false"`, "2", "t"} { // cfg-bool-words, cfg-inline-comment-bool, cfg-quoted-value
		c, err := ParseConfig([]byte("[s]\nb = " + value + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Bool("s", "b", true); !errors.Is(err, ErrNotBoolean) || err.Error() != "Not a boolean: "+value {
			t.Errorf("%q: %v", value, err)
		}
	}
	c, _ := ParseConfig(nil)
	if got, err := c.Bool("s", "b", true); !got || err != nil {
		t.Errorf("unset: %v, %v", got, err)
	}
}

// TestInterpolationEnds: a file that Python would follow for hours is given up.
func TestInterpolationEnds(t *testing.T) {
	src := "[a]\na0 = %%\n"
	for i := 1; i < 10; i++ {
		n := string(rune('0' + i - 1))
		src += "a" + string(rune('0'+i)) + " = " + strings.Repeat("%(a"+n+")s", 20) + "\n"
	}
	c, err := ParseConfig([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Get("a", "a9"); !errors.Is(err, ErrInterpolation) {
		t.Errorf("got %v", err)
	}
}

// TestConfigSecondOpinion reads the files that `tahoe` writes with a library too. ini.v1 reads no other dialect of
// them as Python does, so that it is no judge of the odd ones.
func TestConfigSecondOpinion(t *testing.T) {
	for name, src := range configFiles(t) {
		if !strings.HasPrefix(name, "create-") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			file, err := ini.LoadSources(ini.LoadOptions{IgnoreInlineComment: true, Insensitive: false, KeyValueDelimiters: "=:"}, src)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ParseConfig(src)
			if err != nil {
				t.Fatal(err)
			}
			keys := 0
			for _, section := range file.Sections() {
				for _, key := range section.Keys() {
					keys++
					if got, ok := c.Raw(section.Name(), key.Name()); !ok || got != key.Value() {
						t.Errorf("[%s] %s is %q, %v; ini.v1 has %q", section.Name(), key.Name(), got, ok, key.Value())
					}
				}
			}
			if keys < 5 {
				t.Errorf("ini.v1 found only %d keys", keys)
			}
		})
	}
}

func FuzzConfig(f *testing.F) {
	python := oracle.NewConfigparser(f)
	for _, src := range configFiles(f) {
		f.Add(src)
	}
	for _, src := range odd {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if strings.ContainsRune(string(src), 'Σ') {
			return // Python lower-cases a final sigma to another letter; no key of Tahoe has one
		}
		asPythonReads(t, python, src)
	})
}

func BenchmarkParseConfig(b *testing.B) {
	src := configFiles(b)["create-node-1.20.cfg"]
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if _, err := ParseConfig(src); err != nil {
			b.Fatal(err)
		}
	}
}
