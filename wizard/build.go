package wizard

import (
	"fmt"
	"path/filepath"
	"slices"

	"tahoe-anon/detect"
	"tahoe-anon/detect/tahoe"
	"tahoe-anon/detect/tor"
	"tahoe-anon/writers"
)

// Build reconciles the host with the goal: steps for what differs, none where the facts match already.
//
// The order is part of the privacy: the onion answers before tahoe.cfg names it, and a running node is stopped
// before its settings change (migrate-live-node) and started after everything else.
func Build(f *detect.Facts, g detect.Goal, fresh Fresh) (*Proposal, error) {
	b := builder{f: f, g: g, node: f.Node(g.Dir), secrets: writers.Secrets{}}
	if b.node == nil {
		return nil, &Blocked{Cause: NotANode, What: g.Dir, Detail: "it was not looked at"}
	}
	for _, part := range []func(Fresh) error{b.onion, b.torrc, b.nodeDir, b.config, b.introducers} {
		if err := part(fresh); err != nil {
			return nil, err
		}
	}
	if err := b.service(); err != nil {
		return nil, err
	}
	p := writers.Plan{
		Schema: writers.Schema, ID: fresh.ID, Made: fresh.Now, Steps: b.steps,
		Title: fmt.Sprintf("Hide the storage server %s behind an onion service", g.Dir),
	}
	p.Seal()
	return &Proposal{
		Goal: g, Plan: p, Secrets: b.secrets,
		Before: Before(b.node), After: After(f, b.node, g), Notes: b.notes,
	}, nil
}

// The IDs of steps that others ask for.
const (
	stepKey    = "onion-key"
	stepCreate = "create-node"
	stepConfig = "tahoe.cfg"
)

type builder struct {
	f       *detect.Facts
	g       detect.Goal
	node    *tahoe.Node
	steps   []writers.Step
	secrets writers.Secrets
	notes   []string
}

func (b *builder) add(s writers.Step) { b.steps = append(b.steps, s) }

// owner is who writes into the node directory: this account, or root acting as it.
func (b *builder) owner() writers.Actor {
	if b.f.Host.Process.EUID == b.f.Host.Account.UID {
		return writers.User
	}
	return writers.UID(b.f.Host.Account.UID)
}

func (b *builder) isNew() bool { return !b.node.Exists || b.node.Empty }

// onion puts the key that was made for the review where tor finds it. tor must own it before it reads torrc:
// a key that it cannot read is silently replaced by another (facts of tor 0.4.9: secret owned by root).
func (b *builder) onion(fresh Fresh) error {
	served := slices.ContainsFunc(b.f.Tor.Services, func(s tor.Service) bool { return s.Dir == b.g.ServiceDir })
	if served || b.g.Onion != fresh.Key.Address() {
		return nil // the address was there before
	}
	files := []struct {
		id, name, title string
		content         []byte
		secret          bool
	}{
		{stepKey, "hs_ed25519_secret_key", "Store the key of the onion address", fresh.Key.SecretFile(), true},
		{"onion-public-key", "hs_ed25519_public_key", "Store its public key", fresh.Key.PublicFile(), false},
		{"onion-hostname", "hostname", "Store the onion address", fresh.Key.HostnameFile(), false},
	}
	for _, file := range files {
		w := &writers.Write{
			Path: filepath.Join(b.g.ServiceDir, file.name), Mode: 0o600, UID: b.f.Tor.UID, GID: b.f.Tor.GID,
			MakeDir: 0o700, Content: file.content, Leaves: []string{"authorized_clients"},
			Diff: fmt.Sprintf("+ new file, %d bytes, readable by %s alone", len(file.content), b.f.Tor.User),
		}
		if file.secret {
			w.Content, w.Secret = nil, writers.SecretName(file.content)
			b.secrets[w.Secret] = file.content
			w.Diff += "; a private key, not shown"
		}
		b.add(writers.Step{
			ID: file.id, Title: file.title, As: writers.Root, Write: w,
			Why: "The address is made here and now, so that you see it before anything changes.",
		})
	}
	return nil
}
