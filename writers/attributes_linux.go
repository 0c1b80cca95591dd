package writers

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// keepAttributes copies extended attributes: access lists, security labels. One that this account may not set
// is left to the file system's default, but for an access list: without it others would have other rights.
func keepAttributes(from, to *os.File) error {
	names := make([]byte, 64<<10) // the kernel's limit for a list (xattr(7))
	n, err := unix.Flistxattr(int(from.Fd()), names)
	if err != nil {
		return nil // a file system without any
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names[:n]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Fgetxattr(int(from.Fd()), name, value)
		if err == nil {
			err = unix.Fsetxattr(int(to.Fd()), name, value[:n], 0)
		}
		if err != nil && name == "system.posix_acl_access" && !errors.Is(err, unix.ENOTSUP) {
			return fmt.Errorf("cannot keep the access list of %s: %w", from.Name(), err)
		}
	}
	return nil
}

// reserve takes n bytes of disk for a file that will grow, so that the journal can be written when the disk is
// full. Not every file system can; then it is not done.
func reserve(f *os.File, n int64) {
	_ = unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, n)
}
