package writers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	defaultLimit = time.Minute
	maxLimit     = 10 * time.Minute
	maxOutput    = 8 << 10 // of what a command prints, its end
)

// systemPath is where root looks for commands, whatever environment it was started with.
// What an administrator put below /usr/local does not stand in for the system's own.
var systemPath = []string{"/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"}

// command runs argv as who (nil: this process as it is), without a shell, and waits for it.
// It has a session of its own: Ctrl-C on our terminal does not reach it, nor it our terminal (TIOCSTI).
func command(ctx context.Context, who *account, argv []string, limit time.Duration) error {
	if limit == 0 {
		limit = defaultLimit
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if who != nil {
		if err := cmdAs(cmd, *who, argv[0]); err != nil {
			return &CommandError{Argv: argv, Status: -1, Cause: err.Error()}
		}
	}
	var out tail
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for children that keep the output open
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) && cmd.ProcessState.Success() {
		return nil
	}
	return &CommandError{Argv: argv, Status: status(cmd), Output: out.String(), Cause: cause(ctx, err, limit)}
}

// cmdAs makes cmd run as an account, with that account's environment and none of ours.
func cmdAs(cmd *exec.Cmd, who account, name string) error {
	path, err := inSystemPath(name)
	if err != nil {
		return err
	}
	cmd.Path, cmd.Err, cmd.Dir = path, nil, "/"
	cmd.Env = []string{
		"PATH=" + strings.Join(systemPath, ":"), "LANG=C.UTF-8",
		"HOME=" + who.home, "USER=" + who.name, "LOGNAME=" + who.name,
	}
	if who.uid != os.Geteuid() {
		cred := &syscall.Credential{Uid: uint32(who.uid), Gid: uint32(who.gid)}
		for _, g := range who.groups {
			cred.Groups = append(cred.Groups, uint32(g))
		}
		cmd.SysProcAttr.Credential = cred
	}
	return nil
}

func inSystemPath(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range systemPath {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("no command %q in %s", name, strings.Join(systemPath, ":"))
}

func status(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	return cmd.ProcessState.ExitCode()
}

func cause(ctx context.Context, err error, limit time.Duration) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Sprintf("no end within %s", limit)
	}
	return err.Error()
}

// tail keeps the last maxOutput bytes that are written to it.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if extra := len(t.b) - maxOutput; extra > 0 {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(b), nil
}

// String has no control characters but newline and tab: it is shown on terminals.
func (t *tail) String() string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(t.b), "?")))
}
