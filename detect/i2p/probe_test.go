package i2p

import (
	"net"
	"strings"
	"testing"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
)

func TestProbe(t *testing.T) {
	for name, c := range map[string]struct {
		serve   func(net.Conn)
		answers env.Answer
		version string
	}{
		"i2pd":          {envtest.Says("HELLO REPLY RESULT=OK VERSION=3.1\n"), env.Yes, "3.1"},
		"an old router": {envtest.Says("HELLO REPLY RESULT=NOVERSION\n"), env.No, ""},
		"a web server":  {envtest.Says("HTTP/1.1 400 Bad Request\r\n\r\n"), env.No, ""},
		"closes":        {func(net.Conn) {}, env.No, ""},
		"hangs":         {envtest.Forever, env.No, ""},
		"drips":         {envtest.Drips("HELLO REPLY "), env.No, ""},
		"endless":       {envtest.Endless(strings.Repeat("x", 1<<16)), env.No, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			got := Probe(t.Context(), envtest.Host(t, envtest.At(samAddress, envtest.Serve(t, c.serve))))
			if got.Answers != c.answers || got.Version != c.version {
				t.Errorf("got %+v", got)
			}
			if took := time.Since(begin); took > 2*samLimit {
				t.Errorf("it took %v", took)
			}
		})
	}
	if got := Probe(t.Context(), envtest.Host(t)); got.Answers != env.No {
		t.Errorf("nobody listens: %+v", got)
	}
}

func FuzzParseHello(f *testing.F) {
	f.Add("HELLO REPLY RESULT=OK VERSION=3.1\n")
	f.Add("HELLO REPLY VERSION=3.3 RESULT=OK")
	f.Fuzz(func(t *testing.T, line string) {
		if v := parseHello(line); strings.ContainsAny(v, " \n\t") {
			t.Errorf("%q from %q", v, line)
		}
	})
}
