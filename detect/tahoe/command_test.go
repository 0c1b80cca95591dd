package tahoe

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
	"tahoe-anon/detect/host"
)

func TestProbeCommand(t *testing.T) {
	alice := host.Facts{Account: host.Account{Name: "alice", UID: 1000, GID: 1000, Home: "/home/alice"}, Process: host.Process{EUID: 1000}}
	root := alice
	root.Process.EUID = 0
	inPath := envtest.Program("tahoe", "/usr/bin/tahoe")
	script := envtest.FileAs("/usr/bin/tahoe", "#! /usr/bin/python3\nimport re\n", 0o755, 0, 0)
	python := envtest.File("/usr/bin/python3", "")
	full := "version=1.20.0\nmissing=\ntor=yes\ni2p=no\n"
	bare := "version=1.20.0\nmissing=six zfec\ntor=no\ni2p=no\n"
	for name, c := range map[string]struct {
		h       host.Facts
		options []envtest.Option
		want    Command
	}{
		"none": {alice, nil, Command{Starts: env.No, Tor: env.Unknown, I2P: env.Unknown}},
		"complete": {
			alice,
			[]envtest.Option{inPath, script, python, envtest.Command("/usr/bin/python3 -c", full)},
			Command{Path: "/usr/bin/tahoe", Python: "/usr/bin/python3", Version: "1.20.0", Missing: []string{}, Starts: env.Yes, Tor: env.Yes, I2P: env.No},
		},
		"Debian 13's, without its dependencies": {
			alice,
			[]envtest.Option{inPath, script, python, envtest.Command("/usr/bin/python3 -c", bare)},
			Command{Path: "/usr/bin/tahoe", Python: "/usr/bin/python3", Version: "1.20.0", Missing: []string{"six", "zfec"}, Starts: env.No, Tor: env.No, I2P: env.No},
		},
		"of pip, by env": {
			alice,
			[]envtest.Option{
				envtest.FileAs("/home/alice/.local/bin/tahoe", "#!/usr/bin/env -S python3\n", 0o755, 1000, 1000),
				envtest.Program("python3", "/usr/bin/python3"), envtest.Command("/usr/bin/python3 -c", full),
			},
			Command{Path: "/home/alice/.local/bin/tahoe", Python: "/usr/bin/python3", Version: "1.20.0", Missing: []string{}, Starts: env.Yes, Tor: env.Yes, I2P: env.No},
		},
		"root asks as the account": {
			root,
			[]envtest.Option{inPath, script, python, envtest.Command("setpriv --reuid 1000 --regid 1000 --init-groups --reset-env -- /usr/bin/python3 -c", full)},
			Command{Path: "/usr/bin/tahoe", Python: "/usr/bin/python3", Version: "1.20.0", Missing: []string{}, Starts: env.Yes, Tor: env.Yes, I2P: env.No},
		},
		"its Python is gone": {
			alice,
			[]envtest.Option{inPath, envtest.FileAs("/usr/bin/tahoe", "#!/opt/venv/bin/python3.9\n", 0o755, 0, 0)},
			Command{Path: "/usr/bin/tahoe", Starts: env.No, Tor: env.Unknown, I2P: env.Unknown, Detail: "its Python /opt/venv/bin/python3.9 is gone"},
		},
		"a shell script": {
			alice,
			[]envtest.Option{inPath, envtest.FileAs("/usr/bin/tahoe", "#!/bin/sh\n", 0o755, 0, 0)},
			Command{Path: "/usr/bin/tahoe", Starts: env.No, Tor: env.Unknown, I2P: env.Unknown, Detail: "/bin/sh is not a Python"},
		},
		"a program": {
			alice,
			[]envtest.Option{inPath, envtest.FileAs("/usr/bin/tahoe", "\x7fELF", 0o755, 0, 0)},
			Command{Path: "/usr/bin/tahoe", Starts: env.Unknown, Tor: env.Unknown, I2P: env.Unknown, Detail: "/usr/bin/tahoe is not a Python script"},
		},
		"a Python that fails": {
			alice,
			[]envtest.Option{inPath, script, python, envtest.CommandFails("/usr/bin/python3 -c", "Fatal Python error\n", 1)},
			Command{Path: "/usr/bin/tahoe", Python: "/usr/bin/python3", Starts: env.Unknown, Tor: env.Unknown, I2P: env.Unknown, Detail: "/usr/bin/python3 exits 1: Fatal Python error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, ProbeCommand(t.Context(), envtest.Host(t, c.options...), c.h)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShebang(t *testing.T) {
	for script, want := range map[string]string{
		"#! /usr/bin/python3\n": "/usr/bin/python3", "#!/usr/bin/python3 -sE\n": "/usr/bin/python3 -sE",
		"#!/usr/bin/env python3\n": "python3", "#!/usr/bin/env -S python3 -u\n": "python3 -u",
		"#!/usr/bin/env -i A=b python3": "python3", "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\n": "/a b/python",
		"#!/bin/sh\n'''exec' /long/python \"$0\" \"$@\"\n' '''\n": "/long/python", "": "", "import re": "", "#!": "",
	} {
		if got := strings.Join(shebang(script), " "); got != want {
			t.Errorf("%q: got %q; want %q", script, got, want)
		}
	}
}

// The script is held against a real Python and made-up Tahoes.
func TestModulesScript(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal("this test needs Python: apt-get install python3")
	}
	site := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(site, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PYTHONPATH", site)
	ask := func() Command {
		c := Command{Python: python}
		if err := c.askPython(context.Background(), env.Real(), host.Facts{}); err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := ask(); !cmp.Equal(got.Missing, []string{"allmydata"}) || got.Starts != env.No {
		t.Errorf("without Tahoe: %+v", got)
	}
	write("allmydata/__init__.py", "raise SystemExit('imported')\n")
	write("allmydata/_version.py", "__version__ = version = '1.20.0'\n")
	write("allmydata/node.py", "import pycddl\n# import zfec\n")
	write("allmydata/web/root.py", "def f():\n    from klein import Klein\n")
	write("allmydata/test/common.py", "import eliot\n")
	if got := ask(); !cmp.Equal(got.Missing, []string{"klein", "pycddl"}) || got.Version != "1.20.0" || got.Tor != env.No {
		t.Errorf("modules that this Tahoe imports: %+v", got)
	}
	for _, name := range []string{"klein", "pycddl", "txtorcon"} {
		write(name+".py", "raise SystemExit('imported')\n")
	}
	if got := ask(); got.Starts != env.Yes || got.Tor != env.Yes || got.I2P != env.No {
		t.Errorf("complete: %+v", got)
	}
}
