//go:build 386 || arm

package writers

import "golang.org/x/sys/unix"

// setgroups takes 16-bit groups on these; the newer call takes whole ones (setgroups(2)).
const setgroups = unix.SYS_SETGROUPS32
