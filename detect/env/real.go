package env

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read of one file; /proc/net/tcp of a very busy server is the largest that we read.
const maxFile = 16 << 20

// ErrNotLoopback is why Dial refused an address.
var ErrNotLoopback = errors.New("not a loopback address")

// Real is this machine.
func Real() Env {
	return Env{
		ReadFile: readFile,
		Stat:     stat,
		ReadDir:  readDir,
		Readlink: os.Readlink,
		LookPath: exec.LookPath,
		Dial:     dial,
		Run:      run,
		Getenv:   os.Getenv,
		Now:      time.Now,
		UID:      func() (int, int) { return os.Getuid(), os.Geteuid() },
		Groups:   groups,
		Free:     free,
	}
}

// readFile reads a regular file. Anything else (a pipe, a device) could block for ever or never end.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("larger than %d bytes", maxFile)}
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

func stat(path string) (Info, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Info{}, err
	}
	i := Info{Mode: info.Mode(), Size: info.Size(), ModTime: info.ModTime()}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		i.UID, i.GID = int(s.Uid), int(s.Gid)
	}
	return i, nil
}

func readDir(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// dial never leaves the machine. Names are refused too: resolving one asks the system's DNS.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := loopback(network, address); err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s: %w", address, err)}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

func loopback(network, address string) error {
	switch network {
	case "unix":
		return nil
	case "tcp":
		to, err := netip.ParseAddrPort(address)
		if err == nil && to.Addr().Unmap().IsLoopback() {
			return nil
		}
	}
	return ErrNotLoopback
}

func groups() ([]int, error) {
	gids, err := os.Getgroups()
	if err != nil {
		return nil, err
	}
	if gid := os.Getegid(); !slices.Contains(gids, gid) {
		gids = append([]int{gid}, gids...)
	}
	return gids, nil
}

func free(path string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	return s.Bavail * uint64(s.Bsize), nil
}
