//go:build lab

package tor

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

const nobody = 65534

// TestMain lets the test program be another account's: root is never denied anything.
func TestMain(m *testing.M) {
	address := os.Getenv("TAHOE_ANON_TEST_CONTROL")
	if address == "" {
		os.Exit(m.Run())
	}
	h := host.Facts{
		Account: host.Account{Groups: strings.Split(os.Getenv("TAHOE_ANON_TEST_GROUPS"), ",")},
		Process: host.Process{EUID: os.Geteuid()},
	}
	_, a := openSession(context.Background(), env.Real(), h, address, time.Now().Add(portLimit))
	json.NewEncoder(os.Stdout).Encode(a)
	os.Exit(0)
}

// TestRealPermissions holds a real tor's socket and cookie against an account that is not root.
func TestRealPermissions(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test becomes another account: run it as root")
	}
	i := startTor(t)
	program := filepath.Join(i.dir, "test")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, self, 0o755); err != nil {
		t.Fatal(err)
	}
	ask := func(groups string, gids ...uint32) Attempt {
		t.Helper()
		cmd := exec.Command(program)
		cmd.Env = []string{"TAHOE_ANON_TEST_CONTROL=unix:" + i.socket(), "TAHOE_ANON_TEST_GROUPS=" + groups}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, Groups: gids}}
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var a Attempt
		if err := json.Unmarshal(out, &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	set := func(name string, mode os.FileMode, gid int) {
		t.Helper()
		path := filepath.Join(i.dir, name)
		if err := os.Chown(path, 0, gid); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const daemon = 1 // group daemon, everywhere
	want := func(what string, got Attempt, cause Cause) {
		t.Helper()
		if got.Cause != cause || (cause == GroupMissing || cause == GroupNotEffective) != (got.Group == "daemon") {
			t.Errorf("%s: %+v; want %q", what, got, cause)
		}
	}
	set("cookie", 0o600, 0)
	want("the owner's cookie", ask("nogroup"), CookieUnreadable)
	set("cookie", 0o640, daemon)
	want("the group's cookie", ask("nogroup"), GroupMissing)
	want("the group's cookie, later", ask("daemon"), GroupNotEffective)
	want("the group's cookie, in the group", ask("daemon", daemon), "")
	set("control", 0o660, daemon)
	want("the group's socket", ask("nogroup"), GroupMissing)
	want("the group's socket, later", ask("daemon"), GroupNotEffective)
	want("the group's socket, in the group", ask("daemon", daemon), "")
	set("control", 0o600, 0)
	want("the owner's socket", ask("daemon", daemon), Failed)
}
