"""The network menus: interfaces, bridges, addresses, DHCP, the firewall, and queues."""

TEXT = """
/interface bridge
%store interface
%type bridge
%flags X|R
%unique name failure: already have interface with such name
name:name! mtu:mtu=auto actual-mtu:number#=1500 l2mtu:number#=1514
arp:enabled|disabled|proxy-arp|reply-only|local-proxy-arp=enabled arp-timeout:time=auto
mac-address:mac# protocol-mode:none|rstp|stp|mstp=rstp fast-forward:bool=yes igmp-snooping:bool=no
auto-mac:bool=yes admin-mac:mac ageing-time:time=5m priority:text=0x8000 max-message-age:time=20s
forward-delay:time=15s transmit-hold-count:1-10=6 vlan-filtering:bool=no
ether-type:0x8100|0x88a8|0x9100=0x8100 pvid:1-4094=1
frame-types:admit-all|admit-only-untagged-and-priority-tagged|admit-only-vlan-tagged=admit-all
ingress-filtering:bool=yes dhcp-snooping:bool=no

/interface ethernet
%store interface
%type ether
%fixed
%flags XR|S
%columns name mtu mac-address arp switch
%unique name failure: already have interface with such name
%verbs monitor reset-mac-address cable-test
name:name! default-name:name# mtu:68-10218=1500 l2mtu:number=1598 mac-address:mac
orig-mac-address:mac# arp:enabled|disabled|proxy-arp|reply-only|local-proxy-arp=enabled
arp-timeout:time=auto loop-protect:default|on|off=default auto-negotiation:bool=yes advertise:text
full-duplex:bool=yes speed:text=1Gbps bandwidth:text=unlimited/unlimited switch:name#=switch1
rx-fcs-error:number# rx-error:number# loop-protect-status:name#=off
/interface ethernet poe
%store interface
%type ether
%fixed
%needs poe
%columns name poe-out poe-priority power-cycle-ping-enabled power-cycle-interval
%verbs monitor power-cycle
name:name# poe-out:auto-on|forced-on|off=auto-on poe-priority:0-99=10
poe-voltage:auto|low|high=auto power-cycle-ping-enabled:bool=no power-cycle-interval:time=none
/interface ethernet poe settings
%single
%needs poe
psu1-max-power:name# routerboard-max-total-power:name# poe-out-limit-power:name#

/interface vlan
%store interface
%type vlan
%flags XR
%columns name mtu arp vlan-id interface
%unique name failure: already have interface with such name;vlan-id+interface failure: already \
have vlan with such id on this interface
name:name! mtu:68-65535=1500 l2mtu:number#=1594 mac-address:mac#
arp:enabled|disabled|proxy-arp|reply-only|local-proxy-arp=enabled arp-timeout:time=auto
loop-protect:default|on|off=default loop-protect-status:name#=off
loop-protect-send-interval:time=5s loop-protect-disable-time:time=5m vlan-id:1-4095!
interface:interface! use-service-tag:bool=no mvrp:bool

/interface bonding
%store interface
%type bond
%flags X|R
%unique name failure: already have interface with such name
name:name! mtu:68-65535=1500 mac-address:mac# arp:enabled|disabled|proxy-arp|reply-only=enabled
arp-timeout:time=auto slaves:interfaces!
mode:balance-rr|active-backup|balance-xor|broadcast|802.3ad|balance-tlb|balance-alb=balance-rr
primary:text=none link-monitoring:arp|mii|none=mii arp-interval:time=100ms arp-ip-targets:text
mii-interval:time=100ms down-delay:time=0ms up-delay:time=0ms lacp-rate:30secs|1sec=30secs
transmit-hash-policy:layer-2|layer-2-and-3|layer-3-and-4=layer-2 min-links:0-64=0

/interface
%store interface
%fixed
%flags D|XR|S
%columns name type actual-mtu l2mtu max-l2mtu mac-address
%verbs monitor-traffic
name:name! default-name:name# type:name# mtu:mtu actual-mtu:number# l2mtu:number#
max-l2mtu:number# mac-address:mac# last-link-down-time:name# last-link-up-time:name#
link-downs:number#

/interface list
%flags D
%unique name failure: already have interface list with such name
name:name! include:text exclude:text

/ip pool
%unique name failure: pool with such name exists
%columns name ranges
name:name! ranges:ranges! next-pool:text

/ip dhcp-server
%flags XID
%columns name interface address-pool lease-time add-arp
%unique name failure: server with such name already exists;interface failure: can't run two \
servers on the same interface
%verbs setup
name:name interface:interface! relay:ip address-pool:pool=static-only lease-time:time
authoritative:yes|no|after-2sec-delay|after-10sec-delay use-radius:yes|no|accounting=no
bootp-support:none|static|dynamic=static lease-script:text add-arp:bool always-broadcast:bool
delay-threshold:time server-address:ip conflict-detection:bool dhcp-option-set:text
insert-queue-before:text client-mac-limit:text use-framed-as-classless:bool

/queue simple
%ordered
%flags XID
%unique name failure: already have such name
name:name target:targets! dst:text parent:text=none packet-marks:text="" priority:text=8/8
queue:text=default-small/default-small limit-at:rates=0/0 max-limit:rates=0/0
burst-limit:rates=0/0 burst-threshold:rates=0/0 burst-time:text=0s/0s bucket-size:text=0.1/0.1
total-queue:text=default-small time:text place-before:text

/interface bridge port
%flags XID|H
%names H=hw-offload
%columns interface bridge hw pvid priority path-cost internal-path-cost horizon
%unique interface failure: device already added as bridge port
%verbs monitor
interface:interface! bridge:bridge! priority:text=0x80 path-cost:text internal-path-cost:text
edge:text=auto point-to-point:text=auto learn:text=auto horizon:text=none hw:bool=yes
auto-isolate:bool=no restricted-role:bool=no restricted-tcn:bool=no pvid:1-4094=1
frame-types:admit-all|admit-only-untagged-and-priority-tagged|admit-only-vlan-tagged=admit-all
ingress-filtering:bool=yes unknown-unicast-flood:bool=yes unknown-multicast-flood:bool=yes
broadcast-flood:bool=yes tag-stacking:bool=no bpdu-guard:bool=no trusted:bool=no
multicast-router:text=temporary-query

/interface bridge host
%flags XD|IL|E
%names L=local,E=external
mac-address:mac! vid:1-4094 interface:interface bridge:bridge on-interface:name#

/interface bridge vlan
%flags XD
%columns bridge vlan-ids current-tagged current-untagged
bridge:bridge! vlan-ids:vlans! tagged:interfaces="" untagged:interfaces=""
current-tagged:interfaces# current-untagged:interfaces#

/interface list member
%flags XD
%columns list interface
%unique list+interface failure: already have such list member
list:list! interface:interface!

/ip address
%flags XID
%columns address network interface
%unique address+interface failure: already have such address
address:address! network:ip interface:interface! broadcast:ip

/ip arp
%flags XIHD|PC
%names H=DHCP,P=published,C=complete
%columns address mac-address interface
address:ip! mac-address:mac interface:interface! published:bool=no

/ip dhcp-client
%flags XID
%columns interface use-peer-dns add-default-route status address
%verbs renew release
interface:interface! use-peer-dns:bool=yes use-peer-ntp:bool=yes
add-default-route:yes|no|special-classless=yes dhcp-options:text default-route-distance:1-255=1
status:text# address:address#

/ip dhcp-server lease
%flags XRDB
%names R=radius,B=blocked
%columns address mac-address host-name server rate-limit status last-seen
%unique address failure: already have static lease with this IP address
%verbs make-static check-status
address:leased mac-address:mac client-id:text address-lists:text="" server:dhcp-server=all
dhcp-option:text="" lease-time:time rate-limit:text block-access:bool always-broadcast:bool
use-src-mac:bool insert-queue-before:text status:name#=waiting expires-after:name#
last-seen:name#=never active-address:name# active-mac-address:name# active-client-id:text#
active-server:name# host-name:text#

/ip dhcp-server network
%flags D
%columns address gateway dns-server
%unique address failure: dhcp-server network with such address already exists
address:net! gateway:ips netmask:0-32 dns-server:ips dns-none:bool domain:text wins-server:ips
ntp-server:ips caps-manager:ips next-server:ip boot-file-name:text dhcp-option:text
dhcp-option-set:text

/ip dhcp-server alert
%flags X|
%columns interface valid-server unknown-server
%verbs reset-alert
interface:interface! valid-server:text="" alert-timeout:time=1h on-alert:text=""
unknown-server:name#=""

/ip dns
%single
%verbs reset
servers:ips="" dynamic-servers:text#="" use-doh-server:text="" verify-doh-cert:bool=no
allow-remote-requests:bool=no max-udp-packet-size:50-65507=4096 query-server-timeout:time=2s
query-total-timeout:time=10s max-concurrent-queries:1-1000=100 cache-size:text=2048KiB
cache-max-ttl:time=1w cache-used:text#=25KiB
/ip dns static
%flags XD
%columns name address ttl
name:text address:ip type:text=A ttl:time=1d cname:text regexp:text forward-to:text

/ip firewall address-list
%flags XD
%columns list address creation-time timeout
%unique list+address failure: already have such entry
list:name! address:listed! creation-time:name# timeout:time dynamic:bool

/ip firewall filter
%ordered
%flags XID|
chain:name!
action:accept|drop|reject|jump|return|log|passthrough|tarpit|fasttrack-connection|add-src-to-address-list|add-dst-to-address-list
hw-offload:bool connection-state:^states connection-nat-state:^text connection-mark:^text
protocol:^protocol src-address:^span dst-address:^span src-address-list:^name
dst-address-list:^name in-interface-list:^list out-interface-list:^list src-port:^ports
dst-port:^ports src-mac-address:^mac in-interface:^interface out-interface:^interface
ipsec-policy:name src-address-type:^text dst-address-type:^text icmp-options:text limit:text
dst-limit:text jump-target:name reject-with:text address-list:text address-list-timeout:time
packet-mark:^text routing-mark:^text connection-limit:^text connection-type:^text tcp-flags:text
layer7-protocol:^text content:text time:text psd:text random:1-99 hotspot:text
in-bridge-port:^interface out-bridge-port:^interface dscp:^0-63 log:bool log-prefix:text
place-before:text bytes:number# packets:number#

/ip firewall nat
%ordered
%flags XID|
chain:name!
action:accept|masquerade|src-nat|dst-nat|redirect|netmap|same|jump|return|log|passthrough|add-src-to-address-list|add-dst-to-address-list
to-addresses:span to-ports:ports protocol:^protocol src-address:^span dst-address:^span
src-address-list:^name dst-address-list:^name in-interface:^interface in-interface-list:^list
out-interface:^interface out-interface-list:^list src-port:^ports dst-port:^ports
connection-mark:^text connection-state:^states src-address-type:^text dst-address-type:^text
src-mac-address:^mac jump-target:name routing-mark:^text packet-mark:^text limit:text
address-list:text address-list-timeout:time log:bool log-prefix:text ipsec-policy:name
place-before:text bytes:number# packets:number#

/ip firewall mangle
%ordered
%flags XID|
chain:name!
action:accept|drop|jump|return|log|passthrough|mark-connection|mark-packet|mark-routing|change-mss|change-ttl|change-dscp|fasttrack-connection|route
new-connection-mark:text new-packet-mark:text new-routing-mark:text new-mss:text passthrough:bool
connection-state:^states connection-mark:^text protocol:^protocol src-address:^span
dst-address:^span src-address-list:^name dst-address-list:^name in-interface:^interface
in-interface-list:^list out-interface:^interface out-interface-list:^list src-port:^ports
dst-port:^ports packet-mark:^text tcp-flags:text jump-target:name log:bool log-prefix:text
place-before:text bytes:number# packets:number#

/ip route
%flags XA|D|CSrbom|BUP
%names C=connect,S=static,r=rip,b=bgp,o=ospf,m=mme,B=blackhole,U=unreachable,P=prohibit
%flags7 D|XIA|cs
%names7 I=inactive,c=connect,s=static
%columns dst-address gateway distance
dst-address:net=0.0.0.0/0 routing-table:name pref-src:ip gateway:name gateway-status:name#
immediate-gw:name# check-gateway:arp|ping|none distance:0-255=1 scope:0-255=30
target-scope:0-255=10 routing-mark:text type:name blackhole:bool suppress-hw-offload:bool

/ip service
%fixed
%flags XI
%columns name port address certificate
name:name# port:1-65535 address:text="" certificate:text=none tls-version:any|only-1.2 vrf:text
max-sessions:1-1000

/ip neighbor
%fixed
%columns interface address mac-address identity version board
interface:name# address:name# address4:name# mac-address:mac# identity:text# platform:text#
version:text# unpack:name# age:name# uptime:name# software-id:text# board:text#
interface-name:text# system-description:text# system-caps:name# system-caps-enabled:name#
/ip neighbor discovery-settings
%single
discover-interface-list:text=static lldp-med-net-policy-vlan:text=disabled
protocol:text=cdp,lldp,mndp
/ip settings
%single
ip-forward:bool=yes send-redirects:bool=yes accept-source-route:bool=no
rp-filter:no|loose|strict=no tcp-syncookies:bool=no
/ip ssh
%single
strong-crypto:bool=no forwarding-enabled:text=no always-allow-password-login:bool=no
host-key-size:text=2048 host-key-type:text=rsa
/ip ssh regenerate-host-key
%single
"""
