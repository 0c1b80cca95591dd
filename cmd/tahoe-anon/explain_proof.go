package main

import (
	"errors"

	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
	"tahoe-anon/wizard"
)

// explainProof puts a proof that failed into words. The changes stay: only their effect was not seen.
func explainProof(err error) *explained {
	var socks *tor.SocksError
	var proof *tahoe.ProofError
	var offline *notConnectedError
	switch {
	case errors.As(err, &offline):
		return &explained{"tor-not-bootstrapped", offline.Error(), "tor needs a network, a right clock (timedatectl) and no firewall in its way; then: tahoe-anon doctor --prove"}
	case errors.Is(err, errNoSocks):
		return &explained{"tor-socks", "no SOCKS port of tor answers, so the node cannot be asked for", "tahoe-anon doctor tells why"}
	case errors.Is(err, errStale):
		return &explained{"node-older-than-config", errStale.Error(), "restart it, then: tahoe-anon doctor --prove"}
	case errors.Is(err, errNoTubID):
		return &explained{"node-not-started", "the node did not come up in time", "sudo systemctl list-units '*tahoe*' shows its unit, and sudo journalctl -u UNIT -n 50 why; tahoe-anon doctor tells more"}
	case errors.Is(err, wizard.ErrNotProved):
		return &explained{"not-proved", "nobody starts the node now, so it was not asked for at its onion address", "start it, then: tahoe-anon doctor --prove"}
	case errors.As(err, &proof):
		return &explained{string(proof.Cause), proof.Error(), "tahoe-anon doctor tells more"}
	case errors.As(err, &socks):
		return &explained{string(socks.Reply()), socks.Error(), "a new service can take some minutes to be found; ask again: tahoe-anon doctor --prove"}
	}
	return nil
}
