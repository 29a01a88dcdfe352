"""Run ids."""

import os
import time


def new_run_id():
    """32 lowercase hex digits: a version 7 UUID (RFC 9562) without dashes, so ids sort by creation time."""
    tail = os.urandom(10).hex()
    return "%012x7%s%x%s" % (time.time_ns() // 1000000, tail[:3], int(tail[3], 16) & 3 | 8, tail[4:19])
