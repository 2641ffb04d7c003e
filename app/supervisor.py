"""Worker processes, as uvicorn starts, asks and replaces them: also one that dies while it is asked.

The supervisor asks each worker in turn whether it is alive, and waits long for the answer, since one that reads a huge
instance may be silent for some seconds. Without this module it waited as long for a worker that was killed just then,
and replaced none meanwhile: with its own copy of the worker's end of the pipe open, it was not told of the end.
"""

import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess


class Supervisor(Multiprocess):
    """Replaces workers within a second of their death."""

    def keep_subprocess_alive(self) -> None:
        """Ask all, replace those that do not answer."""
        for process in self.processes:
            process.child_conn.close()  # the worker has its own: only this way a pipe ends with it
        super().keep_subprocess_alive()


def run_workers(config: uvicorn.Config) -> None:
    """Serve by ``config.workers`` processes until a signal; exits with an error if they cannot start."""
    supervisor = Supervisor(config, [config.bind_socket()])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        sys.exit(STARTUP_FAILURE)
