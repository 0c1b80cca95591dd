package wizard

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestVisible(t *testing.T) {
	for _, c := range []struct{ in, want, ascii string }{
		{"plain text, 100%", "plain text, 100%", "plain text, 100%"},
		{"\x1b[2J\x1b]0;title\a", "^[[2J^[]0;title^G", "^[[2J^[]0;title^G"},
		{"a\r\nb", "a^M^Jb", "a^M^Jb"},
		{"\tkey", "    key", "    key"},
		{"Zoë ✓", "Zoë ✓", "Zo<U+00EB> <U+2713>"},
		{"\u202etxet\u202c", "<U+202E>txet<U+202C>", "<U+202E>txet<U+202C>"},
		{"a\u200bb\u00adc\ufeff", "a<U+200B>b<U+00AD>c<U+FEFF>", "a<U+200B>b<U+00AD>c<U+FEFF>"},
		{"\x7f\u0085\u009b31m", "<U+007F><U+0085><U+009B>31m", "<U+007F><U+0085><U+009B>31m"},
		{"\xff\x9b", "<U+FFFD><U+FFFD>", "<U+FFFD><U+FFFD>"},
	} {
		if got := Visible(c.in, false); got != c.want {
			t.Errorf("Visible(%q) = %q; want %q", c.in, got, c.want)
		}
		if got := Visible(c.in, true); got != c.ascii {
			t.Errorf("in ASCII, Visible(%q) = %q; want %q", c.in, got, c.ascii)
		}
	}
}

// Nothing that a file can contain reaches the terminal as a control character.
func FuzzVisible(f *testing.F) {
	for _, s := range []string{"\x1b[2J", "\u202e", "\xff", "a\tb", "\u009b0m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, ascii := range []bool{false, true} {
			for _, r := range Visible(s, ascii) {
				if r < ' ' || r >= 0x7f && r < 0xa0 || r > 126 && ascii || r >= 0x202a && r <= 0x202e {
					t.Fatalf("%U is left of %q", r, s)
				}
			}
		}
	})
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in   string
		w    int
		want []string
	}{
		{"", 10, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"sudo cp -a FROM SAFE-PLACE", 20, []string{"sudo cp -a FROM", "SAFE-PLACE"}},
		{"an aaaaaaaaaaaaaaaaaaaa.onion b", 10, []string{"an", "aaaaaaaaaa", "aaaaaaaaaa", ".onion b"}},
		{"x", 0, []string{"x"}},
		{"éé é", 1, []string{"é", "é", "é"}},
	} {
		if diff := cmp.Diff(c.want, Wrap(c.in, c.w, utf8.RuneCountInString)); diff != "" {
			t.Errorf("Wrap(%q, %d):\n%s", c.in, c.w, diff)
		}
	}
}

// Wrapping loses no character but blanks, and no line is too long.
func FuzzWrap(f *testing.F) {
	f.Add("one two-three four", 5)
	f.Add("\xff\xfe é", 1)
	f.Fuzz(func(t *testing.T, s string, w int) {
		lines := Wrap(s, w, utf8.RuneCountInString)
		for _, l := range lines {
			if n := utf8.RuneCountInString(l); n > max(w, 1) {
				t.Errorf("a line of %d in %d columns: %q", n, w, l)
			}
		}
		if got, want := strings.Join(strings.Fields(strings.Join(lines, "")), ""), strings.Join(strings.Fields(s), ""); got != want {
			t.Errorf("%q became %q", want, got)
		}
	})
}

func TestShell(t *testing.T) {
	argv := []string{"/usr/bin/tahoe", "create-node", "/home/a b", "it's", "", "$HOME"}
	if got, want := Shell(argv), `/usr/bin/tahoe create-node '/home/a b' 'it'\''s' '' '$HOME'`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}
