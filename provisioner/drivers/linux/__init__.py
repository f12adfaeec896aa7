"""Linux switches, routers and access points over SSH: no agent, only what is ours."""
