#!/usr/bin/env python3
"""Starts Ceph's S3 gateway (Debian packages radosgw, ceph-mon, ceph-osd) on free ports in a temporary folder, one daemon
of each kind, objects in memory. Prints the gateway's port when it answers, and ends, with all of it, when standard input
does. Keys: access AK, secret SK. Buckets are made by whoever wants them, over S3.
"""
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "monmaptool", "ceph-authtool")


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def main():
    missing = [p for p in PROGRAMS if shutil.which(p) is None]
    if missing:
        sys.exit(f"rgw: these programs are missing (tools/setup --object-servers): {' '.join(missing)}")
    # Whoever ends this without closing its input must not leave the daemons behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    folder = Path(tempfile.mkdtemp(prefix="workprint-rgw-"))
    daemons = []
    try:
        serve(folder, daemons)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for daemon in reversed(daemons):
            daemon.kill()
        for daemon in daemons:
            daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


def serve(folder, daemons):
    v2, v1, gateway = free_ports(3)
    log = open(folder / "log", "wb")
    conf = folder / "ceph.conf"
    conf.write_text(f"""[global]
fsid = {uuid.uuid4()}
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_host = [v2:127.0.0.1:{v2},v1:127.0.0.1:{v1}]
mon_initial_members = a
public_addr = 127.0.0.1
ms_bind_ipv6 = false
ms_mon_client_mode = secure crc
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
mon_allow_pool_size_one = true
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_crush_chooseleaf_type = 0
run_dir = {folder}
log_file = {folder}/$name.log
admin_socket = {folder}/$name.asok
keyring = {folder}/keyring
mon_data = {folder}/mon
osd_data = {folder}/osd
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{gateway}
""")

    def run(*command):
        subprocess.run(command, check=True, stdout=log, stderr=log)

    def start(*command):
        daemons.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    common = ("-c", str(conf))
    run("ceph-authtool", "--create-keyring", str(folder / "keyring"), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
    run("ceph-authtool", str(folder / "keyring"), "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *",
        "--cap", "osd", "allow *", "--cap", "mgr", "allow *")
    fsid = conf.read_text().split("fsid = ")[1].split()[0]
    run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{v2},v1:127.0.0.1:{v1}]",
        str(folder / "monmap"))
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    run("ceph-mon", *common, "--mkfs", "-i", "a", "--monmap", str(folder / "monmap"), "--keyring", str(folder / "keyring"))
    start("ceph-mon", *common, "-f", "-i", "a")
    osd = str(uuid.uuid4())
    run("ceph", *common, "--connect-timeout", "20", "osd", "new", osd)
    run("ceph-osd", *common, "-i", "0", "--mkfs", "--osd-uuid", osd)
    start("ceph-osd", *common, "-f", "-i", "0")
    run("ceph-authtool", str(folder / "keyring"), "--gen-key", "-n", "client.rgw", "--cap", "mon", "allow *", "--cap", "osd",
        "allow *")
    run("ceph", *common, "auth", "import", "-i", str(folder / "keyring"))
    run("radosgw-admin", *common, "-n", "client.rgw", "user", "create", "--uid=tester", "--display-name=tester",
        "--access-key=AK", "--secret-key=SK")
    start("radosgw", *common, "-f", "-n", "client.rgw")
    give_up_at = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", gateway), 1).close()
            break
        except OSError:
            if time.monotonic() > give_up_at or daemons[-1].poll() is not None:
                sys.exit("rgw: the gateway did not come up\n" + (folder / "log").read_text(errors="replace")[-3000:])
            time.sleep(0.05)
    print(gateway, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
