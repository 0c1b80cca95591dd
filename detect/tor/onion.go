package tor

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Key is the secret key of a v3 onion service, made by NewKey. It prints as "tor.Key(secret)"; the pointer keeps it
// from %p too, which asks no Formatter.
type Key struct{ pair *keyPair }

type keyPair struct {
	expanded [64]byte
	public   [32]byte
}

// NewKey makes a key from 32 bytes of rand.
func NewKey(rand io.Reader) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return Key{}, fmt.Errorf("make an onion key: %w", err)
	}
	pair := keyPair{expanded: sha512.Sum512(seed)} // RFC 8032, 5.1.5
	pair.expanded[0] &= 248
	pair.expanded[31] &= 63
	pair.expanded[31] |= 64
	copy(pair.public[:], ed25519.NewKeyFromSeed(seed)[32:])
	return Key{&pair}, nil
}

// Address is the service's name: 56 characters, without ".onion".
func (k Key) Address() string { return address(k.pair.public[:]) }

// SecretFile is hs_ed25519_secret_key as tor writes it: a tag of 32 bytes and the expanded key of 64.
func (k Key) SecretFile() []byte { return keyFile("== ed25519v1-secret: type0 ==", k.pair.expanded[:]) }

// PublicFile is hs_ed25519_public_key: a tag of 32 bytes and the key of 32.
func (k Key) PublicFile() []byte { return keyFile("== ed25519v1-public: type0 ==", k.pair.public[:]) }

// HostnameFile is hostname: the address with ".onion" and a line feed, 63 bytes.
func (k Key) HostnameFile() []byte { return []byte(k.Address() + ".onion\n") }

func (k Key) String() string { return "tor.Key(secret)" }

// Format prints no key, whatever the verb.
func (k Key) Format(s fmt.State, _ rune) { io.WriteString(s, k.String()) }

// keyFile is crypto_write_tagged_contents_to_file of tor: the tag is filled up with NUL to 32 bytes.
func keyFile(tag string, key []byte) []byte {
	return append(append([]byte(tag), make([]byte, 32-len(tag))...), key...)
}

const addressLength = 56

var addressEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// address is rend-spec-v3's [ONIONADDRESS]: base32(PUBKEY | CHECKSUM | VERSION).
func address(public []byte) string {
	return strings.ToLower(addressEncoding.EncodeToString(append(bytes.Clone(public), checksum(public)...)))
}

// checksum is the checksum and, with it, the version byte that follows.
func checksum(public []byte) []byte {
	sum := sha3.Sum256([]byte(".onion checksum" + string(public) + "\x03"))
	return []byte{sum[0], sum[1], 3}
}

// What is wrong with an onion address.
var (
	ErrAddressV2       = errors.New("it is a version 2 onion address, which Tor has not served since 2021: make a new service")
	ErrAddressLength   = errors.New("an onion address has 56 characters before .onion")
	ErrAddressAlphabet = errors.New("an onion address has only the letters a-z and the digits 2-7")
	ErrAddressVersion  = errors.New("it is not a version 3 onion address")
	ErrAddressChecksum = errors.New("its checksum is wrong: a letter was mistyped or lost, copy it from the service's hostname file")
)

// AddressError is an onion address that cannot work; Err is one of the causes above.
type AddressError struct {
	Address string
	Err     error
}

func (e *AddressError) Error() string { return fmt.Sprintf("%.80q: %v", e.Address, e.Err) }
func (e *AddressError) Unwrap() error { return e.Err }

// ValidAddress checks a v3 onion address without ".onion", in any case of letters (rend-spec-v3, encoding of onion
// addresses). Its error is an *AddressError.
func ValidAddress(s string) error {
	raw, err := addressEncoding.DecodeString(strings.ToUpper(s))
	alphabet := strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '2' && r <= '7')
	})
	switch {
	case alphabet:
		return &AddressError{s, ErrAddressAlphabet}
	case len(s) == 16:
		return &AddressError{s, ErrAddressV2}
	case len(s) != addressLength || err != nil:
		return &AddressError{s, ErrAddressLength}
	case raw[34] != 3:
		return &AddressError{s, ErrAddressVersion}
	case !bytes.Equal(raw[32:], checksum(raw[:32])):
		return &AddressError{s, ErrAddressChecksum}
	}
	return nil
}
