package tor

import (
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tahoe-anon/detect/env"
	"tahoe-anon/detect/env/envtest"
)

func watching(t *testing.T, e env.Env, onion, dir string) func() error {
	t.Helper()
	settled, err := WatchReload(t.Context(), e, "unix:/run/tor/control", onion, dir)
	if err != nil {
		t.Fatal(err)
	}
	return settled
}

// noControl is the same host for an account that may not use the control port.
func noControl(i *instance) env.Env {
	e := i.host()
	e.Dial = envtest.Host(i.t).Dial
	return e
}

func TestReloadIsTaken(t *testing.T) {
	i := startTor(t)
	for name, e := range map[string]env.Env{"heard": i.host(), "by its process": noControl(i)} {
		settled := watching(t, e, "", "")
		i.configure("# " + name)
		i.reload()
		if err := settled(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReloadKillsTor(t *testing.T) {
	for name, host := range map[string]func(*instance) env.Env{
		"heard": func(i *instance) env.Env { return i.host() }, "by its process": noControl,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := startTor(t)
			settled := watching(t, host(i), "", "")
			i.configure("HiddenServicePort 80")
			i.reload()
			died, ok := errors.AsType[*DiedError](settled())
			if !ok {
				t.Fatal("its end was not seen")
			}
			if name == "heard" && !strings.Contains(died.Error(), "HiddenServicePort") {
				t.Errorf("its last words are %q; want the option's name", died.Words)
			}
		})
	}
}

// A key that is cut short is replaced by tor without a word; the address is another one then.
func TestReloadReplacesAKey(t *testing.T) {
	i := startTor(t)
	service := filepath.Join(i.dir, "service")
	if err := os.Mkdir(service, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"hs_ed25519_secret_key": "== ed25519v1-secret: type0 ==\x00\x00\x00cut", "hostname": nobodys + ".onion\n"} {
		if err := os.WriteFile(filepath.Join(service, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	i.configure("HiddenServiceDir "+service, "HiddenServicePort 80 127.0.0.1:1")
	settled := watching(t, i.host(), nobodys, service)
	i.reload()
	err := settled()
	other, ok := errors.AsType[*OtherAddressError](err)
	if !ok || other.Dir != service || other.Want != nobodys || strings.Contains(err.Error(), nobodys) {
		t.Errorf("got %v; want the directory, and no address", err)
	}
}

func TestReloadKeepsAKey(t *testing.T) {
	i := startTor(t)
	key, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	service := filepath.Join(i.dir, "service")
	if err := os.Mkdir(service, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(service, "hs_ed25519_secret_key"), key.SecretFile(), 0o600); err != nil {
		t.Fatal(err)
	}
	settled := watching(t, i.host(), key.Address(), service)
	i.configure("HiddenServiceDir "+service, "HiddenServicePort 80 127.0.0.1:1")
	i.reload()
	if err := settled(); err != nil {
		t.Error(err)
	}
	settled = watching(t, i.host(), "", "")
	i.configure() // taken back
	i.reload()
	if err := settled(); err != nil {
		t.Error(err)
	}
	settled = watching(t, i.host(), key.Address(), filepath.Join(i.dir, "missing"))
	i.reload()
	if _, ok := errors.AsType[*OtherAddressError](settled()); !ok {
		t.Error("a service that is not there is not missed")
	}
}

func TestReloadWithoutTor(t *testing.T) {
	if _, err := WatchReload(t.Context(), envtest.Host(t), "", "", ""); !errors.Is(err, ErrNoTor) {
		t.Errorf("got %v; want ErrNoTor", err)
	}
}

func TestReloadOfAControlPortThatFallsSilent(t *testing.T) {
	c, s := net.Pipe()
	defer s.Close()
	ctx := within(t, 200*time.Millisecond)
	silent := newSession(ctx, "pipe", c)
	defer silent.close()
	if err := silent.awaitReload(ctx); !errors.Is(err, ctx.Err()) || err == nil {
		t.Errorf("got %v; want the context's end", err)
	}
}

func TestStartOf(t *testing.T) {
	e := envtest.Host(t,
		envtest.File("/proc/7/stat", "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"),
		envtest.File("/proc/8/stat", "8 (tor) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20"),
		envtest.File("/proc/9/stat", "9"))
	if start, alive := startOf(e, 7); start != "4711" || !alive {
		t.Errorf("got %q, %v", start, alive)
	}
	for _, pid := range []int{8, 9, 10} {
		if _, alive := startOf(e, pid); alive {
			t.Errorf("%d is said to be alive", pid)
		}
	}
}
