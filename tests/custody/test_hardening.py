import json
import os
import subprocess
import sys
import textwrap

import pytest

PREAMBLE = """
import ctypes, json, os, resource, socket, sys, threading
from pathlib import Path
from aliquot.custody import hardening

def refused(family, kind=socket.SOCK_STREAM):
    try:
        socket.socket(family, kind).close()
    except PermissionError:
        return True
    return False

def status(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(name + ":"))
"""


def hardened(script: str, **environment: str) -> object:
    """What a process that runs this script prints last, as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PREAMBLE + textwrap.dedent(script)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_measure_is_reported_by_name() -> None:
    names = hardened("print(json.dumps([measure.name for measure in hardening.harden()]))")
    assert names == [
        "private files",
        "clean environment",
        "no core dumps",
        "closed to debuggers",
        "no new privileges",
        "memory out of swap",
        "no network",
    ]


def test_what_is_said_to_hold_needs_no_explanation_and_what_does_not_hold_has_one() -> None:
    measures = hardened("print(json.dumps([[m.held, m.detail] for m in hardening.harden()]))")
    assert isinstance(measures, list)
    assert all(held is (detail == "") for held, detail in measures)


def test_no_network_socket_can_be_opened_and_unix_sockets_work() -> None:
    answers = hardened("""
        before = [refused(family) for family in (socket.AF_INET, socket.AF_UNIX)]
        measures = {measure.name: measure.held for measure in hardening.harden()}
        ours, theirs = socket.socketpair()
        ours.sendall(b"grant")
        heard = theirs.recv(16).decode()
        after = [refused(family) for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)]
        raw = refused(socket.AF_NETLINK, socket.SOCK_RAW)
        print(json.dumps([before, measures["no network"], after, raw, heard]))
    """)
    assert answers == [[False, False], True, [True, True, False], True, "grant"]


def test_threads_that_ran_before_are_cut_off_too() -> None:
    answer = hardened("""
        go, answers = threading.Event(), []
        def wait():
            go.wait()
            answers.append(refused(socket.AF_INET))
        thread = threading.Thread(target=wait)
        thread.start()
        hardening.harden()
        go.set()
        thread.join()
        print(json.dumps(answers))
    """)
    assert answer == [True]


def test_a_child_is_cut_off_too() -> None:
    answer = hardened("""
        import subprocess
        hardening.harden()
        script = "import socket; socket.socket(socket.AF_INET)"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        print(json.dumps("PermissionError" in done.stderr))
    """)
    assert answer is True


@pytest.mark.parametrize("call", [425, 426, 427])
def test_io_uring_is_no_way_around(call: int) -> None:
    answer = hardened(f"""
        libc = ctypes.CDLL(None, use_errno=True)
        hardening.harden()
        outcome = libc.syscall(*(ctypes.c_long(number) for number in ({call}, 0, 0, 0, 0, 0, 0)))
        print(json.dumps([outcome, ctypes.get_errno()]))
    """)
    assert answer == [-1, 1]


def test_a_second_numbering_of_system_calls_is_no_way_around() -> None:
    x32_socket = 0x40000000 + 41
    answer = hardened(f"""
        libc = ctypes.CDLL(None, use_errno=True)
        hardening.harden()
        outcome = libc.syscall(*(ctypes.c_long(number) for number in ({x32_socket}, 2, 1, 0)))
        print(json.dumps([outcome, ctypes.get_errno()]))
    """)
    assert answer == [-1, 1]


def test_secrets_of_the_environment_are_gone_for_this_process_and_its_children() -> None:
    answer = hardened(
        """
        import subprocess
        hardening.harden()
        child = subprocess.run(["env"], capture_output=True, text=True).stdout
        print(json.dumps(["PASSPHRASE" in os.environ, "canary-4711" in child, "LANG" in os.environ]))
        """,
        PASSPHRASE="canary-4711",
        LANG="C.UTF-8",
    )
    assert answer == [False, False, True]


def test_the_kernel_agrees_about_dumps_privileges_and_filter() -> None:
    answer = hardened("""
        resource.setrlimit(resource.RLIMIT_CORE, (1024, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        hardening.harden()
        dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
        limits = resource.getrlimit(resource.RLIMIT_CORE)
        print(json.dumps([dumpable, limits, status("NoNewPrivs"), status("Seccomp")]))
    """)
    assert answer == [0, [0, 0], "1", "2"]


def test_whoever_shows_content_is_secluded_too_with_every_process_that_it_forks() -> None:
    answer = hardened("""
        names = [measure.name for measure in hardening.seclude() if measure.held]
        ours, theirs = os.pipe()
        if os.fork() == 0:
            dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
            os.write(theirs, json.dumps([dumpable, resource.getrlimit(resource.RLIMIT_CORE)]).encode())
            os._exit(0)
        print(json.dumps([names, json.loads(os.read(ours, 100)), refused(socket.AF_INET)]))
    """)
    assert answer == [["no core dumps", "closed to debuggers", "no new privileges"], [0, [0, 0]], False]


def test_new_files_are_for_this_user_alone() -> None:
    answer = hardened("""
        import tempfile
        os.umask(0)
        hardening.harden()
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "file").touch()
            print(json.dumps(Path(folder, "file").stat().st_mode & 0o777))
    """)
    assert answer == 0o600


def test_memory_is_locked_exactly_when_it_is_said_to_be() -> None:
    answer = hardened("""
        held = {measure.name: measure.held for measure in hardening.harden()}["memory out of swap"]
        print(json.dumps([held, int(status("VmLck")) > 0]))
    """)
    assert isinstance(answer, list)
    assert answer[0] is answer[1]


def test_an_ordinary_user_with_a_finite_limit_is_told_what_to_set() -> None:
    answer = hardened("""
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        memory = {measure.name: measure for measure in hardening.harden()}["memory out of swap"]
        print(json.dumps([memory.held, memory.detail, status("VmLck")]))
    """)
    assert answer == [False, "needs LimitMEMLOCK=infinity", "0"]


def test_an_ordinary_user_is_cut_off_from_the_network_as_well() -> None:
    answer = hardened("""
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
        held = {measure.name: measure.held for measure in hardening.harden()}
        print(json.dumps([held["no network"], refused(socket.AF_INET)]))
    """)
    assert answer == [True, True]
