package env_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env"
)

func TestDialStaysOnThisMachine(t *testing.T) {
	for _, address := range []string{
		"192.0.2.1:80", "localhost:80", "example.org:80", "[2001:db8::1]:80", "0.0.0.0:80", "[::]:80",
		"[::ffff:192.0.2.1]:80", "169.254.1.1:80", "127.0.0.1", "", "[fe80::1%lo]:80",
	} {
		conn, err := env.Real().Dial(t.Context(), "tcp", address)
		if conn != nil || !errors.Is(err, env.ErrNotLoopback) {
			t.Errorf("Dial(%q) = %v, %v; want ErrNotLoopback", address, conn, err)
		}
	}
	for _, network := range []string{"udp", "tcp4", "ip", "unixgram"} {
		if _, err := env.Real().Dial(t.Context(), network, "127.0.0.1:1"); !errors.Is(err, env.ErrNotLoopback) {
			t.Errorf("Dial over %s: %v; want ErrNotLoopback", network, err)
		}
	}
}

func TestDialReachesLoopbackAndUnixSockets(t *testing.T) {
	for network, address := range map[string]string{"tcp": "127.0.0.1:0", "unix": filepath.Join(t.TempDir(), "s")} {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		conn, err := env.Real().Dial(t.Context(), network, l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Close()
	}
}

func TestReadFileNeverBlocks(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, "/dev/zero", t.TempDir()} {
		if b, err := env.Real().ReadFile(path); err == nil {
			t.Errorf("ReadFile(%s) = %d bytes; want an error", path, len(b))
		}
	}
}

func TestReadFileHasALimit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]bool{16 << 20: true, 16<<20 + 1: false} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if _, err := env.Real().ReadFile(path); (err == nil) != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestRun(t *testing.T) {
	t.Setenv("LANG", "de_DE.UTF-8")
	t.Setenv("LC_MESSAGES", "de_DE.UTF-8")
	out, err := env.Real().Run(t.Context(), "env")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.Stdout, "LC_ALL=C\n") || strings.Contains(out.Stdout, "de_DE") {
		t.Errorf("its environment is %q; want English only", out.Stdout)
	}
	if out, err = env.Real().Run(t.Context(), "cat"); err != nil || out.Stdout != "" {
		t.Errorf("its input is %q, %v; want none", out.Stdout, err)
	}
	if out, err = env.Real().Run(t.Context(), "false"); err != nil || out.Status != 1 {
		t.Errorf("false: %+v, %v; want status 1 and no error", out, err)
	}
	if _, err = env.Real().Run(t.Context(), "/no/such/command"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing command: %v; want ErrNotExist", err)
	}
}

func TestRunKeepsOneMebibyte(t *testing.T) {
	out, err := env.Real().Run(t.Context(), "head", "-c", "3000000", "/dev/zero")
	if err != nil || len(out.Stdout) != 1<<20 {
		t.Errorf("kept %d bytes, %v; want %d", len(out.Stdout), err, 1<<20)
	}
}

// A shell that waits for a child: both hold the output open.
func TestRunKillsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := env.Real().Run(ctx, "timeout", "--foreground", "60", "sleep", "60")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v; want DeadlineExceeded", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}
