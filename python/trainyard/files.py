"""Names of files under a run's out path, and copying into the spool with flat memory."""

import errno
import os
import re
import stat

CHUNK_BYTES = 1 << 20
#: File systems stop at 255 bytes a name; the rest is room for suffixes of ours and of the stores.
MAX_COMPONENT_BYTES = 160
#: S3 stops at 1,024 bytes a key, the prefix of the out path included.
MAX_PATH_BYTES = 640

# Refused by Windows, by shells or by URLs; emoji, spaces and letters of any language stay.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f"\'`<>|?*:\\#%$\ud800-\udfff]')


class FileProblem(Exception):
    """Carries one sentence for the user; never leaves the package."""


def reason_of(error):
    """A plain-word reason for a failed system call."""
    reasons = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission denied",
        errno.EPERM: "permission denied",
        errno.ENOENT: "no such file or folder",
        errno.ENOTDIR: "a part of the path is not a folder",
        errno.EISDIR: "it is a folder",
        errno.EMFILE: "too many open files",
        errno.ENAMETOOLONG: "the name is too long",
    }
    number = getattr(error, "errno", None)
    return reasons.get(number) or (getattr(error, "strerror", None) or f"{type(error).__name__}: {error}")


def shown(text, limit=120):
    """Text for a sentence: quoted, long ones cut."""
    text = str(text)
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def safe_component(name):
    """One file name from any text. Names that had to change get a short hash of the original, so that two never collide."""
    safe = _UNSAFE.sub("_", name).rstrip(" .") or "_"
    encoded = safe.encode("utf-8")
    if len(encoded) > MAX_COMPONENT_BYTES:
        stem, suffix = os.path.splitext(safe)
        suffix = suffix if 0 < len(suffix.encode("utf-8")) <= 16 else ""
        safe = stem.encode("utf-8")[: MAX_COMPONENT_BYTES - 32].decode("utf-8", "ignore") + "-" + _short_hash(name) + suffix
    elif safe != name:
        stem, suffix = os.path.splitext(safe)
        safe = f"{stem}-{_short_hash(name)}{suffix}"
    return safe


def safe_relative_path(name, what="name"):
    """A relative path with ``/`` between safe parts. ``..`` is refused: nothing may leave the out path."""
    parts = [part for part in name.replace(os.sep, "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise FileProblem(f"The {what} {shown(name)} leaves the run's out path: use a name without '..'")
    if not parts:
        raise FileProblem(f"The {what} {shown(name)} names no file")
    safe = "/".join(safe_component(part) for part in parts)
    if len(safe.encode("utf-8")) <= MAX_PATH_BYTES:
        return safe
    return f"{_short_hash(name)}-{safe_component(parts[-1])}"


def _short_hash(text):
    import hashlib  # 5 ms, for the few names that need it

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def is_url(text):
    return isinstance(text, str) and "://" in text


def inside(path, folder):
    """``path`` relative to ``folder`` when it lies under it (links resolved), else None."""
    if not folder or is_url(folder):
        return None
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    relative = os.path.relpath(path, folder)
    if relative == os.curdir or relative.startswith(os.pardir + os.sep) or relative == os.pardir or os.path.isabs(relative):
        return None
    return relative.replace(os.sep, "/")


def kind_of_file(path):
    """``'file'`` or ``'directory'``; a sentence (raised) for anything else, without ever opening it."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise FileProblem(f"Cannot log {shown(path)}: {reason_of(error)}") from error
    except ValueError as error:  # an embedded NUL
        raise FileProblem(f"Cannot log {shown(path)}: it is not a valid path") from error
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    names = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    raise FileProblem(f"Cannot log {shown(path)}: it is {names.get(stat.S_IFMT(mode), 'not a regular file')}, not a file or folder")


def copy_file(source, target):
    """Copy a regular file as it is now. Memory stays flat; a failed copy leaves nothing behind."""
    try:
        # O_NONBLOCK: should the path have become a pipe since it was looked at, opening must not wait for a writer.
        descriptor = os.open(source, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise FileProblem(f"Cannot read {shown(source)}: {reason_of(error)}") from error
    with os.fdopen(descriptor, "rb") as reader:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileProblem(f"Cannot log {shown(source)}: it is not a regular file")
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as writer:
                _copy_in_kernel(reader, writer)
                # What the kernel would not copy (another file system, /proc, an end that moved) goes through memory in pieces.
                while True:
                    piece = reader.read(CHUNK_BYTES)
                    if not piece:
                        break
                    writer.write(piece)
        except OSError as error:
            remove_quietly(target)
            raise FileProblem(f"Cannot copy {shown(source)} into the run: {reason_of(error)}") from error


def _copy_in_kernel(reader, writer):
    copy = getattr(os, "copy_file_range", None)
    if copy is None:
        return
    try:
        while copy(reader.fileno(), writer.fileno(), 1 << 30) > 0:
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise


def remove_quietly(path):
    try:
        os.unlink(path)
    except OSError:
        pass  # it was never made


def copy_tree(source, target, excluded):
    """Copy a folder as it is now, links followed. Returns the paths left out: pipes, sockets, unreadable files, link loops.

    ``excluded`` is a set of ``(device, inode)`` of folders that must not be entered (the run's own working folder: copying it into
    itself would not end). Folders named ``.trainyard`` are left out too.
    """
    left_out = []
    _copy_folder(source, target, "", excluded, (), left_out)
    return left_out


def _copy_folder(source, target, relative, excluded, ancestors, left_out):
    try:
        status = os.stat(source)
        identity = (status.st_dev, status.st_ino)
        if identity in excluded or identity in ancestors:
            left_out.append(relative or ".")
            return
        entries = sorted(os.listdir(source))
        os.makedirs(target, exist_ok=True)
    except OSError as error:
        if not relative:
            raise FileProblem(f"Cannot copy the folder {shown(source)} into the run: {reason_of(error)}") from error
        left_out.append(relative)
        return
    for name in entries:
        path = os.path.join(source, name)
        inner = f"{relative}/{name}" if relative else name
        try:
            kind = kind_of_file(path)
            if kind == "file":
                copy_file(path, os.path.join(target, name))
        except FileProblem as problem:
            cause = problem.__cause__
            if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
                raise
            left_out.append(inner)
            continue
        if kind == "directory":
            if name == ".trainyard":
                left_out.append(inner)
            else:
                _copy_folder(path, os.path.join(target, name), inner, excluded, (*ancestors, identity), left_out)


def write_bytes(target, data):
    """Write bytes, or everything a binary reader has; a failed write leaves nothing behind."""
    try:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as writer:
            if hasattr(data, "read"):
                while True:
                    piece = data.read(CHUNK_BYTES)
                    if not piece:
                        break
                    writer.write(piece.encode("utf-8", "replace") if isinstance(piece, str) else piece)
            else:
                writer.write(data)
    except OSError as error:
        remove_quietly(target)
        raise FileProblem(f"Cannot write {shown(os.path.basename(target))} into the run: {reason_of(error)}") from error


def text_bytes(text):
    return text.encode("utf-8", "replace")
