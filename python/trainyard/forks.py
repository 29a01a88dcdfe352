"""Processes that the script forks: a signal that asks one to stop must reach it, also in its first moments."""

import os

_masks = {}


def keep_default_sigterm():
    """In processes forked from now on SIGTERM means what it always means, whatever handler this one has.

    A handler of ours that decided by the process id would not do: Python forgets the signals that reach a child before it has set itself
    up, and a pool's worker that misses the one SIGTERM it gets waits for ever. So the signal is held back over the fork.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_reset)


def _hold():
    from _signal import SIG_BLOCK, SIGTERM, pthread_sigmask
    from _thread import get_ident

    _masks[get_ident()] = pthread_sigmask(SIG_BLOCK, {SIGTERM})


def _release():
    from _signal import SIG_SETMASK, pthread_sigmask
    from _thread import get_ident

    pthread_sigmask(SIG_SETMASK, _masks.pop(get_ident(), set()))


def _reset():
    from _signal import SIG_DFL, SIGTERM, signal

    try:
        signal(SIGTERM, SIG_DFL)
    except ValueError:  # forked by a thread on an old Python, which still counts it as no main thread
        return
    finally:
        _release()
