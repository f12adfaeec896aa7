"""The wireless menus: wireless and CAPsMAN of version 6, wifi of version 7."""

TEXT = """
/interface wireless security-profiles
%needs wireless
%flags D
%names D=default
%unique name failure: already have such name
%secret wpa-pre-shared-key wpa2-pre-shared-key
name:name! mode:none|static-keys-optional|static-keys-required|dynamic-keys=none
authentication-types:auths="" unicast-ciphers:text=aes-ccm group-ciphers:text=aes-ccm
wpa-pre-shared-key:key="" wpa2-pre-shared-key:key="" supplicant-identity:text=MikroTik
eap-methods:text="" tls-mode:text=no-certificates mschapv2-username:text=""
mschapv2-password:text="" disable-pmkid:bool=no
management-protection:disabled|allowed|required=disabled management-protection-key:text=""
group-key-update:time=5m interim-update:time=0s radius-mac-authentication:bool=no

/interface wireless
%needs wireless
%store interface
%type wlan
%flags X|R
%unique name failure: already have interface with such name
%verbs monitor scan
name:name! default-name:name# mtu:68-65535=1500 l2mtu:number#=1600 mac-address:mac
arp:enabled|disabled|proxy-arp|reply-only=enabled interface-type:text# master-interface:wlan
mode:station|station-bridge|ap-bridge|bridge|wds-slave|alignment-only|nstreme-dual-slave=ap-bridge
ssid:ssid band:text frequency:text channel-width:text country:text installation:any|indoor|outdoor
distance:text wireless-protocol:text security-profile:security-profile=default
vlan-mode:no-tag|use-tag|use-service-tag=no-tag vlan-id:1-4095=1 wds-mode:text=disabled
wds-default-bridge:text=none bridge-mode:enabled|disabled=enabled default-authentication:bool=yes
default-forwarding:bool=yes default-ap-tx-limit:number=0 default-client-tx-limit:number=0
hide-ssid:bool=no wps-mode:text=push-button multicast-helper:text=default
max-station-count:1-2007=2007 compression:bool=no disabled:bool=yes
/interface wireless access-list
%needs wireless
%ordered
%flags X
mac-address:mac interface:text=any signal-range:text authentication:bool=yes forwarding:bool=yes
vlan-mode:text=default vlan-id:text
/interface wireless registration-table
%needs wireless
%fixed
%columns interface radio-name mac-address ap signal-strength tx-rate uptime
interface:name# radio-name:text# mac-address:mac# ap:bool#=no signal-strength:name# tx-rate:name#
uptime:name# last-ip:name#
/interface wireless cap
%needs wireless
%single
enabled:bool=no interfaces:text="" certificate:text=none discovery-interfaces:text=""
caps-man-addresses:text="" bridge:text=none

/caps-man channel
%needs caps-man
%unique name failure: already have such name
name:name! frequency:text control-channel-width:text band:text extension-channel:text
tx-power:text save-selected:bool
/caps-man datapath
%needs caps-man
%unique name failure: already have such name
name:name! bridge:bridge bridge-cost:text bridge-horizon:text local-forwarding:bool
client-to-client-forwarding:bool vlan-mode:no-tag|use-tag|use-service-tag vlan-id:1-4095
interface-list:text arp:text mtu:text l2mtu:text
/caps-man security
%needs caps-man
%secret passphrase
%unique name failure: already have such name
name:name! authentication-types:auths="" encryption:text group-encryption:text
group-key-update:time passphrase:key disable-pmkid:bool eap-methods:text tls-mode:text
/caps-man configuration
%needs caps-man
%secret security.passphrase
%unique name failure: already have such name
name:name! mode:ap ssid:ssid hide-ssid:bool country:text installation:any|indoor|outdoor
max-sta-count:1-2007 distance:text security:@caps-man_security datapath:@caps-man_datapath
channel:@caps-man_channel rates:text multicast-helper:text security.authentication-types:auths
security.encryption:text security.passphrase:key datapath.bridge:bridge
datapath.vlan-mode:no-tag|use-tag datapath.vlan-id:1-4095 datapath.local-forwarding:bool
datapath.client-to-client-forwarding:bool
/caps-man interface
%needs caps-man
%flags D|XR|
%unique name failure: already have such name
name:name! mac-address:mac arp:text=enabled master-interface:text=none radio-mac:mac
configuration:@caps-man_configuration l2mtu:number=1600 current-state:text# current-channel:text#
/caps-man actual-interface-configuration
%needs caps-man
%fixed
name:name# mac-address:mac# master-interface:name# configuration.ssid:text#
configuration.mode:name# datapath.vlan-id:number#
/caps-man provisioning
%needs caps-man
%ordered
%flags X
radio-mac:mac=00:00:00:00:00:00 hw-supported-modes:text="" identity-regexp:text=""
common-name-regexp:text="" ip-address-ranges:text=""
action:none|create-disabled|create-enabled|create-dynamic-enabled=none
master-configuration:@caps-man_configuration! slave-configurations:@caps-man_configurations=""
name-format:cap|identity|prefix|prefix-identity=cap name-prefix:text="" place-before:text
/caps-man access-list
%needs caps-man
%ordered
%flags X
mac-address:mac interface:text=any signal-range:text action:accept|reject|query-radius
vlan-mode:text vlan-id:text
/caps-man remote-cap
%needs caps-man
%fixed
%columns address name state radios
%verbs provision upgrade
address:name# name:text# board:text# serial:text# version:text# identity:text# base-mac:mac#
state:name# radios:number#
/caps-man radio
%needs caps-man
%fixed
%verbs provision
%columns radio-mac remote-cap-name remote-cap-identity interface
radio-mac:mac# remote-cap-name:text# remote-cap-identity:text# interface:name#
/caps-man registration-table
%needs caps-man
%fixed
%columns interface ssid mac-address tx-rate rx-rate rx-signal uptime
interface:name# ssid:text# mac-address:mac# tx-rate:name# rx-rate:name# rx-signal:name#
uptime:name# last-ip:name#
/caps-man manager
%needs caps-man
%single
enabled:bool=no certificate:text=none ca-certificate:text=none package-path:text=""
upgrade-policy:text=none require-peer-certificate:bool=no

/interface wifi channel
%needs wifi
%flags X
%unique name failure: already have such name
name:name! band:text frequency:text width:text skip-dfs-channels:text reselect-interval:time
/interface wifi datapath
%needs wifi
%flags X
%unique name failure: already have such name
name:name! bridge:bridge bridge-cost:text bridge-horizon:text client-isolation:bool
interface-list:text vlan-id:1-4095 traffic-processing:on-cap|on-capsman
/interface wifi security
%needs wifi
%flags X
%secret passphrase
%unique name failure: already have such name
name:name! authentication-types:wifiauths passphrase:key encryption:text wps:disable|push-button
management-protection:disabled|allowed|required disable-pmkid:bool ft:bool ft-over-ds:bool
owe-transition-interface:text group-key-update:time
/interface wifi configuration
%needs wifi
%flags X
%secret security.passphrase
%unique name failure: already have such name
name:name! mode:ap|station|station-bridge|station-pseudobridge ssid:ssid hide-ssid:bool
country:text installation:indoor|outdoor manager:local|capsman|capsman-or-local tx-power:text
antenna-gain:text multicast-enhance:text qos-classifier:text distance:text max-clients:number
security:@interface_wifi_security datapath:@interface_wifi_datapath
channel:@interface_wifi_channel security.authentication-types:wifiauths security.passphrase:key
security.wps:disable|push-button security.management-protection:disabled|allowed|required
security.ft:bool datapath.bridge:bridge datapath.vlan-id:1-4095 datapath.client-isolation:bool
datapath.interface-list:text datapath.traffic-processing:on-cap|on-capsman channel.band:text
channel.frequency:text channel.width:text channel.skip-dfs-channels:text
/interface wifi
%needs wifi
%store interface
%type wifi
%flags M|D|X|I|B|R
%names M=master,B=bound
%secret security.passphrase
%unique name failure: already have interface with such name
%verbs monitor scan frequency-scan provision
name:name! default-name:name# mac-address:mac arp:enabled|disabled|proxy-arp|reply-only=enabled
arp-timeout:time=auto mtu:text l2mtu:number=1560 master-interface:wifi radio-mac:mac#
disable-running-check:bool disabled:bool=yes configuration:@interface_wifi_configuration
security:@interface_wifi_security datapath:@interface_wifi_datapath
channel:@interface_wifi_channel configuration.mode:ap|station|station-bridge|station-pseudobridge
configuration.ssid:ssid configuration.hide-ssid:bool configuration.country:text
configuration.manager:local|capsman|capsman-or-local configuration.installation:indoor|outdoor
configuration.tx-power:text security.authentication-types:wifiauths security.passphrase:key
security.wps:disable|push-button security.management-protection:disabled|allowed|required
security.ft:bool security.encryption:text datapath.bridge:bridge datapath.vlan-id:1-4095
datapath.client-isolation:bool datapath.interface-list:text channel.band:text
channel.frequency:text channel.width:text channel.skip-dfs-channels:text
/interface wifi provisioning
%needs wifi
%ordered
%flags X
radio-mac:mac identity-regexp:text common-name-regexp:text address-ranges:text
supported-bands:text action:none|create-disabled|create-enabled|create-dynamic-enabled!
master-configuration:@interface_wifi_configuration
slave-configurations:@interface_wifi_configurations name-format:text slave-name-format:text
place-before:text
/interface wifi access-list
%needs wifi
%ordered
%flags X
mac-address:mac interface:text signal-range:text action:accept|reject|query-radius vlan-id:text
passphrase:key
/interface wifi registration-table
%needs wifi
%fixed
%flags A
%names A=authorized
%columns interface ssid mac-address uptime signal
interface:name# ssid:text# mac-address:mac# uptime:name# signal:name# auth-type:name# band:name#
tx-rate:number# rx-rate:number# last-activity:name# vlan-id:number#
/interface wifi radio
%needs wifi
%fixed
%flags L
%names L=local
%columns radio-mac interface bands
radio-mac:mac# interface:name# bands:name#
/interface wifi cap
%needs wifi
%single
enabled:bool=no discovery-interfaces:text="" caps-man-addresses:text="" lock-to-caps-man:bool=no
certificate:text=none slaves-static:bool=no slaves-datapath:text=none
/interface wifi capsman
%needs wifi
%single
enabled:bool=no interfaces:text="" ca-certificate:text="" package-path:text=""
require-peer-certificate:bool=no upgrade-policy:text=none
/interface wifi capsman remote-cap
%needs wifi
%fixed
%verbs provision upgrade set-identity
%columns address identity state
address:name# identity:text# board-name:text# serial:text# version:text# base-mac:mac#
common-name:text# state:name#
"""
