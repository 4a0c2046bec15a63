"""How a notebook's kernel is spoken to: through sockets in the file system that no other user can open."""

from __future__ import annotations

from jupyter_client.manager import AsyncKernelManager
from traitlets import default


class LocalKernel(AsyncKernelManager):
    """A kernel on this machine, by ipc rather than tcp: nothing listens on a port."""

    @default("transport")
    def _transport(self) -> str:
        return "ipc"
