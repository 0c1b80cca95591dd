// Package env is the outside as a struct of functions, so that a test can describe a host in one line.
package env

import (
	"context"
	"io/fs"
	"net"
	"time"
)

// Env is everything that the probes may ask of the machine. None of it changes the machine.
type Env struct {
	ReadFile func(path string) ([]byte, error)
	Stat     func(path string) (Info, error)
	ReadDir  func(path string) ([]string, error) // names, sorted
	Readlink func(path string) (string, error)
	LookPath func(name string) (string, error)
	// Dial reaches loopback addresses and unix sockets; it refuses everything else.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Run runs argv, without a shell, and keeps at most 1 MiB of what it prints.
	Run    func(ctx context.Context, argv ...string) (Output, error)
	Getenv func(key string) string
	Now    func() time.Time
	UID    func() (real, effective int)
	Groups func() ([]int, error)             // of this process
	Free   func(path string) (uint64, error) // bytes that an ordinary account may still write
}

// Info is what stat(2) says of a file, its symlinks followed.
type Info struct {
	Mode     fs.FileMode
	UID, GID int
	Size     int64
	ModTime  time.Time
}

// Output is what a command printed, and its exit status.
type Output struct {
	Stdout, Stderr string
	Status         int
}
