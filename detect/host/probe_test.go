package host_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/host"
)

const (
	passwd = "root:x:0:0:root:/root:/bin/bash\nalice:x:1000:1000:,,,:/home/alice:/bin/bash\nbob:x:1001:1001::/home/bob:/bin/sh\n" +
		"debian-tor:x:100:103::/var/lib/tor:/bin/false\nbroken\n"
	groupFile = "root:x:0:\nsudo:x:27:alice\nalice:x:1000:\nbob:x:1001:\ndebian-tor:x:103:alice\n"
	release   = "# comment\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\nVERSION_ID='13'\nNAME=\"x \\\"y\\\"\"\n"
	tcp       = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 0100007F:235A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 23183 1\n" +
		"   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000   100        0 21043 1\n" +
		"   2: 0100007F:A486 0100007F:2B1F 01 00000000:00000000 00:00000000 00000000     0        0 22818 1\n"
	tcp6 = "  sl  local_address                         remote_address                        st ...\n" +
		"   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 1 1\n" +
		"   1: 00000000000000000000000001000000:0D80 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 1 1\n" +
		"   2: 0000000000000000FFFF00000100007F:07D0 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 1 1\n"
)

func files() envtest.Option {
	return envtest.All(envtest.File("/etc/passwd", passwd), envtest.File("/etc/group", groupFile))
}

func TestProbe(t *testing.T) {
	got := host.Probe(t.Context(), envtest.Host(t, files(), envtest.File("/etc/os-release", release),
		envtest.File("/proc/sys/kernel/hostname", "server\n"), envtest.File("/proc/net/tcp", tcp), envtest.File("/proc/net/tcp6", tcp6),
		envtest.Dir("/run/systemd/system", 0o755, 0, 0), envtest.Program("sudo", "/usr/bin/sudo"), envtest.Account(1000, 1000, 1000, 27, 4711)))
	want := host.Facts{
		OS:           "linux",
		Distribution: host.Distribution{ID: "debian", Version: "13", Name: "Debian GNU/Linux 13 (trixie)"},
		Hostname:     "server", Init: "systemd", Elevation: "sudo", MayElevate: env.Yes, FreeBytes: 1 << 30,
		Account: host.Account{
			Name: "alice", UID: 1000, GID: 1000, Home: "/home/alice", Shell: "/bin/bash",
			Groups: []string{"alice", "sudo", "debian-tor"},
		},
		Units:   []host.UnitFile{},
		Process: host.Process{UID: 1000, EUID: 1000, Groups: []string{"alice", "sudo", "4711"}},
		Sockets: []host.Socket{
			{"127.0.0.1", 9050, 0}, {"0.0.0.0", 22, 100}, {"::", 22, 0}, {"::1", 3456, 1000}, {"127.0.0.1", 2000, 1000},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAccount(t *testing.T) {
	for name, c := range map[string]struct {
		options []envtest.Option
		want    string
	}{
		"the caller":                    {[]envtest.Option{files()}, "alice"},
		"root itself":                   {[]envtest.Option{files(), envtest.Account(0, 0, 0)}, "root"},
		"behind sudo":                   {[]envtest.Option{files(), envtest.Account(0, 0, 0), envtest.Variable("SUDO_UID", "1001")}, "bob"},
		"behind doas":                   {[]envtest.Option{files(), envtest.Account(0, 0, 0), envtest.Variable("DOAS_USER", "bob")}, "bob"},
		"SUDO_UID set by anybody":       {[]envtest.Option{files(), envtest.Variable("SUDO_UID", "1001")}, "alice"},
		"nonsense in SUDO_UID":          {[]envtest.Option{files(), envtest.Account(0, 0, 0), envtest.Variable("SUDO_UID", "x")}, "root"},
		"an option in DOAS_USER":        {[]envtest.Option{files(), envtest.Account(0, 0, 0), envtest.Variable("DOAS_USER", "-x")}, "root"},
		"in no database":                {[]envtest.Option{files(), envtest.Account(4000, 4000, 4000)}, "4000"},
		"an account of LDAP":            {[]envtest.Option{files(), envtest.Account(5000, 5000, 5000), envtest.Command("getent passwd 5000", "carol:*:5000:5000::/home/carol:/bin/sh\n"), envtest.Command("id -Gn -- carol", "users sudo\n")}, "carol"},
		"a database that does not come": {[]envtest.Option{envtest.CommandHangs("getent")}, "1000"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := host.Probe(t.Context(), envtest.Host(t, c.options...)).Account; got.Name != c.want {
				t.Errorf("got %+v; want %s", got, c.want)
			}
		})
	}
}

func TestElevation(t *testing.T) {
	sudo, doas := envtest.Program("sudo", "/usr/bin/sudo"), envtest.Program("doas", "/usr/bin/doas")
	for name, c := range map[string]struct {
		options []envtest.Option
		by      string
		may     env.Answer
	}{
		"in group sudo":         {[]envtest.Option{files(), sudo, doas}, "sudo", env.Yes},
		"in no such group":      {[]envtest.Option{files(), sudo, envtest.Account(1001, 1001, 1001)}, "sudo", env.Unknown},
		"doas":                  {[]envtest.Option{files(), doas, envtest.Account(1001, 1001, 1001)}, "doas", env.Unknown},
		"neither sudo nor doas": {[]envtest.Option{files()}, "", env.No},
		"root":                  {[]envtest.Option{files(), sudo, envtest.Account(0, 0, 0)}, "", env.Yes},
	} {
		t.Run(name, func(t *testing.T) {
			got := host.Probe(t.Context(), envtest.Host(t, c.options...))
			if got.Elevation != c.by || got.MayElevate != c.may {
				t.Errorf("got %q, %s; want %q, %s", got.Elevation, got.MayElevate, c.by, c.may)
			}
		})
	}
}

// The real machine is its own oracle: what id(1) says of this process.
func TestThisMachine(t *testing.T) {
	e := env.Real()
	out, err := e.Run(t.Context(), "id", "-un")
	if err != nil {
		t.Fatal(err)
	}
	if got := host.Probe(t.Context(), e); got.Account.Name+"\n" != out.Stdout && e.Getenv("SUDO_UID") == "" {
		t.Errorf("the account is %q; id(1) says %q", got.Account.Name, out.Stdout)
	}
}
