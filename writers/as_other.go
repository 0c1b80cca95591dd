//go:build !linux

package writers

import (
	"fmt"
	"os"
	"runtime"
)

// actAs needs rights per thread, which Linux alone has.
func actAs(a account, f func() error) error {
	if a.uid == os.Geteuid() {
		return f()
	}
	return fmt.Errorf("on %s root cannot write as account %d; run this as that account", runtime.GOOS, a.uid)
}

func keepAttributes(from, to *os.File) error { return nil }

func reserve(*os.File, int64) {}
