//go:build lab

package lab

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Dial connects from inside the box's network.
func (b *Box) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer home.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", b.leader))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	// A thread belongs to one network namespace, and a socket to that of the thread which made it.
	runtime.LockOSThread()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("entering the box's network: %w", err)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
		panic(back) // this thread would make the sockets of others in the wrong place
	}
	runtime.UnlockOSThread()
	return conn, err
}

// HTTP is a client for the web servers inside the box.
func (b *Box) HTTP() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DialContext: b.Dial, DisableKeepAlives: true},
		Timeout:   30 * time.Second,
	}
}

// path is a file of the box as this machine sees it, for unix sockets. It must not lead through a symlink.
func (b *Box) path(inside string) string {
	return filepath.Join(fmt.Sprintf("/proc/%d/root", b.leader), inside)
}
