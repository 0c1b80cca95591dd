package oracle

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tor is a tor program with an empty defaults file and a data directory of its own. It opens no port.
type Tor struct {
	path, dir string
}

// NewTor finds tor.
func NewTor(t testing.TB) *Tor {
	t.Helper()
	for _, path := range []string{"tor", "/usr/sbin/tor"} {
		if path, err := exec.LookPath(path); err == nil {
			o := &Tor{path: path, dir: t.TempDir()}
			o.write(t, "defaults", nil)
			return o
		}
	}
	t.Fatal("tor is missing, and it is the judge here: apt-get install tor")
	return nil
}

// Dump has tor read a torrc, after a defaults file (nil: an empty one), and returns all options in effect, one a
// line. ok is false when tor refuses the files.
func (o *Tor) Dump(t testing.TB, defaults, torrc []byte) (options []string, ok bool) {
	t.Helper()
	o.write(t, "defaults", defaults)
	o.write(t, "torrc", torrc)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.path, "--defaults-torrc", o.file("defaults"), "-f", o.file("torrc"),
		"--dump-config", "full", "--quiet", "--DataDirectory", o.file("data"), "--User", "")
	cmd.Dir = o.dir
	out, err := cmd.Output()
	if ctx.Err() != nil {
		t.Fatalf("tor --dump-config: %v", ctx.Err())
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "DataDirectory ") {
			options = append(options, line)
		}
	}
	return options, err == nil
}

// Dir is where the torrc stands; relative paths in it start here.
func (o *Tor) Dir() string { return o.dir }

func (o *Tor) file(name string) string { return filepath.Join(o.dir, name) }

func (o *Tor) write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(o.file(name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}
