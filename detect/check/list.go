package check

// Checks are all rules, each after those that it needs.
var Checks = []Check{
	{
		ID: "tor-not-installed", Title: "tor is installed", Broken: "tor is not installed",
		Impact: Works, Eval: torInstalled,
	},
	{
		ID: "tor-not-running", Title: "tor runs", Broken: "tor does not run",
		Impact: Works, Needs: []string{"tor-not-installed"}, Eval: torRuns,
	},
	{
		ID: "tor-control-port", Title: "tor's control port is open, or not needed", Broken: "tor's control port is closed to this account",
		Impact: Works, Needs: []string{"tor-not-running"}, Eval: controlPort,
	},
	{
		ID: "tor-disable-network", Title: "tor may use the network", Broken: "tor is told to stay off the network (DisableNetwork)",
		Impact: Works, Needs: []string{"tor-not-running"}, Eval: torNetwork,
	},
	{
		ID: "tor-not-bootstrapped", Title: "tor is connected to the Tor network", Broken: "tor is not connected to the Tor network",
		Impact: Works, Needs: []string{"tor-not-running", "tor-disable-network"}, Eval: bootstrapped,
	},
	{
		ID: "tor-socks", Title: "tor's SOCKS port answers where the node looks for it", Broken: "no SOCKS port answers where the node looks for it",
		Impact: Works, Needs: []string{"tor-not-running", "tor-disable-network"}, Eval: socksAnswers,
	},
	{
		ID: "tahoe-cannot-start", Title: "the tahoe command has all its modules", Broken: "the tahoe command cannot start",
		Impact: Works, Eval: tahoeStarts,
	},
	{
		ID: "nodedir-not-recognised", Title: "the node directory holds a node", Broken: "this is no node directory",
		Impact: Works, Eval: nodeDir,
	},
	{
		ID: "nodedir-foreign-owner", Title: "the node directory belongs to the account that runs it", Broken: "the node directory belongs to another account",
		Impact: Works, Needs: []string{"nodedir-not-recognised"}, Eval: nodeOwner,
	},
	{
		ID: "private-mode-open", Title: "the node's keys are closed to other accounts", Broken: "other accounts can read the node's keys",
		Impact: Safety, Needs: []string{"nodedir-not-recognised"}, Eval: privateMode,
	},
	{
		ID: "cfg-unreadable", Title: "tahoe.cfg can be read", Broken: "tahoe.cfg cannot be read as Tahoe reads it",
		Impact: Works, Needs: []string{"nodedir-not-recognised"}, Eval: configReadable,
	},
	{
		ID: "privacy-flag", Title: "reveal-IP-address is false", Broken: "Tahoe is not told to keep the IP address hidden",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: privacyFlag,
	},
	{
		ID: "privacy-tcp-tcp", Title: "all connections go through Tor", Broken: "[connections] tcp does not lead through Tor",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: connections,
	},
	{
		ID: "leak-location", Title: "only hidden addresses are announced", Broken: "tub.location announces an address that is not hidden",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: announced,
	},
	{
		ID: "leak-tubport-all-interfaces", Title: "tub.port is bound to this host", Broken: "the node's port is open to other hosts",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: tubPortBound,
	},
	{
		ID: "leak-web-port", Title: "the web page is bound to this host", Broken: "the node's web page, with full control of it, is open to other hosts",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: webPortBound,
	},
	{
		ID: "leak-sftp-port", Title: "SFTP is off, or bound to this host", Broken: "the node's SFTP port is open to other hosts",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: sftpBound,
	},
	{
		ID: "node-older-than-config", Title: "the node runs with the settings that tahoe.cfg has now",
		Broken: "tahoe.cfg changed after the node started: it runs with older settings",
		// Restarting it is no cure while the new settings leak: they would come into force.
		Impact: Privacy, Eval: fresh,
		Needs: []string{
			"cfg-unreadable", "privacy-flag", "privacy-tcp-tcp", "leak-location", "leak-tubport-all-interfaces",
			"leak-web-port", "leak-sftp-port",
		},
	},
	{
		ID: "leak-log-gatherer", Title: "no logs are sent around Tor", Broken: "log_gatherer.furl connects directly, whatever the other settings say",
		Impact: Privacy, Needs: []string{"cfg-unreadable"}, Eval: logGatherer,
	},
	{
		ID: "onion-address", Title: "the announced onion address is valid", Broken: "the announced onion address cannot be right",
		Impact: Works, Needs: []string{"cfg-unreadable"}, Eval: onionAddress,
	},
	{
		ID: "onion-service-missing", Title: "tor serves the announced address", Broken: "no onion service in torrc serves the announced address",
		Impact: Works, Needs: []string{"tor-not-installed", "onion-address"}, Eval: serviceThere,
	},
	{
		ID: "hs-dir", Title: "the service's directory is as tor wants it", Broken: "tor cannot use the service's directory",
		Impact: Works, Needs: []string{"onion-service-missing"}, Eval: serviceDir,
	},
	{
		ID: "onion-target-nonloopback", Title: "the onion service leads to this host", Broken: "the onion service sends its traffic to another host, in the clear",
		Impact: Privacy, Needs: []string{"onion-service-missing"}, Eval: targetLoopback,
	},
	{
		ID: "onion-virtport-mismatch", Title: "tor listens on the announced port of the onion", Broken: "the announced port is not one that the onion service has",
		Impact: Works, Needs: []string{"onion-service-missing"}, Eval: virtualPort,
	},
	{
		ID: "onion-target-port-mismatch", Title: "the onion service leads to the node's port", Broken: "the onion service leads to another port than the node's",
		Impact: Works, Needs: []string{"onion-service-missing", "onion-virtport-mismatch", "onion-target-nonloopback"}, Eval: targetPort,
	},
	{
		ID: "http-tor-needs-control-port", Title: "storage gets through Tor", Broken: "storage servers stay unreachable: HTTP storage over Tor does not work with these settings",
		Impact: Works, Needs: []string{"cfg-unreadable"}, Eval: foolscapForced,
	},
	{
		ID: "node-not-running", Title: "the node runs", Broken: "the node does not run",
		Impact: Works, Needs: []string{"tahoe-cannot-start", "cfg-unreadable", "nodedir-foreign-owner"}, Eval: nodeRuns,
	},
	{
		ID: "tub-port-in-use-silent", Title: "the node listens on its port", Broken: "the node runs, and does not listen on its port",
		Impact: Works, Needs: []string{"node-not-running"}, Eval: nodeListens,
	},
	{
		ID: "leak-log-port", Title: "no other port is open", Broken: "Tahoe's log port is open to other hosts",
		Impact: Privacy, Eval: logPort,
	},
	{
		ID: "onion-not-our-node", Title: "the node answers at its onion address", Broken: "the node does not answer at its onion address",
		Impact: Works, Eval: proved,
		Needs: []string{
			"tor-not-running", "tor-not-bootstrapped", "tor-socks", "hs-dir", "onion-virtport-mismatch",
			"onion-target-port-mismatch", "node-not-running", "tub-port-in-use-silent",
		},
	},
}
