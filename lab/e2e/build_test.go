//go:build lab

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"tahoe-anon/lab"
)

// program is where a box has ours.
const program = "/usr/local/bin/tahoe-anon"

var compiled = sync.OnceValues(func() (words string, err error) {
	dir, err := os.MkdirTemp("", "tahoe-anon-e2e-")
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "tahoe-anon")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "tahoe-anon/cmd/tahoe-anon")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	return string(out), err
})

var binary string // made by compiled, removed by TestMain

func TestMain(m *testing.M) {
	status := m.Run()
	if binary != "" {
		os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(status)
}

// build compiles the program as it is released, once, and returns the file.
func build(t testing.TB) string {
	t.Helper()
	if words, err := compiled(); err != nil {
		t.Fatalf("go build: %v\n%s", err, words)
	}
	return binary
}

// install puts the program into a box.
func install(t testing.TB, b *lab.Box) {
	t.Helper()
	data, err := os.ReadFile(build(t))
	if err != nil {
		t.Fatal(err)
	}
	b.Put(program, data, 0o755, "root:root")
}

// The released program is static and small enough for a slow line.
func TestBinary(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(build(t))
	if err != nil {
		t.Fatal(err)
	}
	if mb := float64(info.Size()) / 1e6; mb >= 12 {
		t.Errorf("the stripped program has %.1f MB; it must stay under 12", mb)
	} else {
		lab.Record(t, fmt.Sprintf("%8.2f MB  the stripped program\n", mb))
	}
	b := lab.Up(t)
	install(t, b)
	lab.Do(t, b.As("bob", program, "version"))
}
