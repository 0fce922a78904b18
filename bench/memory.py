"""What a process holds, as Linux reports it."""

from pathlib import Path


def megabytes(line: str, pid: str = "self") -> float:
    """Give a line of the status of a process: VmRSS is what it holds now, VmHWM the most that it ever held."""
    status = dict(each.split(":", 1) for each in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status[line].split()[0]) / 1024
