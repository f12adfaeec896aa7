"""The system menus: identity, clock, scheduler, scripts, users, and the log."""

TEXT = """
/system clock
%single
time:clock date:date time-zone-autodetect:bool=yes time-zone-name:text=Asia/Jakarta
gmt-offset:name#=+07:00 dst-active:bool#=no
/system identity
%single
name:text=MikroTik
/system note
%single
show-at-login:bool=yes note:text=""
/system resource
%single
uptime:name# version:name# build-time:name# factory-software:name# free-memory:name#
total-memory:name# cpu:name# cpu-count:name# cpu-frequency:name# cpu-load:name#
free-hdd-space:name# total-hdd-space:name# write-sect-since-reboot:name# write-sect-total:name#
bad-blocks:name# architecture-name:name# board-name:name# platform:name#
/system routerboard
%single
%verbs upgrade
routerboard:name# board-name:name# model:name# revision:name# serial-number:name#
firmware-type:name# factory-firmware:name# current-firmware:name# upgrade-firmware:name#
/system package
%fixed
%flags X
%columns name version scheduled
%verbs uninstall
name:name# version:name# build-time:name# scheduled:text#=""
/system package update
%single
%verbs check-for-updates download install
channel:text=stable installed-version:name#
/system health
%single
temperature:name# voltage:name#
/system ntp client
%single
enabled:bool=no mode:text=unicast servers:text="" server-dns-names:text="" primary-ntp:ip
secondary-ntp:ip status:name# synced-server:name# synced-stratum:name# system-offset:name#
last-update-from:name# last-update-before:name# last-adjustment:name#
/system logging
%flags XID
%columns topics action prefix
topics:text=info prefix:text="" action:text=memory regex:text
/system scheduler
%flags X
%unique name failure: item with this name already exists
name:name start-date:date start-time:clock interval:time=0s on-event:text="" owner:name#
policy:policy run-count:number#=0 next-run:name#
/system script
%flags I
%unique name failure: item with this name already exists
%verbs run
name:name owner:text# policy:policy dont-require-permissions:bool=no run-count:number#=0
last-started:name# source:text=""
/system script environment
%flags D
%fixed
name:name# value:text#
/system script job
%fixed
owner:text# script:name# started:name#
/system history
%fixed
%flags UFR
%names U=undoable,R=redoable,F=floating-undo
%columns action by policy
action:text# by:text# policy:name# time:name#
/system backup
%single
%verbs save load
/system license
%single
software-id:name# nlevel:name#=5 features:name#
/system
%single
%verbs reboot shutdown reset-configuration
/user group
%unique name failure: group with the same name already exists
name:name! policy:text="" skin:text=default
/user
%flags X
%flags7 XE
%names7 E=expired
%columns name group address last-logged-in
%unique name failure: user with the same name already exists
%secret password
name:name! group:name! address:text="" password:key last-logged-in:name#
/user active
%fixed
%flags RM
%names R=radius,M=by-romon
%columns when name address via
when:name# name:name# address:name# via:name# group:name#
/user ssh-keys
%columns user key-owner
%verbs import
user:name! bits:number# key-owner:text
/log
%fixed
%unnumbered
%verbs info warning error debug
time:name# topics:name# message:text#
/file
%columns name type size creation-time
%verbs remove
name:name! type:text# size:number# creation-time:name# contents:text
/snmp
%single
enabled:bool=no contact:text="" location:text="" trap-community:text=public trap-version:text=1
/snmp community
%flags XD
%unique name failure: already have such name
name:name! addresses:text=::/0 security:text=none read-access:bool=yes write-access:bool=no
/tool mac-server
%single
allowed-interface-list:text=all
/tool romon
%single
enabled:bool=no id:text=00:00:00:00:00:00 secrets:text=""
/tool bandwidth-server
%single
enabled:bool=yes authenticate:bool=yes
/tool
%single
%verbs ping mac-scan
/routing table
%needs v7
%flags D
%unique name failure: already have such name
name:name! fib:bool=no
"""
