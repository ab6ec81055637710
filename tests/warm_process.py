"""Commands in real processes that need not import everything anew: one process has, and forks for each command."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class WarmProcess:
    """A command that runs, its output going to two files."""

    def __init__(self, arguments: tuple[str, ...], environment: dict[str, str], out: int, err: int) -> None:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(_forking_process())
        request = json.dumps({"arguments": arguments, "environment": environment}).encode()
        socket.send_fds(self._connection, [len(request).to_bytes(8, "big")], [out, err])
        self._connection.sendall(request)
        self.pid = int(self._connection.recv(16))
        self._code: int | None = None

    def wait(self, timeout_s: float) -> int:
        """The exit code, below 0 where a signal has ended it. Raises TimeoutError."""
        if self._code is None:
            self._connection.settimeout(timeout_s)
            self._code = int(self._connection.recv(16))
            self._connection.close()
        return self._code

    def poll(self) -> int | None:
        """The exit code, None while it runs."""
        try:
            return self.wait(0.001)
        except TimeoutError:
            return None

    def send_signal(self, number: int) -> None:
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


def run_warm(
    arguments: tuple[str, ...], environment: dict[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """As `python -m bot ARGUMENTS` in the project's folder, to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        code = WarmProcess(arguments, environment, out.fileno(), err.fileno()).wait(timeout_s)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


@lru_cache(maxsize=1)
def _forking_process() -> str:
    """The address of the process of this test worker; it is started when it is first needed."""
    folder = tempfile.mkdtemp(prefix="warm")
    address = f"{folder}/socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_process", address], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    atexit.register(process.kill)
    return address


def _serve(address: str) -> None:
    """Forks for each connection; a forked process is as fresh as a started one, but for its imports."""
    from bot.wiring import Environment, connect, load_settings

    settings = load_settings(Environment(config=ROOT / "config", templates=ROOT / "templates"))
    connect(Environment(gitlab_token="x"), settings)  # imports what talks to GitLab; asks nothing
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(address)
    listening.listen(16)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        connection, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _run(connection)
        connection.close()


def _run(connection: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(connection, 8, 2)
    whole = b""
    while len(whole) < int.from_bytes(size, "big"):
        whole += connection.recv(65_536)
    request = json.loads(whole)
    pid = os.fork()
    if pid:
        connection.sendall(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    for target, source in zip((1, 2), files, strict=True):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["sectionbot", *request["arguments"]]
    code = 1
    try:
        from bot.cli.main import main

        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
