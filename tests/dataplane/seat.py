"""A small box at a site, reached over SSH, that the product may use as a probe."""

from __future__ import annotations

import asyncssh

SSHD = "/usr/sbin/sshd -D -e -f /etc/ssh/own/config"
OWN_SSHD = """mkdir -p /etc/ssh/own
cat > /etc/ssh/own/authorized <<'END'
{public}
END
cat > /etc/ssh/own/host <<'END'
{host_key}
END
cat > /etc/ssh/own/config <<'END'
ListenAddress 127.0.0.1
HostKey /etc/ssh/own/host
AuthorizedKeysFile /etc/ssh/own/authorized
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
UsePAM no
UseDNS no
{limits}PidFile none
END
chmod 600 /etc/ssh/own/host
"""
"""An SSH server of the node's own; ``limits``: further lines of its configuration."""
_START = (
    """
rm -f /etc/resolv.conf
echo nameserver 192.0.2.53 > /etc/resolv.conf
sed -i 's|^root:.*|root:*:0:0:root:/run:/bin/sh|' /etc/passwd
mkdir -p /usr/local/sbin
"""
    + OWN_SSHD
    + """ip netns add once && ip netns delete once
"""
)


def seat(identity: str, key: asyncssh.SSHKey) -> str:
    """How a node becomes one: ``identity`` is the office's private key, ``key`` its own."""
    return _START.format(
        public=asyncssh.import_private_key(identity).export_public_key().decode().strip(),
        limits="",
        host_key=key.export_private_key("openssh").decode().strip(),
    )
