package tahoe

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const someTub = "2wavttstvzxny4x3habzn6m43uui3qgy"

func TestParseFURL(t *testing.T) {
	for _, test := range []struct {
		text string
		want FURL
		err  error
	}{
		{"pb://" + someTub + "@tcp:h:1,tor:x.onion:2/introducer", FURL{someTub, []string{"tcp:h:1", "tor:x.onion:2"}, "introducer"}, nil},
		{"pb://" + someTub + "@/swiss", FURL{TubID: someTub, Swissnum: "swiss"}, nil},
		{"pb://" + someTub + "@h/a/b", FURL{someTub, []string{"h"}, "a/b"}, nil},
		{"pb://" + someTub + "later@h/a", FURL{someTub, []string{"h"}, "a"}, nil},
		{"pb://" + someTub[1:] + "@h/a", FURL{}, ErrTubID},
		{"pb://" + strings.ToUpper(someTub) + "@h/a", FURL{}, ErrTubID},
		{"pb://" + someTub[:31] + "1@h/a", FURL{}, ErrTubID},
		{"pb://" + someTub + "@h,,i/a", FURL{}, ErrEmptyHint},
		{"pb://" + someTub + "@h,/a", FURL{}, ErrEmptyHint},
		{"pb://" + someTub + "@h/", FURL{}, ErrNotFURL},
		{"pb://" + someTub + "@h", FURL{}, ErrNotFURL},
		{"pb://" + someTub, FURL{}, ErrNotFURL},
		{"PB://" + someTub + "@h/a", FURL{}, ErrNotFURL},
		{" pb://" + someTub + "@h/a", FURL{}, ErrNotFURL},
		{"pb://" + someTub + "@h/a # main", FURL{}, ErrNotFURL},
		{"pb://" + someTub + "@h/a\"\nevil: 1", FURL{}, ErrNotFURL},
		{"pb://" + someTub + `@h/a\`, FURL{}, ErrNotFURL},
		{"", FURL{}, ErrNotFURL},
		{"None", FURL{}, ErrNotFURL},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := ParseFURL(test.text)
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
				t.Fatalf("got %v; want %v", err, test.err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if err == nil && !strings.Contains(test.text, "later") && got.Secret() != test.text {
				t.Errorf("the whole FURL is %q", got.Secret())
			}
		})
	}
}

func TestFURLShowsNoSwissnum(t *testing.T) {
	f, err := ParseFURL("pb://" + someTub + "@tor:x.onion:2/swissnum")
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(map[string]any{"one": f, "two": &f, "three": []FURL{f}, "four": map[string]FURL{"x": f}})
	if err != nil {
		t.Fatal(err)
	}
	all := string(asJSON) + f.String() + fmt.Errorf("%w: %v", errors.New("x"), f).Error()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		all += fmt.Sprintf(verb+verb+verb, f, &f, []FURL{f})
	}
	if strings.Contains(all, "swiss") || !strings.Contains(all, "tor:x.onion:2/...") {
		t.Errorf("got %s", all)
	}
}

func TestRedact(t *testing.T) {
	for text, want := range map[string]string{
		"a pb://x@h,i/secret b":                             "a pb://x@h,i/... b",
		"'pb://x@h/secret\\n' and \"pb://y@i/secret/more\"": "'pb://x@h/...' and \"pb://y@i/...\"",
		"pb://x@/secret":                                    "pb://x@/...",
		"tcp:127.0.0.1/x":                                   "tcp:127.0.0.1/x",
	} {
		if got := redact(text); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestTubIDOfCertificate(t *testing.T) {
	// python3: base64.b32encode(hashlib.sha1(b"certificate").digest()).lower()
	if got := TubIDOfCertificate([]byte("certificate")); got != "onnnk4obrhl3vbcgjp2kt4osfaaxlmji" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseFURL(f *testing.F) {
	f.Add("pb://" + someTub + "@tcp:h:1,tor:x.onion:2/introducer")
	f.Add("pb://" + someTub + "@/a")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseFURL(s)
		if err != nil {
			return
		}
		again, err := ParseFURL(got.Secret())
		if err != nil || !cmp.Equal(got, again) {
			t.Errorf("%q: %v", s, err)
		}
		if len(got.Swissnum) > 3 && strings.Contains(got.String(), "/"+got.Swissnum) {
			t.Errorf("%q shows its swissnum", got.String())
		}
	})
}
