"""Where artifacts wait: files below ``<runDirectory>/files/`` that the supervisor moves to the run's out path."""

import os

_unsafe = {code: "_" for code in range(32)}
_unsafe.update({ord(character): "_" for character in '/\\:*?"<>|\x7f'})
_nameLimit = 100


class Spool:
    """Hands out places for bytes of one run. Threads and forked processes may share one; no place is given out twice."""

    def __init__(self, run_directory, out_path=None):
        #: Where the supervisor will move the bytes to; files that lie there already need no copy.
        self.out_path = out_path
        self.run_directory = os.path.abspath(run_directory)
        self.directory = os.path.join(self.run_directory, "files")

    def path(self, name):
        """An absolute path below ``files/`` that nothing uses yet, ending in `name` made safe (its suffix is kept).

        The folder around it exists, the path itself does not: make a file or a folder of it. Raises OSError when the disk refuses.
        """
        os.makedirs(self.directory, exist_ok=True)
        while True:
            # A folder of its own for each item: made with O_EXCL semantics, so processes need not agree on a counter.
            folder = os.path.join(self.directory, "%x-%s" % (os.getpid(), os.urandom(5).hex()))
            try:
                os.mkdir(folder)
            except FileExistsError:
                continue
            return os.path.join(folder, safe_name(name))

    def relative(self, path):
        """`path` as the journal writes it: relative to the run directory, with forward slashes."""
        return os.path.relpath(path, self.run_directory).replace(os.sep, "/")


def safe_name(name):
    """A file name any file system takes, made from any text; the end is kept because the suffix tells the format."""
    text = str(name).encode("utf-8", "replace").decode("utf-8").translate(_unsafe).strip(". ") or "artifact"
    while len(text.encode("utf-8")) > _nameLimit * 2 or len(text) > _nameLimit:
        text = text[-(min(len(text), _nameLimit + 10) - 10) :]
    return text
