"""A small box at a site, reached over SSH, that the product may use as a probe."""

from __future__ import annotations

import asyncssh

SSHD = "/usr/sbin/sshd -D -e -f /etc/ssh/own/config"
_START = """
rm -f /etc/resolv.conf
echo nameserver 192.0.2.53 > /etc/resolv.conf
sed -i 's|^root:.*|root:*:0:0:root:/run:/bin/sh|' /etc/passwd
mkdir -p /etc/ssh/own /usr/local/sbin
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
PidFile none
END
chmod 600 /etc/ssh/own/host
ip netns add once && ip netns delete once
"""


def seat(identity: str, key: asyncssh.SSHKey) -> str:
    """How a node becomes one: ``identity`` is the office's private key, ``key`` its own."""
    return _START.format(
        public=asyncssh.import_private_key(identity).export_public_key().decode().strip(),
        host_key=key.export_private_key("openssh").decode().strip(),
    )
