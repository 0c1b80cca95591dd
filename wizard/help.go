package wizard

// The long explanations behind `?`. They follow Tahoe's own document on anonymity, corrected where it is stale.
const (
	helpNodeDir = `A node directory holds one Tahoe-LAFS node: its settings (tahoe.cfg), its keys and the shares it stores.

Name one that exists to move that node to Tor. It keeps its identity (TubID) and its shares. Those who kept its old announcement can then tell that the old IP address and the new onion address are the same server.

Name one that does not exist to make a new node, with an identity that nobody has seen. That is the better choice if nobody must ever learn where the server is.`

	helpIntroducer = `A grid is a set of storage servers and clients that know each other through an introducer. Its FURL is the ticket: whoever has it can join.

The node announces its onion address to the introducer, through Tor. The introducer learns the onion address and the nickname. It does not learn your IP address.

An introducer at an ordinary internet address works too: the connection to it goes through Tor. One at a private address (192.168..., 10...) cannot be reached through Tor.

The FURL is written to private/introducers.yaml, readable by your account alone.`

	helpNickname = `The nickname stands in the announcement that every member of the grid receives, and on the introducer's page.

A host name, a user name, a city or a domain in it tells others what the onion address hides. Many hidden servers have the same plain name; that is good for all of them.`

	helpStart = `With systemd, the node starts after tor, now and at every boot, and is started again should it fail. It runs under your own account, never as root. Its unit is a small file in /etc/systemd/system that the review shows in full; tahoe-anon undo removes it.

If you start it yourself, the command is "tahoe run NODEDIR". It has to run for the storage server to answer.`
)
