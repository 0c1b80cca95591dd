package host

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"tahoe-anon/detect/env"
)

// accounts are /etc/passwd and /etc/group.
type accounts struct {
	users  []Account // without their groups
	groups []group
}

type group struct {
	name    string
	gid     int
	members []string
}

func openAccounts(e env.Env) accounts {
	var db accounts
	if b, err := e.ReadFile("/etc/passwd"); err == nil {
		db.users = parsePasswd(string(b))
	}
	if b, err := e.ReadFile("/etc/group"); err == nil {
		db.groups = parseGroups(string(b))
	}
	return db
}

// parsePasswd reads passwd(5): name:password:UID:GID:GECOS:home:shell. Other lines are left out.
func parsePasswd(text string) []Account {
	var users []Account
	for l := range strings.Lines(text) {
		p := strings.Split(strings.TrimRight(l, "\n"), ":")
		if len(p) != 7 || p[0] == "" {
			continue
		}
		uid, err1 := strconv.Atoi(p[2])
		gid, err2 := strconv.Atoi(p[3])
		if err1 == nil && err2 == nil {
			users = append(users, Account{Name: p[0], UID: uid, GID: gid, Home: p[5], Shell: p[6]})
		}
	}
	return users
}

// parseGroups reads group(5): name:password:GID:member,member. Other lines are left out.
func parseGroups(text string) []group {
	var groups []group
	for l := range strings.Lines(text) {
		p := strings.Split(strings.TrimRight(l, "\n"), ":")
		if len(p) != 4 || p[0] == "" {
			continue
		}
		if gid, err := strconv.Atoi(p[2]); err == nil {
			groups = append(groups, group{p[0], gid, strings.Split(p[3], ",")})
		}
	}
	return groups
}

func (db accounts) groupName(gid int) string {
	for _, g := range db.groups {
		if g.gid == gid {
			return g.name
		}
	}
	return strconv.Itoa(gid)
}

// groupsOf are the groups that the files give an account, its own first.
func (db accounts) groupsOf(a Account) []string {
	names := []string{db.groupName(a.GID)}
	for _, g := range db.groups {
		if slices.Contains(g.members, a.Name) && !slices.Contains(names, g.name) {
			names = append(names, g.name)
		}
	}
	return names
}

func (db accounts) find(match func(Account) bool) (Account, bool) {
	i := slices.IndexFunc(db.users, match)
	if i < 0 {
		return Account{}, false
	}
	a := db.users[i]
	a.Groups = db.groupsOf(a)
	return a, true
}

// caller is whose node we work on. SUDO_UID and DOAS_USER are believed only as root: anybody else could set
// them to look at another's node, and gains nothing by it.
func caller(ctx context.Context, e env.Env, db accounts) Account {
	uid, euid := e.UID()
	if euid == 0 {
		if sudo, err := strconv.Atoi(e.Getenv("SUDO_UID")); err == nil && sudo > 0 {
			uid = sudo
		} else if a, ok := lookup(ctx, e, db, e.Getenv("DOAS_USER")); ok {
			return a
		}
	}
	if a, ok := lookup(ctx, e, db, strconv.Itoa(uid)); ok {
		return a
	}
	return Account{Name: strconv.Itoa(uid), UID: uid, Home: e.Getenv("HOME"), Groups: []string{}}
}

// Lookup finds an account by its name or its number.
func Lookup(ctx context.Context, e env.Env, key string) (Account, bool) {
	return lookup(ctx, e, openAccounts(e), key)
}

// Group is the name of a group in /etc/group, else its number.
func Group(e env.Env, gid int) string { return openAccounts(e).groupName(gid) }

func lookup(ctx context.Context, e env.Env, db accounts, key string) (Account, bool) {
	if key == "" || strings.HasPrefix(key, "-") {
		return Account{}, false
	}
	uid, err := strconv.Atoi(key)
	byNumber := err == nil
	a, ok := db.find(func(a Account) bool { return a.Name == key || byNumber && a.UID == uid })
	if ok {
		return a, true
	}
	return elsewhere(ctx, e, key)
}

// elsewhere asks the database that nsswitch.conf(5) names, where accounts are not in files.
func elsewhere(ctx context.Context, e env.Env, key string) (Account, bool) {
	ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	out, err := e.Run(ctx, "getent", "passwd", key)
	users := parsePasswd(out.Stdout)
	if err != nil || len(users) != 1 {
		return Account{}, false
	}
	a := users[0]
	if out, err := e.Run(ctx, "id", "-Gn", "--", a.Name); err == nil {
		a.Groups = strings.Fields(out.Stdout)
	}
	return a, true
}
