package writers

import (
	"context"
	"os"
	"time"
)

// at runs f at a file's spot, with the rights that the actor has there: in a directory of another account, root
// has that account's (a file that root makes in tor's directory, tor cannot read).
func (s *side) at(a Actor, path string, f func(*spot) error) error {
	if a == User && s.self != 0 {
		return inSpot(path, false, f)
	}
	uid, err := s.uid(a)
	if err != nil {
		return err
	}
	if uid != 0 {
		return with(uid, func() error { return inSpot(path, false, f) })
	}
	owner := 0
	err = inSpot(path, true, func(p *spot) error {
		info, err := p.dir.Lstat(".")
		if err != nil {
			return err
		}
		if owner = uidOf(info); owner != 0 {
			path = p.path()
			return nil
		}
		return f(p)
	})
	if err != nil || owner == 0 {
		return err
	}
	return with(owner, func() error { return inSpot(path, false, f) })
}

func inSpot(path string, root bool, f func(*spot) error) error {
	p, err := locate(path, root)
	if err != nil {
		return err
	}
	defer p.close()
	return f(p)
}

// uid is the account that root does an actor's steps as.
func (s *side) uid(a Actor) (int, error) {
	uid, err := a.account()
	return max(uid, 0), err // the user is root
}

// with runs f with the file rights of an account.
func with(uid int, f func() error) error {
	if uid == os.Geteuid() {
		return f()
	}
	who, err := lookUp(uid)
	if err != nil {
		return err
	}
	return actAs(who, f)
}

// command runs argv as an actor.
func (s *side) command(ctx context.Context, a Actor, argv []string, limit time.Duration) error {
	if a == User && s.self != 0 {
		return command(ctx, nil, argv, limit)
	}
	uid, err := s.uid(a)
	if err != nil {
		return err
	}
	if s.self == 0 && uid == 0 {
		uid = os.Geteuid() // root, but for tests
	}
	who, err := lookUp(uid)
	if err != nil {
		return err
	}
	return command(ctx, &who, argv, limit)
}
