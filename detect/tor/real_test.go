package tor

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
)

// instance is a real tor that never touches a network.
type instance struct {
	t     *testing.T
	dir   string
	torrc string
	cmd   *exec.Cmd
}

// startTor runs a real tor with a control socket and DisableNetwork, until the test ends.
func startTor(t *testing.T, lines ...string) *instance {
	t.Helper()
	binary, err := exec.LookPath("tor")
	if err != nil {
		t.Fatal("this test needs a real tor: apt-get install tor")
	}
	dir, err := os.MkdirTemp("", "tor") // a unix socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	i := &instance{t: t, dir: dir, torrc: filepath.Join(dir, "torrc")}
	i.configure(lines...)
	empty := filepath.Join(dir, "defaults")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	i.cmd = exec.Command(binary, "--defaults-torrc", empty, "-f", i.torrc)
	out, err := i.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := i.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready, ended := make(chan bool, 1), make(chan struct{})
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			if strings.Contains(s.Text(), "Opened Control listener") && strings.Contains(s.Text(), i.socket()) {
				ready <- true
			}
		}
		close(ready)
		i.cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() { i.cmd.Process.Kill(); <-ended })
	select {
	case ok := <-ready:
		if !ok {
			t.Fatal("tor ended at once")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("tor opened no control socket in 20 s")
	}
	for range 1000 { // the cookie is written right after
		if b, err := os.ReadFile(filepath.Join(dir, "cookie")); err == nil && len(b) == 32 {
			return i
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatal("tor wrote no cookie")
	return nil
}

func (i *instance) socket() string { return filepath.Join(i.dir, "control") }

// configure writes the torrc.
func (i *instance) configure(lines ...string) {
	i.t.Helper()
	text := fmt.Sprintf("DataDirectory %[1]s/data\nControlSocket %[1]s/control WorldWritable RelaxDirModeCheck\nCookieAuthentication 1\n"+
		"CookieAuthFile %[1]s/cookie\nDisableNetwork 1\nSocksPort auto\nLog notice stdout\n%[2]s\n", i.dir, strings.Join(lines, "\n"))
	if err := os.WriteFile(i.torrc, []byte(text), 0o644); err != nil {
		i.t.Fatal(err)
	}
}

// host is this machine, where nothing but this tor is at the usual places.
func (i *instance) host(options ...envtest.Option) env.Env {
	unix := &net.UnixAddr{Name: i.socket(), Net: "unix"}
	e := envtest.Host(i.t, append(options, envtest.At("unix:/run/tor/control", unix), envtest.At("unix:"+i.socket(), unix))...)
	real := env.Real()
	e.ReadFile, e.Stat, e.ReadDir, e.Readlink = real.ReadFile, i.hidden(real.Stat), i.processes, real.Readlink
	e.Groups, e.UID, e.LookPath, e.Run = real.Groups, real.UID, real.LookPath, real.Run
	return e
}

// hidden keeps the machine's own systemd out.
func (i *instance) hidden(stat func(string) (env.Info, error)) func(string) (env.Info, error) {
	return func(path string) (env.Info, error) {
		if path == "/run/systemd/system" {
			return env.Info{}, os.ErrNotExist
		}
		return stat(path)
	}
}

// processes shows no other tor than this one.
func (i *instance) processes(path string) ([]string, error) {
	if path == "/proc" {
		return []string{"1", strconv.Itoa(i.cmd.Process.Pid)}, nil
	}
	return env.Real().ReadDir(path)
}

func (i *instance) reload() {
	i.t.Helper()
	if err := i.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		i.t.Fatal(err)
	}
}

func within(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}
