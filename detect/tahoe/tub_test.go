package tahoe

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePort(t *testing.T) {
	tcp := func(port int, on string) []Endpoint { return []Endpoint{{Type: "tcp", Port: port, Interface: on}} }
	for _, test := range []struct {
		value    string
		want     []Endpoint
		loopback bool // of all
		err      error
	}{
		{"disabled", nil, true, nil},
		{"tcp:2000:interface=127.0.0.1", tcp(2000, "127.0.0.1"), true, nil},
		{" tcp:2000:interface=127.0.0.1\n", tcp(2000, "127.0.0.1"), true, nil},
		{"tcp:port=2000:interface=127.0.0.1", tcp(2000, "127.0.0.1"), true, nil},
		{"tcp:interface=127.0.0.1:2000", tcp(2000, "127.0.0.1"), true, nil},
		{"tcp:2000:127.0.0.1:50", tcp(2000, "127.0.0.1"), true, nil},
		{"tcp:2000:interface=127.0.0.53", tcp(2000, "127.0.0.53"), true, nil},
		{"tcp:2000:interface=localhost", tcp(2000, "localhost"), true, nil},
		{`tcp:2000:interface=\:\:1`, tcp(2000, "::1"), true, nil},
		{`tcp6:2000:interface=\:\:1`, []Endpoint{{Type: "tcp6", Port: 2000, Interface: "::1"}}, true, nil},
		{"tcp6:2000", []Endpoint{{Type: "tcp6", Port: 2000}}, false, nil},
		{"unix:/run/x", []Endpoint{{Type: "unix", Path: "/run/x"}}, true, nil},
		{"unix:address=/run/x:mode=600", []Endpoint{{Type: "unix", Path: "/run/x"}}, true, nil},
		{"listen:tor", []Endpoint{{Type: "listen:tor"}}, true, nil},
		{"listen:tor,listen:i2p", []Endpoint{{Type: "listen:tor"}, {Type: "listen:i2p"}}, true, nil},
		{"systemd:domain=INET:index=0", []Endpoint{{Type: "systemd"}}, false, nil},
		{"8098", tcp(8098, ""), false, nil}, // migrate-bare-number-port
		{"08098", tcp(8098, ""), false, nil},
		{"tcp:2000", tcp(2000, ""), false, nil},                                              // leak-tubport-all-interfaces
		{"tcp:2000:interface=", tcp(2000, ""), false, nil},                                   // leak-tubport-empty-interface
		{"tcp:2000:interface=0.0.0.0", tcp(2000, "0.0.0.0"), false, nil},                     //
		{"tcp:2000:interface=127.0.0.1:interface=0.0.0.0", tcp(2000, "0.0.0.0"), false, nil}, // the last counts
		{"tcp:2000:interface=127.0.0.1 # loopback", tcp(2000, "127.0.0.1 # loopback"), false, nil},
		{"tcp:2000:interface=myhost", tcp(2000, "myhost"), false, nil},
		{`tcp:2000:interface=\:\:ffff\:127.0.0.1`, tcp(2000, "::ffff:127.0.0.1"), true, nil},
		{"tcp:2000:interface=127.0.0.1,tcp:3000", append(tcp(2000, "127.0.0.1"), tcp(3000, "")...), false, nil},
		{"tcp:0:interface=127.0.0.2", tcp(0, "127.0.0.2"), true, nil}, // Tahoe lets that pass
		{"", nil, true, ErrEmpty},
		{"\u00a0", nil, true, ErrEmpty},
		{"0", nil, true, ErrPortZero},
		{"000", nil, true, ErrPortZero},
		{"tcp:0", nil, true, ErrPortZero},
		{"tcp:2000:interface=127.0.0.1,tcp:0:interface=127.0.0.1", nil, true, ErrPortZero},
		{"tcp:2000, listen:tor", nil, true, ErrUnknownType}, // tub-port-space-after-comma
		{"tcp:2000,", nil, true, ErrUnknownType},
		{"127.0.0.1:2000", nil, true, ErrUnknownType}, // tub-port-not-endpoint
		{`"tcp:2000"`, nil, true, ErrUnknownType},     // cfg-quoted-value
		{"2000,3000", nil, true, ErrUnknownType},
		{"Listen:tor", nil, true, ErrUnknownType},
		{"tcp", nil, true, ErrEndpoint},
		{"tcp:", nil, true, ErrEndpoint},
		{"tcp:x", nil, true, ErrEndpoint},
		{"tcp:65536", nil, true, ErrEndpoint},
		{"tcp:-1", nil, true, ErrEndpoint},
		{"unix", nil, true, ErrEndpoint},
	} {
		t.Run(test.value, func(t *testing.T) {
			got, err := ParsePort(test.value)
			var typed *PortError
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) || err != nil && !errors.As(err, &typed) {
				t.Fatalf("got %v; want %v", err, test.err)
			}
			checkEndpoints(t, test.want, got, test.loopback)
		})
	}
}

func checkEndpoints(t *testing.T, want, got []Endpoint, loopback bool) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	all := true
	for _, e := range got {
		all = all && e.Loopback()
	}
	if all != loopback {
		t.Errorf("loopback: %v; want %v", all, loopback)
	}
}

func TestParseWebPort(t *testing.T) {
	tcp := func(port int, on string) []Endpoint { return []Endpoint{{Type: "tcp", Port: port, Interface: on}} }
	for _, test := range []struct {
		value    string
		want     []Endpoint
		loopback bool
		err      error
	}{
		{"", nil, true, nil}, // what create-node writes for none
		{"tcp:3456:interface=127.0.0.1", tcp(3456, "127.0.0.1"), true, nil},
		{"3456:interface=127.0.0.1", tcp(3456, "127.0.0.1"), true, nil},
		{"3456", tcp(3456, ""), false, nil}, // leak-web-port
		{"tcp:3456", tcp(3456, ""), false, nil},
		{"0", tcp(0, ""), false, nil},
		{"unix:/run/x", []Endpoint{{Type: "unix", Path: "/run/x"}}, true, nil},
		{"none", nil, true, ErrUnknownType},
		{"listen:tor", nil, true, ErrUnknownType},
		{"127.0.0.1:3456", nil, true, ErrEndpoint},
	} {
		t.Run(test.value, func(t *testing.T) {
			got, err := ParseWebPort(test.value)
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) {
				t.Fatalf("got %v; want %v", err, test.err)
			}
			checkEndpoints(t, test.want, got, test.loopback)
		})
	}
}

func TestParseLocation(t *testing.T) {
	const onion = "bnkxz5yvp5vsbymfgvlkjg6ztqkowfvsqtlrb3ykbjlhr5twjsvzpdyd.onion"
	hints := func(h ...Hint) Location { return Location{Hints: h} }
	for _, test := range []struct {
		value  string
		want   Location
		hidden bool
		err    error
	}{
		{"disabled", Location{Disabled: true}, true, nil},
		{"AUTO", Location{Auto: true}, false, nil},
		{"auto", hints(Hint{Host: "auto"}), false, nil},
		{"tor:" + onion + ":3000", hints(Hint{"tor", onion, 3000}), true, nil},
		{" tor:" + onion + ":3000\n", hints(Hint{"tor", onion, 3000}), true, nil},
		{"tor:" + onion + ":3000,i2p:abc.b32.i2p:1", hints(Hint{"tor", onion, 3000}, Hint{"i2p", "abc.b32.i2p", 1}), true, nil},
		{"i2p:abc.b32.i2p", hints(Hint{"i2p", "abc.b32.i2p", 0}), true, nil},
		{"tor:" + onion + ":3000,AUTO", Location{Auto: true, Hints: []Hint{{"tor", onion, 3000}}}, false, nil},
		{"tcp:example.net:1234", hints(Hint{"tcp", "example.net", 1234}), false, nil},
		{"tcp:[2001:db8::1]:1234", hints(Hint{"tcp", "2001:db8::1", 1234}), false, nil},
		{"example.net:1234", hints(Hint{"tcp", "example.net", 1234}), false, nil},                                          // the old form
		{"tor:3000", hints(Hint{"tcp", "tor", 3000}), false, nil},                                                          // it too
		{"tor:" + onion + ":1, tcp:h.example:1", hints(Hint{"tor", onion, 1}, Hint{" tcp", "h.example:1", 0}), false, nil}, // leak-location-space-tcp
		{"TCP:h.example:1", hints(Hint{"TCP", "h.example:1", 0}), false, nil},                                              // leak-location-uppercase
		{"tor:192.0.2.1:1", hints(Hint{"tor", "192.0.2.1", 1}), false, nil},                                                // onion-location-not-onion
		{"i2p:192.0.2.1:1", hints(Hint{"i2p", "192.0.2.1", 1}), false, nil},
		{"foo", hints(Hint{"", "foo", 0}), false, nil}, // tub-location-bare-host
		{"", Location{}, true, ErrEmpty},
		{"tor:" + onion + ":1,", Location{}, true, ErrEmptyHint}, // tub-location-trailing-comma
		{"tor:" + onion, Location{}, true, ErrHint},              // onion-location-no-port
		{"tor:" + onion + ":VIRTPORT", Location{}, true, ErrHint},
		{"tor:" + onion + ":65536", Location{}, true, ErrHint},
		{"tor:" + onion + ":0", Location{}, true, ErrHint},
		{"tcp:under_score.example:1", Location{}, true, ErrHint},
	} {
		t.Run(test.value, func(t *testing.T) {
			got, err := ParseLocation(test.value)
			var typed *LocationError
			if !errors.Is(err, test.err) || (err != nil) != (test.err != nil) || err != nil && !errors.As(err, &typed) {
				t.Fatalf("got %v; want %v", err, test.err)
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if err == nil && got.Hidden() != test.hidden {
				t.Errorf("hidden: %v; want %v", got.Hidden(), test.hidden)
			}
		})
	}
}

// FuzzTub: nothing is taken for safe that names an address: what counts as loopback or hidden, says so in its text.
func FuzzTub(f *testing.F) {
	for _, s := range []string{"tcp:2000:interface=127.0.0.1,listen:tor", "8098", `tcp6:1:interface=\:\:1`, "tor:abc.onion:1,i2p:b.i2p", "AUTO", " tcp:a:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ends, err := ParsePort(s); err == nil {
			for _, e := range ends {
				if strings.HasPrefix(e.Type, "tcp") && e.Loopback() && !strings.ContainsAny(e.Interface, "1h") {
					t.Errorf("%q is loopback", s)
				}
				if e.Port < 0 || e.Port > 65535 {
					t.Errorf("%q: port %d", s, e.Port)
				}
			}
		}
		if l, err := ParseLocation(s); err == nil && l.Hidden() {
			for item := range strings.SplitSeq(strings.TrimFunc(s, pySpace), ",") {
				if item != "disabled" && !strings.HasPrefix(item, "tor:") && !strings.HasPrefix(item, "i2p:") {
					t.Errorf("%q is hidden", s)
				}
			}
		}
		if _, err := ParseWebPort(s); err != nil && s == "" {
			t.Error(err)
		}
	})
}
