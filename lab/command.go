//go:build lab

package lab

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// bounded is a command that ends, with all its children, after Limit or when the test ends.
func bounded(t testing.TB, name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(t.Context(), Limit)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	// nsenter waits for a child in another pid namespace; killing nsenter alone would leave that child.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Module is the directory of go.mod. A test starts in the directory of its package.
func Module(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("there is no go.mod above the test's directory: %v", err)
	return ""
}

// Script is the path of one of the lab's scripts, "host" or "tornet".
func Script(t testing.TB, name string) string {
	t.Helper()
	return filepath.Join(Module(t), "lab", name)
}
