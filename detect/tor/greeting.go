package tor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/host"
)

// probeSocks greets every address at once.
func probeSocks(ctx context.Context, e env.Env, h host.Facts, addresses []string, daemonUID int) []Socks {
	all := make([]Socks, len(addresses))
	deadline := time.Now().Add(portLimit)
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() {
			all[i] = Socks{Address: address, Answers: env.No, Cause: Foreign}
			if !foreign(h, address, daemonUID) {
				all[i] = greetSocks(ctx, e, address, deadline)
			}
		})
	}
	wg.Wait()
	return all
}

// greetSocks offers SOCKS5 without authentication (RFC 1928, 3): 05 01 00, to be answered by 05 00.
func greetSocks(ctx context.Context, e env.Env, address string, deadline time.Time) Socks {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	s := Socks{Address: address, Answers: env.No}
	network, to := splitAddress(address)
	conn, err := e.Dial(ctx, network, to)
	if err != nil {
		s.Cause = socksCause(err)
		if errors.Is(err, fs.ErrPermission) {
			s.Answers = env.Unknown
		}
		return s
	}
	defer conn.Close()
	conn.SetDeadline(deadline)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	var reply [2]byte
	if _, err = conn.Write([]byte{5, 1, 0}); err == nil {
		_, err = io.ReadFull(conn, reply[:])
	}
	switch {
	case err == nil && reply == [2]byte{5, 0}:
		s.Answers = env.Yes
	case err == nil:
		s.Cause = NotSocksPort
	default:
		s.Cause = socksCause(err)
	}
	return s
}

func socksCause(err error) Cause {
	switch {
	case errors.Is(err, syscall.ENOENT), errors.Is(err, syscall.ENOTDIR):
		return Absent
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case timedOut(err):
		return Hangs
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return NotSocksPort
	}
	return Failed
}
