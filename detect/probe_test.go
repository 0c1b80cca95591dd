package detect_test

import (
	"encoding/json"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"tahoe-anon/detect"
	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/tor"
)

const torrc = "SocksPort 127.0.0.1:9250\nControlPort 9251\nControlSocket /run/other\n"

// hostile is a host where everything is there and misbehaves in the same way.
func hostile(t testing.TB, serve func(net.Conn)) env.Env {
	options := []envtest.Option{
		envtest.File("/etc/tor/torrc", torrc), envtest.Dir("/run/systemd/system", 0o755, 0, 0),
		envtest.Program("tor", "/usr/sbin/tor"), envtest.Program("tahoe", "/usr/bin/tahoe"), envtest.File("/usr/bin/tahoe", "#!/usr/bin/python3\n"),
		envtest.File("/usr/bin/python3", ""), envtest.CommandHangs(""),
	}
	for _, address := range []string{
		"unix:/run/tor/control", "unix:/var/run/tor/control", "unix:/run/other", "127.0.0.1:9051", "127.0.0.1:9151", "127.0.0.1:9251",
		"127.0.0.1:9050", "127.0.0.1:9150", "127.0.0.1:9250", "127.0.0.1:7656",
	} {
		options = append(options, envtest.At(address, envtest.Serve(t, serve)))
	}
	return envtest.Host(t, options...)
}

// Whatever hangs, the whole probe is over in 2 s, and leaves nothing running.
func TestProbeIsBounded(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"hangs":   envtest.Forever,
		"closes":  func(net.Conn) {},
		"drips":   envtest.Drips("250-\x05HELLO "),
		"garbage": envtest.Says("\x00\xff\x1b[2J\r\n"),
		"endless": envtest.Endless(strings.Repeat("250-x\r\n", 9000)),
	} {
		t.Run(name, func(t *testing.T) {
			e := hostile(t, serve)
			begin := time.Now()
			f := detect.Probe(t.Context(), e, "/srv/node")
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("it took %v", took)
			}
			if len(f.Tor.Control.Attempts) < 6 || len(f.Tor.Socks) < 3 || f.Node("/srv/node") == nil {
				t.Errorf("it left something out: %+v", f.Tor)
			}
			for _, a := range f.Tor.Control.Attempts {
				if a.Cause == "" {
					t.Errorf("%+v is said to be of use", a)
				}
			}
			if f.Tor.Control.Authenticated || f.I2P.Answers == env.Yes {
				t.Errorf("something is said to be of use: %+v", f)
			}
			if left := leftover(); len(left) > 0 {
				t.Errorf("it leaves running: %s", left)
			}
		})
	}
}

// leftover are the goroutines that are in the code of a probe.
func leftover() []string {
	var found []string
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, g := range strings.Split(string(stacks), "\n\n") {
		for _, p := range []string{"detect/tor.", "detect/host.", "detect/i2p.", "detect/tahoe.", "detect.Probe", "control.(*Conn)"} {
			if strings.Contains(g, p) && !strings.Contains(g, "testing.tRunner") {
				found = append(found, g)
			}
		}
	}
	return found
}

func TestEmptyHost(t *testing.T) {
	f := detect.Probe(t.Context(), envtest.Host(t))
	if f.Tor.Binary != "" || f.Tor.Running == env.Yes || f.Tahoe.Path != "" || len(f.Nodes) != 0 {
		t.Errorf("it sees things: %+v", f)
	}
	if f.Tor.Control.Attempts[0].Cause != tor.Absent || f.Tor.Socks[0].Cause != tor.Refused {
		t.Errorf("got %+v %+v", f.Tor.Control.Attempts, f.Tor.Socks)
	}
	b, err := json.Marshal(f)
	if err != nil || strings.Contains(string(b), ":null") {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}

// On this machine as it is: on a healthy host it takes less than 150 ms.
func BenchmarkProbe(b *testing.B) {
	e := env.Real()
	for b.Loop() {
		detect.Probe(b.Context(), e)
	}
}
