package tor

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestKeyServedByTor gives tor the three files and lets it load them: it keeps them, byte for byte, which it would
// not if it read another key or address from them (it writes the hostname file anew at every start).
func TestKeyServedByTor(t *testing.T) {
	key, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{
		"hs_ed25519_secret_key": key.SecretFile(),
		"hs_ed25519_public_key": key.PublicFile(),
		"hostname":              key.HostnameFile(),
	}
	// tor derives the public key, and from it the name, from each set alone.
	for _, given := range [][]string{
		{"hs_ed25519_secret_key", "hs_ed25519_public_key", "hostname"},
		{"hs_ed25519_secret_key", "hs_ed25519_public_key"},
		{"hs_ed25519_secret_key"},
	} {
		t.Run(fmt.Sprint(len(given)), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "service")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range given {
				if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			loadService(t, dir)
			for name, want := range files {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(want, got) {
					t.Errorf("tor made another %s (%d bytes; want %d)", name, len(got), len(want))
				}
			}
		})
	}
}

// loadService starts a tor without a network for the service in dir, and ends it once its keys are loaded.
func loadService(t *testing.T, dir string) {
	t.Helper()
	path, err := exec.LookPath("tor")
	if err != nil {
		path = "/usr/sbin/tor"
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal("tor is missing, and it is the judge here: apt-get install tor")
	}
	tmp := t.TempDir()
	torrc := filepath.Join(tmp, "torrc")
	text := fmt.Sprintf("DisableNetwork 1\nSocksPort 0\nDataDirectory %s/data\nHiddenServiceDir %s\nHiddenServicePort 80\nLog notice stdout\n", tmp, dir)
	if err := os.WriteFile(torrc, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--defaults-torrc", os.DevNull, "--ignore-missing-torrc", "-f", torrc)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	var log bytes.Buffer
	for chunk := make([]byte, 4096); !strings.Contains(log.String(), "Bootstrapped 0%"); {
		n, err := out.Read(chunk)
		log.Write(chunk[:n])
		if err != nil {
			t.Fatalf("tor: %v\n%s", err, log.String())
		}
	}
}

func TestKeyShowsNothing(t *testing.T) {
	key, err := NewKey(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(struct{ K Key }{key})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	all.Write(asJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T"} {
		fmt.Fprintf(&all, verb+" ", key)
		fmt.Fprintf(&all, verb+" ", &key)
		fmt.Fprintf(&all, verb+" ", struct{ K Key }{key})
	}
	fmt.Fprint(&all, key.String(), fmt.Errorf("%w: %v", io.EOF, key))
	shown := strings.ToLower(all.String())
	secret := key.SecretFile()[32:]
	for _, leak := range []string{hex.EncodeToString(secret[:4]), string(secret[:4]), fmt.Sprintf("%d, %d", secret[0], secret[1]), fmt.Sprintf("%d %d", secret[0], secret[1]), fmt.Sprintf("%#x", secret[0])} {
		if strings.Contains(shown, leak) {
			t.Errorf("%q is in %s", leak, shown)
		}
	}
}

func TestNewKeyWithoutRandomness(t *testing.T) {
	if _, err := NewKey(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

func TestKeyFiles(t *testing.T) {
	key, err := NewKey(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	got := []int{len(key.SecretFile()), len(key.PublicFile()), len(key.HostnameFile()), len(key.Address())}
	if d := cmp.Diff([]int{96, 64, 63, 56}, got); d != "" {
		t.Errorf("lengths (-want +got):\n%s", d)
	}
	if err := ValidAddress(key.Address()); err != nil {
		t.Error(err)
	}
}

func TestValidAddress(t *testing.T) {
	const good = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid" // www.torproject.org
	version := []byte(good)
	version[55] = 'e'
	for _, test := range []struct {
		name, address string
		want          error
	}{
		{"valid", good, nil},
		{"upper case", strings.ToUpper(good), nil},
		{"onion-address-checksum", "3" + good[1:], ErrAddressChecksum},
		{"onion-v2-in-config", "expyuzz4wqqyqhjn", ErrAddressV2},
		{"the 13 characters of Tahoe's documentation", "u33m4y7klhz3b", ErrAddressLength},
		{"a letter lost", good[1:], ErrAddressLength},
		{"a letter more", good + "a", ErrAddressLength},
		{"empty", "", ErrAddressLength},
		{"with .onion", good + ".onion", ErrAddressAlphabet},
		{"0 for o", "0" + good[1:], ErrAddressAlphabet},
		{"not ASCII", "ü" + good[2:], ErrAddressAlphabet},
		{"another version", string(version), ErrAddressVersion},
		{"padding", good[:55] + "=", ErrAddressAlphabet},
		{"line break", good[:55] + "\n", ErrAddressAlphabet},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := ValidAddress(test.address)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v; want %v", err, test.want)
			}
		})
	}
}

// FuzzValidAddress: an address is valid exactly when it is what its own public key makes.
func FuzzValidAddress(f *testing.F) {
	f.Add("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid")
	f.Add("expyuzz4wqqyqhjn")
	f.Fuzz(func(t *testing.T, s string) {
		err := ValidAddress(s)
		raw, decodeErr := addressEncoding.DecodeString(strings.ToUpper(s))
		same := decodeErr == nil && len(raw) == 35 && strings.EqualFold(address(raw[:32]), s) && len(s) == 56
		if same != (err == nil) {
			t.Errorf("%q: %v", s, err)
		}
	})
}
