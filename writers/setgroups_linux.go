//go:build !386 && !arm

package writers

import "golang.org/x/sys/unix"

const setgroups = unix.SYS_SETGROUPS
