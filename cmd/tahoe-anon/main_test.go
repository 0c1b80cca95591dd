package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tahoe-anon/detect/env"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"tahoe-anon": func() {
		a := &app{env: env.Real(), in: os.Stdin, out: os.Stdout, err: os.Stderr}
		os.Exit(a.run(context.Background(), os.Args[1:]))
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("TERM", "xterm-256color")
			return os.Mkdir(e.WorkDir+"/home", 0o700)
		},
	})
}
