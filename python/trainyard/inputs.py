"""Inputs: a file or URL a run reads, fetched when it is first needed."""

import os
import sys

from .errors import InputError

_remoteSchemes = ("s3", "gs", "gcs", "az", "azure", "store", "abfs", "abfss", "wasb", "wasbs")
_commandVariable = "TRAINYARD_CLI"


class DataItem:
    """A file path or URL. Usable wherever a path is: `open(item)`, `pd.read_csv(item)`."""

    def __init__(self, url, key="", path=None, folder=None):
        self.url = os.fspath(url)
        self.key = key or self.url
        self._path = path or _own_path(self.url)
        self._folder = folder

    def __repr__(self):
        return "<DataItem %s>" % self.url

    def __str__(self):
        return self.url

    def __fspath__(self):
        return self.local()

    @property
    def kind(self):
        """`file`, `http`, `s3`...: how the bytes are reached."""
        scheme = _scheme(self.url)
        return {"": "file", "https": "http"}.get(scheme, scheme)

    @property
    def suffix(self):
        """`.csv` and the like, from the name; of `data.csv.gz` it is `.gz`."""
        name = self.url.split("?")[0].split("#")[0] if _scheme(self.url) else self.url
        return os.path.splitext(name)[1].lower()

    def known_size(self):
        """Size in bytes when it is known without fetching anything, else None."""
        try:
            return os.path.getsize(self._path) if self._path and os.path.isfile(self._path) else None
        except OSError:
            return None

    @property
    def size(self):
        """Size in bytes; fetches what is not here yet."""
        return os.path.getsize(self.local())

    def exists(self):
        """Whether it can be read; fetches what is not here yet."""
        try:
            self.local()
        except InputError:
            return False
        return True

    def local(self):
        """An absolute path with the bytes; remote ones are fetched once."""
        if self._path is None:
            self._path = self._fetch()
        if not os.path.exists(self._path):
            raise InputError("Input %s: there is no file %s." % (_named(self), self._path))
        return self._path

    def open(self, mode="rb", **options):
        """The bytes (or, with mode `r`, the text) as an open file."""
        if "w" in mode or "a" in mode or "+" in mode or "x" in mode:
            raise InputError("Input %s is for reading; mode %r would write to it." % (_named(self), mode))
        try:
            return open(self.local(), mode, **options)
        except IsADirectoryError:
            raise InputError("Input %s is a folder; take its path with local()." % _named(self)) from None

    def get(self, size=None, offset=0, encoding=None):
        """The bytes, or `size` of them from `offset`; text when an `encoding` is given. Of a folder its path (`pathlib.Path`)."""
        if os.path.isdir(self.local()):
            from pathlib import Path

            return Path(self.local())
        with self.open() as file:
            file.seek(offset)
            data = file.read() if size is None else file.read(size)
        return data.decode(encoding) if encoding else data

    def ls(self):
        """Names in a folder, sorted."""
        try:
            return sorted(os.listdir(self.local()))
        except NotADirectoryError:
            return [os.path.basename(self.local())]

    listdir = ls

    def as_df(self, format="", library="pandas", **options):
        """The table in it, as a pandas frame (`library="polars"` for Polars). `format` is `csv`, `parquet`, `json`...: default from the name."""
        path = self.local()
        name = path if _scheme(self.url) in _remoteSchemes else self.url.split("?")[0]
        for packed in (".gz", ".bz2", ".zip", ".xz", ".zst"):
            name = name[: -len(packed)] if name.lower().endswith(packed) else name
        suffix = (format or os.path.splitext(name)[1] or os.path.splitext(path)[1]).lower().lstrip(".")
        readers = _polarsReaders if library == "polars" else _pandasReaders
        if suffix not in readers:
            raise InputError("Input %s: cannot read %r as a table; give format= one of %s." % (_named(self), suffix, ", ".join(readers)))
        import importlib

        try:
            module = importlib.import_module(library)
        except ModuleNotFoundError:
            raise InputError(
                "Input %s: as_df needs the package %r, which is not installed for %s; add it to the requirements of the run."
                % (_named(self), library, sys.executable)
            ) from None
        reader, defaults = readers[suffix]
        return getattr(module, reader)(path, **{**defaults, **options})

    def _target(self):
        import hashlib

        folder = self._folder
        if folder is None:
            import tempfile

            folder = self._folder = tempfile.mkdtemp(prefix="trainyard-input-")
        os.makedirs(folder, exist_ok=True)
        name = os.path.basename(self.url.split("?")[0].rstrip("/"))[-80:] or "input"
        return os.path.join(folder, "%s-%s" % (hashlib.sha256(self.url.encode("utf-8", "replace")).hexdigest()[:12], name))

    def _fetch(self):
        try:
            target = self._target()
            if os.path.exists(target):
                return target
            part = "%s.%d.part" % (target, os.getpid())
            try:
                if _scheme(self.url) in ("http", "https"):
                    self._fetch_http(part)
                else:
                    self._fetch_by_command(part)
                os.replace(part, target)
            finally:
                if os.path.isdir(part):
                    import shutil

                    shutil.rmtree(part, ignore_errors=True)
                elif os.path.exists(part):
                    os.remove(part)
            return target
        except InputError:
            raise
        except OSError as error:
            raise InputError("Input %s could not be stored: %s." % (_named(self), error.strerror or error)) from error

    def _fetch_http(self, part):
        import shutil
        import urllib.error
        import urllib.request

        try:
            request = urllib.request.Request(self.url, headers={"User-Agent": "trainyard"})
            with urllib.request.urlopen(request, timeout=60) as response, open(part, "wb") as file:
                shutil.copyfileobj(response, file, 1 << 20)
        except urllib.error.HTTPError as error:
            raise InputError("Input %s: the server answered %d %s." % (_named(self), error.code, error.reason)) from None
        except urllib.error.URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            raise InputError("Input %s: the server cannot be reached: %s." % (_named(self), reason)) from None
        except TimeoutError:
            raise InputError("Input %s: the server did not answer within 60 s." % _named(self)) from None
        except ValueError as error:
            raise InputError("Input %s is not a URL that can be read: %s." % (_named(self), error)) from None

    def _fetch_by_command(self, part):
        import json
        import subprocess

        scheme = _scheme(self.url)
        if scheme not in _remoteSchemes:
            raise InputError(
                "Input %s: %s:// is not known; use a path, file://, http(s)://, s3://, gs://, az:// or store://." % (_named(self), scheme)
            )
        try:
            command = json.loads(os.environ[_commandVariable])
        except (KeyError, ValueError):
            raise InputError(
                'Input %s: %s:// is read by the trainyard command; start the script with "trainyard run".' % (_named(self), scheme)
            ) from None
        done = subprocess.run([*command, "get", self.url, part], stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode or not os.path.exists(part):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError("Input %s: %s" % (_named(self), said[-1] if said else "the command failed with code %d." % done.returncode))


_pandasReaders = {
    "csv": ("read_csv", {}),
    "tsv": ("read_csv", {"sep": "\t"}),
    "txt": ("read_csv", {"sep": None, "engine": "python"}),
    "parquet": ("read_parquet", {}),
    "pq": ("read_parquet", {}),
    "json": ("read_json", {}),
    "jsonl": ("read_json", {"lines": True}),
    "ndjson": ("read_json", {"lines": True}),
    "feather": ("read_feather", {}),
    "arrow": ("read_feather", {}),
    "xlsx": ("read_excel", {}),
    "xls": ("read_excel", {}),
    "orc": ("read_orc", {}),
    "h5": ("read_hdf", {}),
    "pkl": ("read_pickle", {}),
}
_polarsReaders = {
    "csv": ("read_csv", {}),
    "tsv": ("read_csv", {"separator": "\t"}),
    "parquet": ("read_parquet", {}),
    "pq": ("read_parquet", {}),
    "json": ("read_json", {}),
    "jsonl": ("read_ndjson", {}),
    "ndjson": ("read_ndjson", {}),
    "feather": ("read_ipc", {}),
    "arrow": ("read_ipc", {}),
    "xlsx": ("read_excel", {}),
}


def _scheme(url):
    head, separator, _ = url.partition("://")
    return head.lower() if separator and head.replace("+", "").replace("-", "").isalnum() else ""


def _own_path(url):
    """The absolute path of what is a file here, None for what has to be fetched."""
    scheme = _scheme(url)
    if scheme == "file":
        from urllib.parse import unquote, urlsplit

        return unquote(urlsplit(url).path)
    return None if scheme else os.path.abspath(os.path.expanduser(url))


def _named(item):
    return '"%s" (%s)' % (item.key, item.url) if item.key != item.url else '"%s"' % item.url
