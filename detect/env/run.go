package env

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// maxOutput bounds what is kept of each of a command's two outputs; the rest is read and dropped.
const maxOutput = 1 << 20

// run runs argv with an empty input and English messages. When ctx ends, the command and everything that it
// started are killed. A command that ran and failed is no error: its Status says so.
func run(ctx context.Context, argv ...string) (Output, error) {
	if len(argv) == 0 {
		return Output{}, errors.New("no command")
	}
	var stdout, stderr bounded
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = english(os.Environ())
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 100 * time.Millisecond // for the outputs, where a child left the group and keeps them open
	err := cmd.Run()
	out := Output{Stdout: stdout.String(), Stderr: stderr.String(), Status: cmd.ProcessState.ExitCode()}
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		return out, nil
	}
	return out, err
}

// english takes the caller's language out of an environment: we read what commands print.
func english(environ []string) []string {
	var kept []string
	for _, kv := range environ {
		key, _, _ := strings.Cut(kv, "=")
		if key != "LANG" && key != "LANGUAGE" && !strings.HasPrefix(key, "LC_") {
			kept = append(kept, kv)
		}
	}
	return append(kept, "LC_ALL=C")
}

// bounded is a buffer that takes everything and keeps the first maxOutput bytes.
type bounded struct{ kept []byte }

func (b *bounded) Write(p []byte) (int, error) {
	b.kept = append(b.kept, p[:min(len(p), maxOutput-len(b.kept))]...)
	return len(p), nil
}

func (b *bounded) String() string { return string(b.kept) }
