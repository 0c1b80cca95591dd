package host

import (
	"net/netip"
	"strings"
	"testing"
)

func FuzzParseSockets(f *testing.F) {
	f.Add("   0: 0100007F:235A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23183 1\n")
	f.Add("0: 0:0 0:0 0A 0 0 0 0\n0: 0000000000000000FFFF00000100007F:07D0 x 0A x x x 1")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range parseSockets(text) {
			if _, err := netip.ParseAddr(s.Address); err != nil || s.Port < 0 || s.Port > 65535 {
				t.Errorf("%+v from %q", s, text)
			}
		}
	})
}

func FuzzParseRelease(f *testing.F) {
	f.Add("ID=debian\nID_LIKE=\"a b\"\nVERSION_ID='13'\nPRETTY_NAME=\"\\\"\"\n")
	f.Add("ID=\"\nID='")
	f.Fuzz(func(t *testing.T, text string) {
		if d := parseRelease(text); strings.Contains(d.ID+d.Name+d.Version, "\n") {
			t.Errorf("a line end in %+v", d)
		}
	})
}

func FuzzParseAccounts(f *testing.F) {
	f.Add("root:x:0:0:root:/root:/bin/bash\n", "sudo:x:27:alice,bob\n")
	f.Fuzz(func(t *testing.T, passwd, group string) {
		db := accounts{parsePasswd(passwd), parseGroups(group)}
		for _, a := range db.users {
			if a.Name == "" || len(db.groupsOf(a)) == 0 {
				t.Errorf("%+v", a)
			}
		}
	})
}
