"""Where records live when no supervisor said so: the same rule as the `trainyard` command's."""

import os
import sys


def locate():
    """`TRAINYARD_HOME`, else the nearest `.trainyard` upwards, else one in the working folder."""
    folder = os.getcwd()
    home = os.environ.get("TRAINYARD_HOME")
    if home:
        return os.path.normpath(os.path.join(folder, home))
    here = folder
    while True:
        candidate = os.path.join(here, ".trainyard")
        if os.path.exists(candidate):
            return candidate
        parent = os.path.dirname(here)
        if parent == here:
            return os.path.join(folder, ".trainyard")
        here = parent


def open_data_directory():
    """The absolute path of the data directory, made when missing (said on stderr). Storage trouble is said, never raised."""
    path = locate()
    existed = os.path.exists(path)
    try:
        os.makedirs(os.path.join(path, "runs"), exist_ok=True)
        os.makedirs(os.path.join(path, "artifacts"), exist_ok=True)
    except OSError as error:
        sys.stderr.write(
            "trainyard: cannot use the data directory %s: %s. Choose another with TRAINYARD_HOME.\n" % (path, error.strerror or error)
        )
        return path
    if not existed:
        sys.stderr.write("trainyard: made the data directory %s\n" % path)
    return path
