package writers

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// actAs runs f with the file rights of account a, as root alone can. The kernel keeps these rights per thread
// (setfsuid(2), credentials(7)): f runs on one that is never given back, so that it ends, and its rights with
// it, when f does. f must not start goroutines.
func actAs(a account, f func() error) error {
	if a.uid == os.Geteuid() {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := become(a); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

// become drops the groups first, for that needs root. setfsuid(2) reports no errors: only asking again tells,
// with an ID that no account has.
func become(a account) error {
	groups := make([]uint32, len(a.groups)+1)
	for i, g := range a.groups {
		groups[i] = uint32(g)
	}
	// The wrappers of package syscall would change every thread.
	_, _, errno := unix.RawSyscall(setgroups, uintptr(len(a.groups)), uintptr(unsafe.Pointer(&groups[0])), 0)
	if errno != 0 {
		return fmt.Errorf("cannot drop root's groups: %w", errno)
	}
	for _, id := range []struct {
		set func(int) (int, error)
		to  int
	}{{unix.SetfsgidRetGid, a.gid}, {unix.SetfsuidRetUid, a.uid}} {
		if _, err := id.set(id.to); err != nil {
			return err
		}
		if now, err := id.set(-1); err != nil || now != id.to {
			return fmt.Errorf("cannot act as account %d: the kernel keeps the rights of %d", a.uid, now)
		}
	}
	return nil
}
