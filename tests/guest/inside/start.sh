#!/bin/sh
# The guest's first process after its root is there: devices, then the tests, then out.
export PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8
export PYTHONPATH=/opt/project:/opt/python PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# only what is asked for: plugins take seconds to load here
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /dev/pts /dev/shm /run/udev/rules.d
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
busybox hostname guest
ldconfig
busybox ip link set lo up
# the bank is on the machine outside, and the network ends there
modprobe virtio_net
busybox ip address add 10.0.2.15/24 dev eth0
busybox ip link set eth0 up
echo "10.0.2.2 localhost" >/etc/hosts
# a desk without ModemManager: its rules are half of udevd's work for a device (test_modem_manager.py brings them)
for rules in /lib/udev/rules.d/*-mm-*; do ln -s /dev/null "/run/udev/rules.d/${rules##*/}"; done
# before any module is loaded: libusb hears of devices from udevd alone
python3 -I -S /opt/project/tests/guest/inside/udevd.py --daemon --resolve-names=early
modprobe -a virtio_rng vhci-hcd usbhid hid-generic cdc-acm
echo "guest: up after $(cut -d' ' -f1 /proc/uptime) s"
cd /opt/project || exit
python3 -m tests.guest.inside
echo $? >/opt/results/exit-code
echo "guest: down after $(cut -d' ' -f1 /proc/uptime) s of its own clock ($(cat /sys/devices/system/clocksource/clocksource0/current_clocksource))"
sync
busybox poweroff -f
