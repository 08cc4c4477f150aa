"""Files of a folder that supersede each other, each under a number of its own.

What belongs here: giving out numbers, one to one writer. What does not: what the files hold.
"""

from __future__ import annotations

from energy_pipeline.lake.storage import Storage


def append(storage: Storage, folder: str, content: str, suffix: str, data: bytes) -> str:
    """Keep bytes under the next number; those under the last one are not kept again. Of several writers at once each has a number.

    A number belongs to whoever makes its claim, a hidden file that names the content and goes when the file is there. A
    writer that dies between claim and file leaves a number without one, unless the same content comes next.

    Parameters
    ----------
    content : str
        What names the content: a hash.

    Returns
    -------
    str
        Where it is, `<folder>/<number>-<content>.<suffix>`.
    """
    taken = {int(path.rsplit("/", 1)[1].split("-", 1)[0]): path for path in storage.files(folder)}
    number = max(taken, default=0)
    if taken and taken[number].endswith(f"-{content}.{suffix}"):
        return taken[number]
    while True:
        number += 1
        claim, path = f"{folder}/.{number:04d}", f"{folder}/{number:04d}-{content}.{suffix}"
        if not storage.create_bytes(claim, content.encode()) and not _says(storage, claim, content):
            continue
        # Another may have made this claim, its file and an end of the claim since the folder was listed.
        found = [other for other in storage.files(folder) if other.startswith(f"{folder}/{number:04d}-")]
        if not found:
            storage.write_bytes(path, data, durable=True)
        storage.delete(claim)
        if not found or path in found:
            return path


def _says(storage: Storage, claim: str, content: str) -> bool:
    """Whether a claim that stands names this content; one that goes while it is read names none (on S3 that is an error of its own)."""
    try:
        return storage.read_bytes(claim) == content.encode()
    except OSError:
        return False
