package writers

import (
	"fmt"
	"os/user"
	"strconv"
)

// account is somebody whose rights root takes on.
type account struct {
	uid, gid   int
	groups     []int
	name, home string
}

// lookUp finds an account in the system's database.
func lookUp(uid int) (account, error) {
	a := account{uid: uid}
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return a, fmt.Errorf("cannot act as account %d: %w", uid, err)
	}
	a.name, a.home = u.Username, u.HomeDir
	if a.gid, err = strconv.Atoi(u.Gid); err != nil {
		return a, fmt.Errorf("account %d has no group: %w", uid, err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return a, fmt.Errorf("cannot tell the groups of account %d: %w", uid, err)
	}
	for _, g := range groups {
		if n, err := strconv.Atoi(g); err == nil {
			a.groups = append(a.groups, n)
		}
	}
	return a, nil
}
